"""Prompt key -> what is said, in each language, from config/prompts/{zh,en}.toml.

A text is literal speech with slots `{name:kind}`; kinds are those of gateway.media.speech. Texts
hold no digits: a number is always a slot, spoken by our own grammar.
Not here: sound (gateway.media.voice) and when a prompt is said (gateway.ivr).
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from gateway.media.speech import SLOT_KINDS, vocabulary
from risk.domain.enums import Language
from risk.domain.errors import ConfigError

FILE_BYTES_MAX: Final = 1 << 20
TEXT_CHARS_MAX: Final = 400
_SLOT: Final = re.compile(r"\{([a-z0-9_]+):([a-z_]+)\}")
_SENTENCE_ENDS: Final = frozenset(".!?;。!?;")
_SPOKEN: Final = re.compile(r"\w")


class Slot(NamedTuple):
    """A place for a value. `kind` is a key of SLOT_KINDS."""

    name: str
    kind: str


Piece = str | Slot


class SpokenPiece(NamedTuple):
    """A text that is one clip: part `place` of a prompt, or a word of values (`prompt` empty)."""

    language: Language
    text: str
    prompt: str = ""
    place: int = 0
    goes_on: bool = False

    @property
    def is_word(self) -> bool:
        """Whether it is a word of numbers, dates and the like."""
        return not self.prompt

    @property
    def key(self) -> str:
        """Name of its recording."""
        return word_key(self.text) if self.is_word else piece_key(self.prompt, self.place)


class PromptBook:
    """All prompts in both languages."""

    def __init__(self, texts: Mapping[Language, Mapping[str, str]]) -> None:
        self._pieces = {
            language: {key: _pieces(text) for key, text in prompts.items()}
            for language, prompts in texts.items()
        }
        self.problems = list(self._look_for_problems(texts))

    def pieces(self, key: str, language: Language) -> list[Piece]:
        """Return the literals and slots of a prompt in order. Raises KeyError."""
        return self._pieces[language][key]

    def has(self, key: str) -> bool:
        """True when every language has the prompt."""
        return all(key in prompts for prompts in self._pieces.values())

    def slots(self, key: str) -> set[Slot]:
        """Return the values a prompt needs. Raises KeyError."""
        return {p for p in self._pieces[Language.ZH][key] if isinstance(p, Slot)}

    def all_keys(self) -> set[str]:
        """Return every key of any language."""
        return {key for prompts in self._pieces.values() for key in prompts}

    def _look_for_problems(
        self, texts: Mapping[Language, Mapping[str, str]]
    ) -> Iterator[ConfigError]:
        for key in sorted(self.all_keys()):
            slots: list[set[Slot]] = []
            for language, prompts in texts.items():
                path = f"prompts.{language.name.lower()}.{key}"
                if key not in prompts:
                    yield ConfigError(path, "is missing: write it in this language too")
                    continue
                slots.append({p for p in self._pieces[language][key] if isinstance(p, Slot)})
                yield from _text_problems(path, prompts[key], self._pieces[language][key])
            if len(slots) == len(texts) and any(s != slots[0] for s in slots):
                yield ConfigError(f"prompts.*.{key}", "must have the same slots in every language")


def load(folder: Path) -> PromptBook:
    """Read `zh.toml` and `en.toml`. Raises ConfigError naming the first problem."""
    book = PromptBook({language: _read(folder, language) for language in Language})
    if book.problems:
        raise book.problems[0]
    return book


def _read(folder: Path, language: Language) -> dict[str, str]:
    path = folder / f"{language.name.lower()}.toml"
    try:
        data = path.read_bytes()
        if len(data) > FILE_BYTES_MAX:
            raise ConfigError(str(path), f"may have {FILE_BYTES_MAX} bytes, was {len(data)}")
        return dict(_flattened(tomllib.loads(data.decode()), "", str(path)))
    except FileNotFoundError as e:
        raise ConfigError(str(path), "does not exist: prompts are needed in zh and en") from e
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        raise ConfigError(str(path), f"is not TOML in UTF-8: {e}") from e


def _flattened(table: Mapping[str, object], prefix: str, path: str) -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        match value:
            case str():
                yield prefix + key, value
            case dict():
                yield from _flattened(value, f"{prefix}{key}.", path)
            case _:
                raise ConfigError(f"{path}:{prefix}{key}", f"must be a text, was {value!r}")


def _pieces(text: str) -> list[Piece]:
    pieces: list[Piece] = []
    at = 0
    for slot in _SLOT.finditer(text):
        pieces += [text[at : slot.start()].strip(), Slot(slot[1], slot[2])]
        at = slot.end()
    return [piece for piece in [*pieces, text[at:].strip()] if piece]


def is_spoken(literal: str) -> bool:
    """True unless the literal is punctuation only, which is heard as a pause."""
    return _SPOKEN.search(literal) is not None


def _text_problems(path: str, text: str, pieces: list[Piece]) -> Iterator[ConfigError]:
    if not pieces or len(text) > TEXT_CHARS_MAX:
        yield ConfigError(path, f"must have 1..{TEXT_CHARS_MAX} characters, was {len(text)}")
    for piece in pieces:
        if isinstance(piece, Slot):
            if piece.kind not in SLOT_KINDS:
                known = ", ".join(sorted(SLOT_KINDS))
                yield ConfigError(path, f"slot kind must be one of {known}, was {piece.kind!r}")
        elif re.search(r"[0-9{}]", piece):
            yield ConfigError(path, f"digits and braces only as {{name:kind}}, was {piece!r}")


def spoken_pieces(book: PromptBook) -> Iterator[SpokenPiece]:
    """Yield all that is said but names of securities: words of values, then prompts by key."""
    for language in Language:
        for word in vocabulary(language):
            yield SpokenPiece(language, word)
        for key in sorted(book.all_keys()):
            for n, piece in enumerate(book.pieces(key, language)):
                if isinstance(piece, str) and is_spoken(piece):
                    goes_on = sentence_goes_on(book.pieces(key, language), n)
                    yield SpokenPiece(language, piece, key, n, goes_on)


def sentence_goes_on(pieces: list[Piece], n: int) -> bool:
    """Whether the sentence goes on after piece `n`, with no mark of its own that tells so."""
    piece, following = pieces[n], pieces[n + 1 : n + 2]
    if not following or (isinstance(piece, str) and not is_spoken(piece[-1])):
        return False
    return isinstance(following[0], Slot) or following[0][0] not in _SENTENCE_ENDS


def piece_key(key: str, n: int) -> str:
    """Name of a recorded piece: its prompt's key, and from the second piece on its place."""
    return key if n == 0 else f"{key}.{n}"


def word_key(word: str) -> str:
    """Name of a recorded word of numbers, dates and the like."""
    return f"word.{word}"
