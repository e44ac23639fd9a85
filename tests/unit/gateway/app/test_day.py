"""The book follows the clock to each trading day, once."""

from datetime import datetime
from pathlib import Path

import pytest
from twisted.internet.defer import Deferred, succeed

from gateway.app.day import DayKeeper
from gateway.refdata.day import commands_of_day
from gateway.refdata.loader import load_rulebook
from risk.domain.commands import Command, ListInstrument, StartDay
from risk.domain.enums import Board
from risk.domain.events import CommandDenied, DayStarted, Event
from risk.domain.ids import CHINA
from risk.domain.instrument import Instrument
from risk.domain.reasons import ReasonCode as R

CONFIG = Path(__file__).parents[4] / "config"
BANK = Instrument("600000", Board.SSE_MAIN, "浦发银行", "SPDB", 100_000)


class _Sequencer:
    """Takes commands; a StartDay moves the day of the book."""

    def __init__(self) -> None:
        self.day = 0
        self.denies = False
        self.commands: list[Command] = []

    def submit(self, command: Command) -> "Deferred[Event]":
        self.commands.append(command)
        if isinstance(command, ListInstrument) and self.denies:
            return succeed(CommandDenied(0, command.request_id, R.PRICE_TOO_LARGE, {}))
        if isinstance(command, StartDay):
            self.day = command.day
        return succeed(DayStarted(0, self.day))


def _ns(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=CHINA).timestamp()) * 1_000_000_000


@pytest.fixture
def sequencer() -> _Sequencer:
    return _Sequencer()


def _check(sequencer: _Sequencer, at: str) -> None:
    keeper = DayKeeper(
        load_rulebook(CONFIG),
        [BANK],
        sequencer,  # type: ignore[arg-type]  # submit is all it needs
        lambda: sequencer.day,
        lambda: _ns(at),
    )
    done = Deferred.fromCoroutine(keeper.check())
    assert done.called


@pytest.mark.parametrize(
    ("at", "day"),
    [
        ("2026-11-20T00:00:01", 20261120),  # a Friday, just begun
        ("2026-11-21T10:00:00", 0),  # a Saturday
        ("2026-10-01T10:00:00", 0),  # a holiday
        ("2031-01-02T10:00:00", 0),  # beyond the calendar
    ],
)
def test_only_a_trading_day_is_started(sequencer: _Sequencer, at: str, day: int) -> None:
    _check(sequencer, at)

    assert sequencer.day == day


def test_the_same_day_is_started_once_and_the_next_one_again(sequencer: _Sequencer) -> None:
    _check(sequencer, "2026-11-19T09:00:00")
    _check(sequencer, "2026-11-19T15:00:00")
    _check(sequencer, "2026-11-20T09:00:00")

    started = [one.day for one in sequencer.commands if isinstance(one, StartDay)]
    assert started == [20261119, 20261120]


def test_a_day_whose_listings_are_not_taken_is_not_started(sequencer: _Sequencer) -> None:
    sequencer.denies = True
    _check(sequencer, "2026-11-20T09:00:00")
    assert sequencer.day == 0

    sequencer.denies = False
    _check(sequencer, "2026-11-20T09:00:05")
    assert sequencer.day == 20261120


def test_listings_come_before_the_day_they_are_for() -> None:
    day = datetime.fromisoformat("2026-11-20").date()

    listed, started = commands_of_day(day, [BANK])

    assert listed == ListInstrument(listed.request_id, *BANK)
    (corrected, _) = commands_of_day(day, [BANK._replace(prev_close_e4=100_100)])
    assert corrected.request_id != listed.request_id, "a corrected file asks something new"
    assert started == StartDay("refdata:20261120:start", 20261120)
