"""The studio's script and the list of what is missing."""

from pathlib import Path

import pytest

from gateway.media.prompts import PromptBook, piece_key, spoken_pieces
from gateway.media.speech import vocabulary
from gateway.media.studio import hints, script, seconds_of
from risk.domain.enums import Language
from tests.builders.voice import a_book

ZH, EN = Language.ZH, Language.EN
BOOK = PromptBook(
    {
        ZH: {"told": "买入{security:name},数量{qty:qty}。", "bye": "再见。"},
        EN: {"told": "Buy {security:name}, {qty:qty}.", "bye": "Goodbye."},
    }
)


def test_every_prompt_and_every_word_has_one_line_per_language() -> None:
    files = [line.file for line in script(a_book(), None)]
    assert len(files) == len(set(files))
    for language in Language:
        folder = language.name.lower()
        assert {f"{folder}/word.{word}.wav" for word in vocabulary(language)} <= set(files)
    spoken = {f"{piece.language.name.lower()}/{piece.key}.wav" for piece in spoken_pieces(a_book())}
    assert set(files) == spoken


def test_a_part_of_a_prompt_is_shown_in_its_place() -> None:
    lines = {line.file: line for line in script(BOOK, None)}
    first, second = lines["zh/told.wav"], lines["zh/told.2.wav"]
    assert (first.read, first.where) == ("买入", "[买入]<security>,数量<qty>。")
    assert (second.read, second.where) == ("数量", "买入<security>[,数量]<qty>。")
    assert second.tone == "open: a value follows"
    assert second.hint == "数量: shù liàng"
    assert lines["en/told.wav"].where == "[Buy] <security> , <qty> ."
    assert "en/told.2.wav" not in lines  # a comma is a pause, not a recording
    assert lines["zh/bye.wav"].tone == "falls: the sentence ends"
    assert lines["zh/word.幺.wav"].hint == "幺: yāo, the 1 of codes"
    assert lines["zh/word.幺.wav"].tone.startswith("even")


def test_what_is_recorded_is_known_by_its_file(tmp_path: Path) -> None:
    (tmp_path / "zh").mkdir()
    (tmp_path / "zh" / "told.2.wav").write_bytes(b"RIFF")
    there = [line.file for line in script(BOOK, tmp_path) if line.is_recorded]
    assert there == [f"zh/{piece_key('told', 2)}.wav"]


@pytest.mark.parametrize(
    ("text", "language", "told"),
    [
        ("请按星号键", ZH, ""),
        ("重新输入", ZH, "重新: chóng xīn"),
        ("then press pound", EN, "pound: the key with #"),
        ("compound", EN, ""),  # whole words only
    ],
)
def test_tricky_words_have_a_reading(text: str, language: Language, told: str) -> None:
    assert hints(text, language) == told


@pytest.mark.parametrize(
    ("text", "language", "seconds"),
    [
        ("零", ZH, 0.31),
        ("委托已放弃。", ZH, 1.15),
        ("买入,请按一", ZH, 1.45),  # the comma is heard
        ("one", EN, 0.46),
        ("PIN", EN, 0.64),  # at most: it may be spelled
    ],
)
def test_the_length_is_estimated_from_the_text(
    text: str, language: Language, seconds: float
) -> None:
    assert seconds_of(text, language) == seconds
