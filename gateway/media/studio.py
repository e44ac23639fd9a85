"""What a recording studio has to speak: the missing recordings, and its script.

Every prompt and every word of numbers, dates and times is a file <zh|en>/<key>.wav; names of
securities are never recorded, the speech engine says them. Not here: whether a recording is good
(gateway.media.studio_check).
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from gateway.media.prompts import PromptBook, Slot, SpokenPiece, spoken_pieces
from risk.domain.enums import Language

_HANZI_S: Final = 0.21
_SYLLABLE_S: Final = 0.18
_MARK_S: Final = 0.3  # a comma or full stop inside a text
_EDGES_S: Final = 0.1
_ENDS: Final = " ,.;:!?,。、;:!?"
_MARK: Final = re.compile(r"[,.;:!?,。、;:!?]+")
_HANZI: Final = re.compile(r"[㐀-鿿]")
_SYLLABLE: Final = re.compile(r"[aeiouyAEIOUY]+")
_LETTERS: Final = re.compile(r"\b[A-Z]{2,}\b")
# Where a speaker may slip: characters of two readings, and words of telephones.
_HINTS: Final = {
    Language.ZH: {
        "银行": "yín háng",
        "行情": "háng qíng",
        "重新": "chóng xīn",
        "重复": "chóng fù",
        "幺": "yāo, the 1 of codes",
        "两": "liǎng",
        "佣金": "yòng jīn",
        "撤": "chè",
        "涨停": "zhǎng tíng",
        "数量": "shù liàng",
        "尚未": "shàng wèi",
        "应为": "yīng wéi",
        "当日": "dàng rì",
        "角": "jiǎo",
        "厘": "lí",
        "差": "chā",
        "调整": "tiáo zhěng",
        "转人工": "zhuǎn rén gōng",
    },
    Language.EN: {
        "pound": "the key with #",
        "star": "the key with *",
        "yuan": "yoo-EN",
        "PIN": "one word: pin",
        "AM": "the letters A M",
        "PM": "the letters P M",
        "SMS": "the letters S M S",
        "oh": "the zero of 9:05",
    },
}


class ScriptLine(NamedTuple):
    """One recording to be made. `file` is its place in the folder of recordings."""

    file: str
    read: str
    where: str  # the whole prompt, with this part in brackets
    tone: str
    hint: str
    seconds: float
    is_recorded: bool


def script(book: PromptBook, recorded: Path | None) -> Iterator[ScriptLine]:
    """Yield a line per recording, words first, then prompts by key; Mandarin, then English."""
    for piece in spoken_pieces(book):
        file = f"{piece.language.name.lower()}/{piece.key}.wav"
        where, tone = _place(book, piece)
        yield ScriptLine(
            file,
            piece.text.strip(_ENDS),
            where,
            tone,
            hints(piece.text, piece.language),
            seconds_of(piece.text, piece.language),
            recorded is not None and (recorded / file).is_file(),
        )


def hints(text: str, language: Language) -> str:
    """Return how the tricky words of a text are read."""
    said = {word: reading for word, reading in _HINTS[language].items() if _holds(text, word)}
    return "; ".join(f"{word}: {reading}" for word, reading in said.items())


def _holds(text: str, word: str) -> bool:
    if word.isascii():
        return re.search(rf"\b{re.escape(word)}\b", text) is not None
    return word in text


def seconds_of(text: str, language: Language) -> float:
    """Return about how long a trained speaker takes."""
    marks = len(_MARK.findall(text.strip(_ENDS)))
    if language is Language.ZH:
        spoken = _HANZI_S * len(_HANZI.findall(text))
    else:
        letters = sum(len(word) for word in _LETTERS.findall(text))
        syllables = len(_SYLLABLE.findall(_LETTERS.sub("", text)))
        spoken = _SYLLABLE_S * (syllables + letters)
    return round(spoken + _MARK_S * marks + _EDGES_S, 2)


def _place(book: PromptBook, piece: SpokenPiece) -> tuple[str, str]:
    """Return the prompt around a piece, and how the voice is to leave it."""
    if piece.is_word:
        return "a word of numbers, dates and times", "even: it stands inside a number"
    parts = book.pieces(piece.prompt, piece.language)
    shown = [
        f"<{part.name}>" if isinstance(part, Slot) else f"[{part}]" if n == piece.place else part
        for n, part in enumerate(parts)
    ]
    gap = "" if piece.language is Language.ZH else " "
    goes_on = piece.goes_on or any(isinstance(part, Slot) for part in parts[piece.place :])
    return gap.join(shown), "open: a value follows" if goes_on else "falls: the sentence ends"
