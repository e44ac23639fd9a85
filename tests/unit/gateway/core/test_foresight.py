"""When the market takes orders, and that nothing is foretold after a failure of the heart."""

from types import SimpleNamespace
from typing import Any

import pytest

from gateway.core.foresight import Foresight, Opening
from gateway.core.ports import AcceptanceStopped
from risk.core.preview import SECURITY_REASONS
from risk.domain.errors import InvariantBroken
from tests.builders.books import moment_ns
from tests.builders.desk import Desk

MONDAY, FRIDAY = 20260706, 20260710


def foresight(now_ns: int, failed: object = None) -> Foresight:
    """Return foresight over a desk's book at a moment."""
    desk = Desk()
    sequencer: Any = SimpleNamespace(failed=failed)
    return Foresight(desk.book, sequencer, desk.rules, lambda: now_ns)


@pytest.mark.parametrize(
    ("day", "hour", "minute", "is_open", "opening"),
    [
        (MONDAY, 8, 0, False, Opening(MONDAY, (9 * 60 + 15) * 60, True)),
        (MONDAY, 9, 20, True, None),
        (MONDAY, 9, 27, False, Opening(MONDAY, (9 * 60 + 30) * 60, True)),
        (MONDAY, 10, 0, True, None),
        (MONDAY, 12, 0, False, Opening(MONDAY, 13 * 3600, True)),
        (MONDAY, 16, 0, False, Opening(20260707, (9 * 60 + 15) * 60, False)),
        (FRIDAY, 16, 0, False, Opening(20260713, (9 * 60 + 15) * 60, False)),  # over a weekend
        (20260930, 16, 0, False, Opening(20261008, (9 * 60 + 15) * 60, False)),  # National Day
    ],
)
def test_the_next_opening_is_told_outside_of_hours(
    day: int, hour: int, minute: int, is_open: bool, opening: Opening | None
) -> None:
    asked = foresight(moment_ns(hour, minute, day=day))
    if day == MONDAY:
        assert asked.is_open() is is_open
    if not is_open:
        assert asked.next_opening() == opening


def test_beyond_the_calendars_no_opening_is_known() -> None:
    assert foresight(moment_ns(10, day=20301231)).next_opening() is None


def test_after_a_failure_of_the_heart_nothing_is_foretold() -> None:
    asked = foresight(moment_ns(10), InvariantBroken("torn"))
    order = Desk().order(1, 100, 100_000)  # type: ignore[arg-type]
    for question in (
        asked.is_open,
        lambda: asked.most_qty(order),
        lambda: asked.first_broken(order, SECURITY_REASONS),
    ):
        with pytest.raises(AcceptanceStopped):
            question()
