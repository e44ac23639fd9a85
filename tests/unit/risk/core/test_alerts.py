"""Price alerts: set, denied, fired once, armed again, gone; also after the price was away."""

from typing import Any

import pytest

from risk.book.account_book import AccountBook
from risk.book.prices import Quote
from risk.book.views import AlertView, alerts_of, take_quote
from risk.checks.moment import HouseLimits
from risk.core.alerts import rearm_level_e4
from risk.core.fold import fold
from risk.domain import commands as c
from risk.domain.enums import AlertKind, Board, Channel
from risk.domain.events import CommandDenied, Event
from risk.domain.reasons import ReasonCode as R
from risk.domain.service_events import AlertFired, AlertRearmed, AlertRemoved, AlertSet
from tests.builders.desk import ACCOUNT, BRANCH, SYMBOL, Desk

ABOVE, BELOW = AlertKind.AT_OR_ABOVE, AlertKind.AT_OR_BELOW


def a_set(threshold_e4: int = 110_000, **fields: Any) -> c.SetAlert:
    """Return a one-shot alert of the desk's account."""
    command = c.SetAlert("set", ACCOUNT, SYMBOL, ABOVE, threshold_e4, Channel.PHONE)
    return command._replace(**fields)


def views(desk: Desk) -> list[AlertView]:
    """Return the alerts of the desk's account."""
    return alerts_of(desk.book, ACCOUNT)


def fire(desk: Desk, last_px_e4: int, alert_no: int = 1, account_no: str = ACCOUNT) -> Event:
    """Let a price reach an alert."""
    return desk.one(c.FireAlert("fire", account_no, alert_no, last_px_e4, 77))


def rearm(desk: Desk, last_px_e4: int) -> Event:
    """Let a price go back."""
    return desk.one(c.RearmAlert("rearm", ACCOUNT, 1, last_px_e4, 78))


def test_a_set_alert_is_listed_with_its_number() -> None:
    desk = Desk()
    event = desk.one(a_set(branch_code=BRANCH, trace_id="call-1"))
    assert event == AlertSet(
        desk.now_ns, "set", 1, ACCOUNT, SYMBOL, ABOVE, 110_000, 0, Channel.PHONE, BRANCH, "call-1"
    )
    desk.one(a_set(90_000, kind=BELOW, is_repeating=True))
    assert views(desk) == [
        AlertView(2, SYMBOL, BELOW, 90_000, True, True, desk.now_ns),
        AlertView(1, SYMBOL, ABOVE, 110_000, True, False, desk.now_ns),
    ]
    assert alerts_of(desk.book, "99999999") == []


@pytest.mark.parametrize(
    ("changed", "reason", "detail"),
    [
        ({"account_no": "99999"}, R.ACCOUNT_UNKNOWN, {}),
        ({"branch_code": "00009"}, R.NOT_YOUR_ACCOUNT, {}),
        ({"symbol": "600001"}, R.SYMBOL_UNKNOWN, {}),
        ({"kind": 0}, R.ALERT_KIND_UNKNOWN, {}),
        ({"kind": 3}, R.ALERT_KIND_UNKNOWN, {}),
        ({"threshold_e4": 0}, R.ALERT_PRICE_NOT_VALID, {}),
        ({"threshold_e4": -1}, R.ALERT_PRICE_NOT_VALID, {}),
        ({"threshold_e4": 10**10 + 1}, R.ALERT_PRICE_NOT_VALID, {}),
        ({"threshold_e4": 2**70}, R.ALERT_PRICE_NOT_VALID, {}),
        ({"threshold_e4": 105_000}, R.ALERT_REACHED, {"last_e4": 105_000}),
        ({"threshold_e4": 104_000}, R.ALERT_REACHED, {"last_e4": 105_000}),
        ({"threshold_e4": 105_000, "kind": BELOW}, R.ALERT_REACHED, {"last_e4": 105_000}),
        ({"threshold_e4": 120_000}, R.ALERT_EXISTS, {}),
    ],
)
def test_an_alert_is_denied_with_its_reason(changed, reason, detail) -> None:
    desk = Desk()
    take_quote(desk.book, SYMBOL, Quote(0, 0, 105_000, 1))
    desk.one(a_set(120_000))
    before = desk.book.fingerprint()
    event = desk.one(a_set(**changed))
    assert event == CommandDenied(desk.now_ns, "set", reason, detail)
    assert desk.book.fingerprint() == before


def test_an_account_has_no_more_alerts_than_the_house_allows() -> None:
    desk = Desk(HouseLimits(alerts_per_account=2))
    desk.take(a_set(110_000), a_set(111_000))
    denied = desk.one(a_set(112_000))
    assert denied == CommandDenied(desk.now_ns, "set", R.ALERT_LIMIT, {"most": 2})
    desk.one(c.RemoveAlert("remove", ACCOUNT, 1, Channel.WEB))
    assert isinstance(desk.one(a_set(112_000)), AlertSet)
    assert [view.alert_no for view in views(desk)] == [3, 2]


def test_an_index_may_be_watched() -> None:
    desk = Desk()
    desk.take(c.ListInstrument("i", "SH000001", Board.SSE_INDEX, "上证指数", "", 30_000_000))
    assert isinstance(desk.one(a_set(32_000_000, symbol="SH000001")), AlertSet)


def test_an_alert_fires_once_and_is_gone() -> None:
    desk = Desk()
    desk.one(a_set())
    event = fire(desk, 113_000)
    assert event == AlertFired(
        desk.now_ns, 1, ACCOUNT, SYMBOL, ABOVE, 110_000, 113_000, 77, is_repeating=False
    )
    assert views(desk) == []
    again = fire(desk, 113_000)
    assert isinstance(again, CommandDenied)
    assert again.reason is R.ALERT_UNKNOWN


@pytest.mark.parametrize(
    ("kind", "last_px_e4", "account_no"),
    [
        (ABOVE, 109_999, ACCOUNT),
        (ABOVE, 0, ACCOUNT),
        (BELOW, 110_001, ACCOUNT),
        (BELOW, 0, ACCOUNT),
        (ABOVE, 110_000, "10002"),
        (ABOVE, 110_000, "99999"),
    ],
)
def test_a_price_short_of_the_level_and_another_account_fire_nothing(
    kind, last_px_e4, account_no
) -> None:
    desk = Desk()
    desk.take(c.OpenAccount("open2", "10002", BRANCH), a_set(kind=kind))
    assert isinstance(fire(desk, last_px_e4, account_no=account_no), CommandDenied)
    assert len(views(desk)) == 1


def test_a_repeating_alert_waits_until_the_price_has_gone_back() -> None:
    desk = Desk()
    desk.one(a_set(is_repeating=True))
    assert isinstance(rearm(desk, 100_000), CommandDenied)  # it is armed
    assert isinstance(fire(desk, 110_000), AlertFired)
    assert [view.is_armed for view in views(desk)] == [False]
    assert isinstance(fire(desk, 120_000), CommandDenied)
    assert isinstance(rearm(desk, 109_451), CommandDenied)  # half a per cent is 0.055
    assert isinstance(rearm(desk, 109_450), AlertRearmed)
    assert [view.is_armed for view in views(desk)] == [True]
    assert isinstance(fire(desk, 110_000), AlertFired)


@pytest.mark.parametrize(
    ("kind", "threshold_e4", "level_e4"),
    [
        (ABOVE, 110_000, 109_450),
        (BELOW, 110_000, 110_550),
        (ABOVE, 2_000, 1_900),  # a fen at least
        (BELOW, 2_000, 2_100),
        (ABOVE, 60, 1),  # never 0, which is no price
    ],
)
def test_the_way_back_is_half_a_per_cent_and_at_least_a_fen(kind, threshold_e4, level_e4) -> None:
    assert rearm_level_e4(kind, threshold_e4) == level_e4


def test_removing_needs_the_own_account_and_door() -> None:
    desk = Desk()
    desk.take(c.OpenAccount("open2", "10002", BRANCH), a_set())
    remove = c.RemoveAlert("remove", ACCOUNT, 1, Channel.WEB, BRANCH, "t")
    for wrong, reason in (
        (remove._replace(account_no="10002"), R.ALERT_UNKNOWN),
        (remove._replace(account_no="99999"), R.ACCOUNT_UNKNOWN),
        (remove._replace(branch_code="00009"), R.NOT_YOUR_ACCOUNT),
        (remove._replace(alert_no=2), R.ALERT_UNKNOWN),
        (remove._replace(alert_no=0), R.ALERT_UNKNOWN),
        (remove._replace(alert_no=-(2**70)), R.ALERT_UNKNOWN),
    ):
        assert desk.one(wrong) == CommandDenied(desk.now_ns, "remove", reason, {})
    removed = desk.one(remove)
    assert removed == AlertRemoved(
        *(desk.now_ns, "remove", 1, ACCOUNT, SYMBOL, ABOVE, 110_000, Channel.WEB, BRANCH, "t")
    )
    assert views(desk) == []


def test_rows_are_used_again_and_replay_comes_to_the_same_book() -> None:
    desk = Desk()
    for threshold_e4 in (110_000, 111_000, 112_000):
        desk.one(a_set(threshold_e4, is_repeating=threshold_e4 == 112_000))
    fire(desk, 112_000, alert_no=2)
    fire(desk, 112_000, alert_no=3)
    desk.one(a_set(113_000))
    assert desk.book.alerts.count == 4  # row 0 and three

    for book in (AccountBook(), AccountBook.from_image(desk.book.image())):
        if not book.day:
            fold(book, desk.events)
        assert book.fingerprint() == desk.book.fingerprint()
        assert book.alerts.watchlist.watches() == desk.book.alerts.watchlist.watches()
        assert alerts_of(book, ACCOUNT) == views(desk)
