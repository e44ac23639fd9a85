"""Respellings for speech engines."""

from pathlib import Path

import pytest

from gateway.media.lexicon import Lexicon, load
from risk.domain.enums import Language
from risk.domain.errors import ConfigError
from tests.builders.voice import PROMPTS

ZH, EN = Language.ZH, Language.EN


@pytest.mark.parametrize(
    ("text", "language", "said"),
    [
        ("重庆啤酒", ZH, "崇庆啤酒"),
        ("重庆", ZH, "虫庆"),
        ("买入重庆啤酒,代码", ZH, "买入崇庆啤酒,代码"),
        ("ICBC", EN, "I C B C"),
        ("ICBC, ICBC", EN, "I C B C, I C B C"),
        ("icbc", EN, "icbc"),  # another word: AM is not am
        ("ICBCX", EN, "ICBCX"),  # whole words only
        ("重庆 ICBC", EN, "重庆 I C B C"),  # a language has entries of its own
        ("", ZH, ""),
    ],
)
def test_what_an_engine_misreads_is_respelt(text: str, language: Language, said: str) -> None:
    lexicon = Lexicon({ZH: {"重庆": "虫庆", "重庆啤酒": "崇庆啤酒"}, EN: {"ICBC": "I C B C"}})
    assert lexicon.respell(text, language) == said


def test_a_respelling_is_not_respelt_again() -> None:
    assert Lexicon({EN: {"one": "two", "two": "three"}}).respell("one two", EN) == "two three"


def test_without_a_file_nothing_is_respelt(tmp_path: Path) -> None:
    assert load(tmp_path).respell("重庆", ZH) == "重庆"


def test_a_file_is_read_by_language(tmp_path: Path) -> None:
    (tmp_path / "lexicon.toml").write_text('[zh]\n"重庆" = "崇庆"\n', encoding="utf-8")
    assert load(tmp_path).respell("重庆", ZH) == "崇庆"
    assert load(tmp_path).respell("重庆", EN) == "重庆"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"[zh\n", "is not TOML in UTF-8"),
        (b'[zh]\na = "\xff"', "is not TOML in UTF-8"),
        (b"[fr]\n", "lexicon.toml:fr: must be a table of"),
        (b"zh = 3", "lexicon.toml:zh: must be a table of texts, was 3"),
        (b"[zh]\na = 3", "lexicon.toml:zh.a: both sides need 1..100 characters, was 3"),
        (b'[zh]\na = ""', "lexicon.toml:zh.a: both sides need 1..100 characters, was ''"),
        (b'[zh]\n"" = "a"', "both sides need 1..100 characters"),
        (b"#" * (1 << 20) + b"\n", "may have 1048576 bytes"),
    ],
)
def test_what_is_wrong_in_the_file_is_named(tmp_path: Path, content: bytes, problem: str) -> None:
    (tmp_path / "lexicon.toml").write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load(tmp_path)
    assert problem in str(caught.value)


def test_the_lexicon_of_the_product_can_be_read() -> None:
    load(PROMPTS)
