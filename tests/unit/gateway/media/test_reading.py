"""Whether eSpeak NG reads the product's Mandarin right: its syllables against pypinyin's.

Both are dictionaries of characters with several readings (银行, 重复, 涨停), made by different
people. What pypinyin has is spoken by the same library's pinyin voice, so that phonemes compare.
"""

import ctypes
import re

import pytest
from pypinyin import Style, lazy_pinyin

from gateway.media import lexicon, speech
from gateway.media.espeak_process import Espeak
from gateway.media.prompts import spoken_pieces
from risk.domain.enums import Language
from tests.builders.voice import PROMPTS, a_book

_UTF8, _MNEMONICS = 1, 0
_TONE = re.compile("11|214|35|51|55")
_NEUTRAL = "11"
_CHANGE_BEFORE_OTHERS = frozenset("一不")  # only the engine knows the tone they take there
# Where the dictionaries differ and the engine is right: 载入 zai3, 视为 wei2, 老白干 gan1.
ENGINE_IS_RIGHT = {("载", "214"), ("为", "35"), ("干", "55")}


class Reader:
    """What the library would say, as phonemes."""

    def __init__(self) -> None:
        self._library = Espeak()._library
        self._library.espeak_TextToPhonemes.restype = ctypes.c_char_p

    def phonemes(self, voice: str, text: str) -> str:
        assert self._library.espeak_SetVoiceByName(voice.encode()) == 0
        data = ctypes.create_string_buffer(text.encode())
        at = ctypes.c_void_p(ctypes.addressof(data))
        said = ""
        while at.value:
            part = self._library.espeak_TextToPhonemes(ctypes.byref(at), _UTF8, _MNEMONICS)
            said += (part or b"").decode()
        return re.sub(r"[ˈ'ˌ, |_:;\-%=\s]", "", said)

    def wrong(self, text: str, respelt: str) -> list[str]:
        """Return what the engine reads otherwise than pypinyin reads the text."""
        hanzi = [c for c in text if "㐀" <= c <= "鿿"]
        engine = self.phonemes("cmn", " ".join(re.findall("[㐀-鿿]+", respelt)))
        written = " ".join(re.findall("[㐀-鿿]+", text))
        pinyin = lazy_pinyin(written, style=Style.TONE3, neutral_tone_with_five=True)
        other = self.phonemes("cmn-latn-pinyin", " ".join(pinyin))
        if _TONE.sub("#", engine) != _TONE.sub("#", other):
            return [f"{text}: {engine} but pypinyin {' '.join(pinyin)}"]
        return [
            f"{text}: {c} has tone {ours}, pypinyin {theirs}"
            for c, ours, theirs in zip(
                hanzi, _TONE.findall(engine), _TONE.findall(other), strict=True
            )
            if ours != theirs
            and _NEUTRAL not in (ours, theirs)
            and c not in _CHANGE_BEFORE_OTHERS
            and (c, ours) not in ENGINE_IS_RIGHT
        ]


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


def test_every_mandarin_prompt_is_read_as_written(reader: Reader) -> None:
    respell = lexicon.load(PROMPTS).respell
    texts = {piece.text for piece in spoken_pieces(a_book()) if piece.language is Language.ZH}
    assert [line for text in texts for line in reader.wrong(text, respell(text, Language.ZH))] == []


NAMES = (
    *(
        "浦发银行",
        "长江电力",
        "长春高新",
        "重庆啤酒",
        "中国重工",
        "行动教育",
        "东阿阿胶",
        "佛山照明",
    ),
    *(
        "厦门钨业",
        "歌尔股份",
        "美的集团",
        "亿纬锂能",
        "曲江文旅",
        "盛达资源",
        "燕京啤酒",
        "乐普医疗",
    ),
    *("拓普集团", "片仔癀", "东方雨虹", "冠豪高新", "老白干酒", "南银转债", "创业板指", "深证成指"),
)


@pytest.mark.parametrize("name", NAMES)
def test_names_of_several_readings_are_read_right(reader: Reader, name: str) -> None:
    word = speech.words(speech.Name(name), Language.ZH)[0]
    assert reader.wrong(word, lexicon.load(PROMPTS).respell(word, Language.ZH)) == []


def test_a_misreading_is_seen(reader: Reader) -> None:
    assert reader.wrong("拓普", "拓普") != []
    assert reader.wrong("银行", "银形") != []
    assert reader.wrong("买卖", "买埋") != []
