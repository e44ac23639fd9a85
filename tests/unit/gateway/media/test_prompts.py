"""Prompt texts: slots, both languages, and what is wrong with them."""

from pathlib import Path

import pytest

from gateway.media.prompts import PromptBook, Slot, is_spoken, load
from risk.domain.enums import Language
from risk.domain.errors import ConfigError
from tests.builders.voice import PROMPTS


def a_book(zh: str, en: str) -> PromptBook:
    return PromptBook({Language.ZH: {"a.b": zh}, Language.EN: {"a.b": en}})


def test_a_text_is_cut_at_its_slots() -> None:
    book = a_book("买入{symbol:code},价格{price:price}。", "{price:price} for {symbol:code}")
    assert book.problems == []
    assert book.pieces("a.b", Language.ZH) == [
        "买入",
        Slot("symbol", "code"),
        ",价格",
        Slot("price", "price"),
        "。",
    ]
    assert book.slots("a.b") == {Slot("symbol", "code"), Slot("price", "price")}
    assert is_spoken(",价格")
    assert not is_spoken("。")


@pytest.mark.parametrize(
    ("zh", "en", "problem"),
    [
        ("按1", "press one", "prompts.zh.a.b: digits and braces only"),
        ("你好", "press 2", "prompts.en.a.b: digits and braces only"),
        ("你好{x:float}", "hello {x:float}", "slot kind must be one of"),
        ("你好{x:code}", "hello", "must have the same slots"),
        ("你好{x}", "hello", "digits and braces only"),
        ("", "hello", "must have 1..400 characters, was 0"),
        ("好" * 401, "hello", "must have 1..400 characters, was 401"),
    ],
)
def test_a_wrong_text_is_named(zh: str, en: str, problem: str) -> None:
    assert problem in "\n".join(map(str, a_book(zh, en).problems))


def test_a_prompt_missing_in_one_language_is_named() -> None:
    book = PromptBook({Language.ZH: {"a": "你好"}, Language.EN: {}})
    assert [str(p) for p in book.problems] == [
        "prompts.en.a: is missing: write it in this language too"
    ]
    assert not book.has("a")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"[a\n", "is not TOML"),
        (b'a = "\xff"', "is not TOML in UTF-8"),
        (b"a = 3", "must be a text, was 3"),
        (b"#" * (1 << 20) + b"\n", "may have 1048576 bytes"),
    ],
)
def test_an_unreadable_file_is_named(tmp_path: Path, content: bytes, problem: str) -> None:
    (tmp_path / "zh.toml").write_bytes(content)
    with pytest.raises(ConfigError, match=problem) as caught:
        load(tmp_path)
    assert "zh.toml" in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"zh\.toml: does not exist"):
        load(tmp_path)


def test_the_prompts_of_the_product_have_no_problem() -> None:
    assert load(PROMPTS).problems == []
