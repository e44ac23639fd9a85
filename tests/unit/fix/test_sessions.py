"""What a session opens with: the name of its numbering and its two numbers."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from twisted.internet.defer import Deferred

from fix.numbers import RESERVE, OutgoingNumbers
from fix.sessions import FixSession
from fix.settings import FixSettings
from risk.domain.ids import CHINA

OPENED: list[FixSession] = []


@pytest.fixture(autouse=True)
def _let_go() -> Iterator[None]:
    """QuickFIX knows one session of a name per process."""
    yield
    while OPENED:
        OPENED.pop().abandon()


def opened(folder: Path, at: datetime, last: dict[str, int] | None = None) -> FixSession:
    numbers = OutgoingNumbers(folder / "n", lambda write: Deferred())
    session = FixSession(
        FixSettings(), "UNIT", "", numbers, last or {}, lambda: int(at.timestamp()) * 10**9
    )
    session.open()
    OPENED.append(session)
    return session


def china(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=CHINA)


@pytest.mark.parametrize(
    ("at", "name"),
    [
        (china(23, 5), "UNIT-VENUE/20261123"),
        (china(23, 23, 59), "UNIT-VENUE/20261123"),
        (china(24, 4, 58), "UNIT-VENUE/20261123"),
        (china(24, 5), "UNIT-VENUE/20261124"),
    ],
)
def test_a_numbering_is_named_after_the_day_its_session_began(
    tmp_path: Path, at: datetime, name: str
) -> None:
    assert opened(tmp_path, at).fix_session == name


def test_a_first_start_expects_and_sends_number_one(tmp_path: Path) -> None:
    session = opened(tmp_path, china(23, 10))
    assert (session.next_number, session.expected_number) == (1, 1)


def test_a_restart_expects_what_follows_the_last_durable_message(tmp_path: Path) -> None:
    opened(tmp_path, china(23, 10)).abandon()
    session = opened(tmp_path, china(23, 11), {"UNIT-VENUE/20261123": 41, "other": 99})
    assert (session.next_number, session.expected_number) == (1 + RESERVE, 42)


def test_the_numbers_of_yesterday_do_not_count(tmp_path: Path) -> None:
    opened(tmp_path, china(23, 10)).abandon()
    session = opened(tmp_path, china(24, 10), {"UNIT-VENUE/20261123": 41})
    assert (session.next_number, session.expected_number) == (1, 1)


def test_a_clean_close_wastes_no_numbers(tmp_path: Path) -> None:
    opened(tmp_path, china(23, 10)).close()
    assert opened(tmp_path, china(23, 11)).next_number == 1
