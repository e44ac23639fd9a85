from datetime import date

import numpy as np
import pytest

from risk.domain.enums import Board, Phase
from risk.market.phases import is_call, may_cancel, may_enter, phases_at
from tests.builders.rulebooks import rules_of

DAY = date(2026, 7, 6)


def second(text: str) -> int:
    hours, minutes, seconds = text.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds)


@pytest.mark.parametrize(
    ("at", "phase"),
    [
        ("00:00:00", Phase.CLOSED),
        ("09:14:59", Phase.CLOSED),
        ("09:15:00", Phase.OPENING_CALL),
        ("09:19:59", Phase.OPENING_CALL),
        ("09:20:00", Phase.OPENING_CALL_NO_CANCEL),
        ("09:25:00", Phase.PRE_CONTINUOUS),
        ("09:30:00", Phase.CONTINUOUS),
        ("11:29:59", Phase.CONTINUOUS),
        ("11:30:00", Phase.LUNCH),
        ("13:00:00", Phase.CONTINUOUS),
        ("14:56:59", Phase.CONTINUOUS),
        ("14:57:00", Phase.CLOSING_CALL),
        ("15:00:00", Phase.CLOSED),
        ("23:59:59", Phase.CLOSED),
    ],
)
def test_a_stock_goes_through_the_phases_of_the_day(at, phase):
    for board in (Board.SSE_MAIN, Board.SZSE_CHINEXT, Board.BSE_STOCK):
        assert phases_at(rules_of(DAY), second(at))[board] == phase


def test_shanghai_funds_have_a_closing_call_since_july_2026():
    at = second("14:58:00")

    before, since = (phases_at(rules_of(date(2026, 7, day)), at) for day in (3, 6))
    assert (before[Board.SSE_FUND], before[Board.SZSE_FUND]) == (
        Phase.CONTINUOUS,
        Phase.CLOSING_CALL,
    )
    assert since[Board.SSE_FUND] == Phase.CLOSING_CALL


@pytest.mark.parametrize("day", [date(2026, 7, 5), date(2026, 10, 1), date(2026, 2, 28)])
def test_a_day_without_trading_is_closed_all_day(day):
    for hour in range(24):
        assert set(phases_at(rules_of(day), hour * 3600)) == {Phase.CLOSED}


def test_what_is_no_board_is_closed_all_day():
    assert all(phases_at(rules_of(DAY), at)[0] == Phase.CLOSED for at in range(0, 86_400, 600))


def test_orders_enter_in_auctions_and_continuous_trading_only():
    phases = np.array(list(Phase))

    assert [Phase(p) for p in phases[may_enter(phases)]] == [
        Phase.OPENING_CALL,
        Phase.OPENING_CALL_NO_CANCEL,
        Phase.CONTINUOUS,
        Phase.CLOSING_CALL,
    ]
    assert [Phase(p) for p in phases[may_cancel(phases)]] == [Phase.OPENING_CALL, Phase.CONTINUOUS]
    assert [Phase(p) for p in phases[is_call(phases)]] == [
        Phase.OPENING_CALL,
        Phase.OPENING_CALL_NO_CANCEL,
        Phase.CLOSING_CALL,
    ]
