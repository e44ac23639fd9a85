"""Outgoing numbers reserved on disk: never used twice, whatever happens to the process."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from fix.numbers import CALL_AGAIN, MARGIN, RESERVE, NumbersUnwritable, OutgoingNumbers

DAY = 20261123


class Later:
    """Keeps what should be written until the test lets it happen."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Callable[[], None], Deferred[None]]] = []

    def __call__(self, write: Callable[[], None]) -> "Deferred[None]":
        done: Deferred[None] = Deferred()
        self.waiting.append((write, done))
        return done

    def happen(self) -> None:
        write, done = self.waiting.pop(0)
        write()
        done.callback(None)

    def fail(self) -> None:
        self.waiting.pop(0)[1].errback(OSError(28, "No space left on device"))


def at(path: Path, later: Any = None) -> OutgoingNumbers:
    return OutgoingNumbers(path / "fix" / "HOTLINE.numbers", later or Later())


def test_the_first_number_ever_is_one(tmp_path: Path) -> None:
    numbers = at(tmp_path)
    assert numbers.begin(DAY) == 1
    assert numbers.fix_session("HOTLINE-VENUE") == "HOTLINE-VENUE/20261123"


def test_after_a_crash_numbering_goes_on_beyond_everything_reserved(tmp_path: Path) -> None:
    at(tmp_path).begin(DAY)
    assert at(tmp_path).begin(DAY) == 1 + RESERVE


def test_after_a_clean_stop_numbering_goes_on_where_it_was(tmp_path: Path) -> None:
    numbers = at(tmp_path)
    numbers.begin(DAY)
    numbers.give_back(57)
    assert at(tmp_path).begin(DAY) == 57


def test_a_new_day_begins_at_one(tmp_path: Path) -> None:
    at(tmp_path).begin(DAY)
    numbers = at(tmp_path)
    assert numbers.begin(DAY + 1) == 1
    assert numbers.fix_session("S") == "S/20261124"


def test_a_reset_begins_a_new_numbering_of_the_same_day(tmp_path: Path) -> None:
    numbers = at(tmp_path)
    numbers.begin(DAY)
    numbers.restart()
    assert numbers.fix_session("S") == "S/20261123.1"
    again = at(tmp_path)
    assert again.begin(DAY) == 1 + RESERVE
    assert again.fix_session("S") == "S/20261123.1"


def test_the_next_block_is_reserved_early_and_elsewhere(tmp_path: Path) -> None:
    later = Later()
    numbers = at(tmp_path, later)
    numbers.begin(DAY)
    last_quiet = 1 + RESERVE - MARGIN - 1
    assert numbers.cover(last_quiet) == last_quiet + 1
    assert later.waiting == []
    assert numbers.cover(last_quiet + 1) == last_quiet + 1 + CALL_AGAIN
    numbers.cover(last_quiet + 2)
    assert len(later.waiting) == 1
    assert at(tmp_path).begin(DAY) == 1 + RESERVE
    later.happen()
    assert numbers.cover(last_quiet + 3) == last_quiet + 1 + RESERVE - MARGIN


def test_no_number_is_used_before_it_is_on_disk(tmp_path: Path) -> None:
    numbers = at(tmp_path)
    numbers.begin(DAY)
    numbers.cover(MARGIN + 2)  # the write elsewhere never happens
    numbers.cover(1 + RESERVE)
    assert at(tmp_path).begin(DAY) == 1 + 2 * RESERVE


def test_a_write_that_failed_elsewhere_is_tried_again(tmp_path: Path) -> None:
    later = Later()
    numbers = at(tmp_path, later)
    numbers.begin(DAY)
    numbers.cover(MARGIN + 2)
    later.fail()
    numbers.cover(MARGIN + 3)
    assert len(later.waiting) == 1


def test_a_late_write_of_the_old_day_does_not_hide_the_new_one(tmp_path: Path) -> None:
    later = Later()
    numbers = at(tmp_path, later)
    numbers.begin(DAY)
    numbers.cover(MARGIN + 2)
    numbers.begin(DAY + 1)
    later.happen()
    assert at(tmp_path).begin(DAY + 1) == 1 + RESERVE


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00" * 50,
        b"[]",
        b'{"day": 20261123}',
        b'{"day": 20261123, "reset_count": 0, "reserved": -5}',
        b'{"day": 20261123, "reset_count": 0, "reserved": "5"}',
        b'{"day": 20261123, "reset_count": 0, "reserved": 5, "x": 1}',
        b"9" * 5_000,
    ],
)
def test_a_spoilt_file_is_as_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "fix").mkdir()
    (tmp_path / "fix" / "HOTLINE.numbers").write_bytes(content)
    assert at(tmp_path).begin(DAY) == 1


def test_a_folder_that_cannot_be_written_stops_the_numbering(tmp_path: Path) -> None:
    numbers = at(tmp_path)
    (tmp_path / "fix" / "HOTLINE.numbers.new").mkdir()
    with pytest.raises(NumbersUnwritable, match="free space or rights"):
        numbers.begin(DAY)
