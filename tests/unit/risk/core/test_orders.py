"""Submitted orders and cancel requests: what is accepted, what is denied and with which figures."""

from itertools import permutations

import pytest

from risk.book.account_book import AccountBook
from risk.book.prices import Quote
from risk.book.views import take_quote
from risk.checks.moment import HouseLimits
from risk.checks.rulesets import CHECKS, PACE_BRANCH_BIT
from risk.core.step import step
from risk.domain import commands as c
from risk.domain.enums import Board, Channel, ExecType, KillScope, OrdType, Side
from risk.domain.events import CancelDenied, CancelRequested, OrderAccepted, OrderDenied
from risk.domain.ids import NS
from risk.domain.reasons import REASONS, ReasonCode
from tests.builders.books import moment_ns
from tests.builders.desk import ACCOUNT, BRANCH, SYMBOL, Desk

R = ReasonCode
BUY, SELL = Side.BUY, Side.SELL


OPENED = (
    c.OpenAccount("open", ACCOUNT, BRANCH),
    c.ListInstrument("list", SYMBOL, Board.SSE_MAIN, "浦发银行", "SPDB", 100_000),
    c.MoveCash("cash", ACCOUNT, 10_000_000_000),
)


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """Return the desk with a market around 10.00."""
    assert take_quote(desk.book, SYMBOL, Quote(99_900, 100_000, 100_000, 0))
    return desk


def denied(desk: Desk, command: c.SubmitOrder) -> OrderDenied:
    """Step an order that is denied; nothing may change."""
    before = desk.book.fingerprint()
    event = desk.one(command)
    assert isinstance(event, OrderDenied), event
    assert desk.book.fingerprint() == before
    text = REASONS[event.reason]
    assert text.en.format_map(event.detail)
    assert text.zh.format_map(event.detail)
    return event


def test_an_accepted_buy_freezes_its_notional_and_highest_fees(desk: Desk) -> None:
    event = desk.one(desk.order(BUY, 1_000, 100_000, trace_id="call-1", branch_code=BRANCH))
    assert isinstance(event, OrderAccepted)
    assert (event.cl_ord_id, event.order_no) == ("260706000001", 1)
    assert event.reserved_e4 == 100_000_000 + 50_000 + 1_000  # 5.00 commission, 0.10 transfer fee
    assert desk.cash.frozen_e4 == event.reserved_e4
    assert event.rules_version.startswith("2026")


def test_an_accepted_sell_freezes_its_shares(desk: Desk) -> None:
    desk.sell(300)
    assert (desk.position.sellable_qty, desk.position.frozen_qty) == (700, 300)
    assert desk.cash.frozen_e4 == 0


@pytest.mark.parametrize(
    ("order", "reason", "detail"),
    [
        ({"side": 3}, R.SIDE_UNKNOWN, {}),
        ({"side": -1}, R.SIDE_UNKNOWN, {}),
        ({"side": 2**70}, R.SIDE_UNKNOWN, {}),
        ({"ord_type": OrdType.MARKET}, R.ORD_TYPE_NOT_ALLOWED, {}),
        ({"time_in_force": 1}, R.TIME_IN_FORCE_NOT_ALLOWED, {}),
        ({"qty": 0}, R.QTY_NOT_POSITIVE, {}),
        ({"qty": 2**70}, R.QTY_TOO_LARGE, {}),
        ({"price_e4": -1}, R.PRICE_NOT_POSITIVE, {}),
        ({"price_e4": 2**70}, R.PRICE_TOO_LARGE, {}),
        ({"account_no": "99999"}, R.ACCOUNT_UNKNOWN, {}),
        ({"branch_code": "00002"}, R.NOT_YOUR_ACCOUNT, {}),
        ({"symbol": "000000"}, R.SYMBOL_UNKNOWN, {}),
        ({"price_e4": 100_050}, R.OFF_TICK, {"tick_e4": 100}),
        ({"price_e4": 110_100}, R.ABOVE_LIMIT_UP, {"limit_up_e4": 110_000}),
        ({"price_e4": 89_900}, R.BELOW_LIMIT_DOWN, {"limit_down_e4": 90_000}),
        ({"price_e4": 102_100}, R.OUTSIDE_PRICE_CAGE, {"cage_e4": 102_000}),
        ({"qty": 1_000_100}, R.ABOVE_MAX_QTY, {"max_qty": 1_000_000}),
        ({"qty": 150}, R.OFF_LOT, {"lot": 100}),
        (
            {"qty": 200_000},
            R.BUYING_POWER,
            {"need_e4": 20_005_200_000, "free_e4": 10_000_000_000},
        ),
        ({"side": SELL, "qty": 1_100}, R.SELLABLE_QTY, {"sellable_qty": 1_000}),
    ],
)
def test_a_denied_order_tells_its_reason_and_figures(
    desk: Desk, order: dict[str, int], reason: ReasonCode, detail: dict[str, int]
) -> None:
    given = {"side": BUY, "qty": 1_000, "price_e4": 100_000} | order
    event = denied(desk, desk.order(**given))
    assert (event.reason, event.detail) == (reason, detail)
    assert event.broken >> [check.reason for check in CHECKS].index(reason) & 1


def test_every_broken_rule_is_recorded_and_the_first_is_told(desk: Desk) -> None:
    event = denied(desk, desk.order(BUY, 999_950, 110_150))
    broken = {check.reason for i, check in enumerate(CHECKS) if event.broken >> i & 1}
    assert event.reason == R.OFF_TICK
    assert broken == {
        R.OFF_TICK,
        R.ABOVE_LIMIT_UP,
        R.OUTSIDE_PRICE_CAGE,
        R.OFF_LOT,
        R.BUYING_POWER,
    }


def test_what_is_no_order_is_asked_nothing_else(desk: Desk) -> None:
    event = denied(desk, desk.order(BUY, -150, 110_150, symbol="000000"))
    broken = {check.reason for i, check in enumerate(CHECKS) if event.broken >> i & 1}
    assert broken == {R.QTY_NOT_POSITIVE, R.SYMBOL_UNKNOWN}


def test_an_odd_lot_is_sold_whole(desk: Desk) -> None:
    desk.take(c.MoveShares("odd", ACCOUNT, SYMBOL, 99))
    event = denied(desk, desk.order(SELL, 50, 100_000))
    assert (event.reason, event.detail) == (R.ODD_LOT_SPLIT, {"odd_qty": 99})
    desk.sell(199)


def test_star_has_a_least_quantity(desk: Desk) -> None:
    desk.take(c.ListInstrument("star", "688001", Board.SSE_STAR, "", "", 100_000))
    event = denied(desk, desk.order(BUY, 150, 100_000, symbol="688001"))
    assert (event.reason, event.detail) == (R.BELOW_MIN_QTY, {"min_qty": 200})


@pytest.mark.parametrize(
    ("scope", "key", "reason"),
    [
        (KillScope.FIRM, "", R.KILL_SWITCH_FIRM),
        (KillScope.BRANCH, BRANCH, R.KILL_SWITCH_BRANCH),
        (KillScope.ACCOUNT, ACCOUNT, R.KILL_SWITCH_ACCOUNT),
        (KillScope.INSTRUMENT, SYMBOL, R.KILL_SWITCH_INSTRUMENT),
    ],
)
def test_a_kill_switch_stops_orders_but_not_cancels(
    desk: Desk, scope: KillScope, key: str, reason: ReasonCode
) -> None:
    order = desk.buy()
    desk.take(c.SetKillSwitch("on", scope, key, True, "ops", "test"))
    assert denied(desk, desk.order(BUY, 100, 100_000)).reason == reason
    assert isinstance(desk.cancel(order), CancelRequested)
    desk.take(c.SetKillSwitch("off", scope, key, False, "ops", "test"))
    desk.buy(100)


def test_a_halted_instrument_takes_no_orders(desk: Desk) -> None:
    listing = c.ListInstrument("halt", SYMBOL, Board.SSE_MAIN, "", "", 100_000, is_halted=True)
    desk.take(listing)
    assert denied(desk, desk.order(BUY, 100, 100_000)).reason == R.INSTRUMENT_HALTED


@pytest.mark.parametrize(
    ("hour", "minute", "is_open"),
    [(9, 14, False), (9, 15, True), (9, 27, False), (12, 0, False), (14, 58, True), (15, 0, False)],
)
def test_orders_are_taken_in_the_phases_of_the_venue(
    desk: Desk, hour: int, minute: int, is_open: bool
) -> None:
    desk.now_ns = moment_ns(hour, minute)
    event = desk.one(desk.order(BUY, 100, 100_000))
    assert isinstance(event, OrderAccepted if is_open else OrderDenied)


def test_the_cage_holds_in_continuous_trading_only(desk: Desk) -> None:
    desk.now_ns = moment_ns(9, 16)
    assert isinstance(desk.one(desk.order(BUY, 100, 109_000)), OrderAccepted)


@pytest.mark.parametrize(
    ("day", "reason"),
    [
        (20260705, R.MARKET_CLOSED),  # a Sunday: there is no day to start
        (20260707, R.DAY_NOT_STARTED),
        (20990706, R.DAY_NOT_STARTED),  # beyond the rulebook: nobody knows
    ],
)
def test_a_day_that_was_not_started_takes_no_orders(desk: Desk, day: int, reason: R) -> None:
    desk.now_ns = moment_ns(10, day=day)
    assert denied(desk, desk.order(BUY, 100, 100_000)).reason == reason


def test_a_new_book_calls_a_sunday_closed(desk: Desk) -> None:
    book, now_ns = AccountBook(), moment_ns(10, day=20260705)
    step(book, desk.rules, OPENED, now_ns)
    ((event,),) = step(book, desk.rules, [desk.order(BUY, 100, 100_000)], now_ns)
    assert isinstance(event, OrderDenied)
    assert event.reason == R.MARKET_CLOSED


def test_a_day_without_rules_takes_no_orders(desk: Desk) -> None:
    desk.take(c.StartDay("far", 20991231))
    desk.now_ns = moment_ns(10, day=20991231)
    assert denied(desk, desk.order(BUY, 100, 100_000)).reason == R.NO_RULES_FOR_DAY


def test_an_account_does_not_trade_with_itself(desk: Desk) -> None:
    order = desk.sell(500, 100_000)
    assert denied(desk, desk.order(BUY, 100, 100_000)).reason == R.OWN_ORDER_CROSSING
    desk.buy(100, 99_900)
    assert denied(desk, desk.order(SELL, 100, 99_900)).reason == R.OWN_ORDER_CROSSING
    desk.report(order, ExecType.CANCELED)
    desk.buy(100, 100_000)


def test_crossing_looks_at_the_best_of_what_is_left(desk: Desk) -> None:
    lowest, middle = desk.sell(100, 100_000), desk.sell(100, 100_100)
    desk.sell(100, 100_200)
    desk.report(lowest, ExecType.CANCELED)
    assert denied(desk, desk.order(BUY, 100, 100_100)).reason == R.OWN_ORDER_CROSSING
    desk.report(middle, ExecType.CANCELED)
    desk.buy(100, 100_100)


def test_live_orders_end_in_any_order() -> None:
    for ended in permutations((0, 1, 2, 3)):
        desk = Desk()
        prices = (99_800, 99_900, 99_900, 99_700)
        orders = [desk.buy(100 + 100 * i, price_e4) for i, price_e4 in enumerate(prices)]
        for i in ended:
            desk.report(orders[i], ExecType.CANCELED)  # the desk compares lists and best prices


def test_the_same_order_twice_is_denied_until_the_window_is_over(desk: Desk) -> None:
    desk.buy(100)
    desk.now_ns += NS // 2
    event = denied(desk, desk.order(BUY, 100, 100_000))
    assert (event.reason, event.detail) == (R.DUPLICATE_ORDER, {"wait_s": 3})
    desk.buy(200)
    desk.now_ns += 5 * NS // 2
    desk.buy(100)


def test_the_same_order_before_the_first_one_is_not_its_repetition(desk: Desk) -> None:
    desk.buy(100)
    desk.now_ns -= 60 * NS  # the clock was set back
    desk.buy(100)


def test_the_same_order_again_after_a_cancel_is_meant(desk: Desk) -> None:
    desk.report(desk.buy(100), ExecType.CANCELED)
    desk.buy(100)


def test_pace_of_an_account_is_used_by_orders_and_cancels_that_are_accepted() -> None:
    desk = Desk(HouseLimits(duplicate_window_s=0, account_per_s=4))
    order = desk.buy(100)
    denied(desk, desk.order(BUY, 150, 100_000))  # uses nothing
    desk.cancel(order)
    desk.buy(100)
    desk.buy(100)
    event = denied(desk, desk.order(BUY, 100, 100_000))
    assert (event.reason, event.detail) == (R.PACE_ACCOUNT, {"per_s": 4})
    refused = desk.cancel(desk.view("260706000003").cl_ord_id)
    assert isinstance(refused, CancelDenied)
    assert refused.reason == R.PACE_ACCOUNT
    desk.now_ns += NS // 4
    desk.buy(100)


def test_pace_of_a_branch_is_shared_by_its_accounts() -> None:
    desk = Desk(HouseLimits(branch_per_s=2))
    desk.take(c.OpenAccount("o", "10002", BRANCH), c.MoveCash("m", "10002", 10**10))
    first, _, third = desk.take(
        desk.order(BUY, 100, 100_000),
        desk.order(BUY, 150, 100_000, account_no="10002"),
        desk.order(BUY, 200, 100_000, account_no="10002"),
    )
    assert isinstance(first[0], OrderAccepted)
    assert isinstance(third[0], OrderAccepted)
    event = denied(desk, desk.order(BUY, 300, 100_000))
    assert (event.reason, event.broken) == (R.PACE_BRANCH, 1 << PACE_BRANCH_BIT)
    refused = desk.cancel("260706000001")
    assert isinstance(refused, CancelDenied)
    assert refused.reason == R.PACE_BRANCH


def test_a_cancel_request_has_a_number_of_its_own(desk: Desk) -> None:
    order = desk.buy()
    event = desk.cancel(order, branch_code=BRANCH)
    assert isinstance(event, CancelRequested)
    assert (event.cl_ord_id, event.orig_cl_ord_id) == ("260706000002", order)
    assert desk.view(order).cancel_cl_ord_id == "260706000002"


@pytest.mark.parametrize(
    ("cancel", "reason"),
    [
        ({"account_no": "99999"}, R.ACCOUNT_UNKNOWN),
        ({"account_no": "10002"}, R.ORDER_UNKNOWN),
        ({"cl_ord_id": "260706000099"}, R.ORDER_UNKNOWN),
        ({"cl_ord_id": ""}, R.ORDER_UNKNOWN),
        ({"branch_code": "00002"}, R.NOT_YOUR_ACCOUNT),
    ],
)
def test_a_cancel_of_what_is_not_ones_own_is_denied(
    desk: Desk, cancel: dict[str, str], reason: ReasonCode
) -> None:
    desk.take(c.OpenAccount("o", "10002", "00002"))
    given = {"account_no": ACCOUNT, "cl_ord_id": desk.buy()} | cancel
    event = desk.one(c.CancelOrder(request_id="c", channel=Channel.PHONE, **given))
    assert isinstance(event, CancelDenied)
    assert event.reason == reason


def test_a_cancel_is_asked_once_and_only_of_open_orders(desk: Desk) -> None:
    order = desk.buy()
    request = desk.cancel(order)
    assert isinstance(request, CancelRequested)
    for cl_ord_id, reason in ((order, R.CANCEL_PENDING), (request.cl_ord_id, R.ORDER_UNKNOWN)):
        event = desk.cancel(cl_ord_id)
        assert isinstance(event, CancelDenied)
        assert event.reason == reason
    desk.report(order, ExecType.CANCELED)
    event = desk.cancel(order)
    assert isinstance(event, CancelDenied)
    assert event.reason == R.ORDER_CLOSED


@pytest.mark.parametrize(("hour", "minute"), [(9, 22), (9, 27), (12, 0), (14, 58)])
def test_a_cancel_in_a_phase_without_cancels_is_denied(desk: Desk, hour: int, minute: int) -> None:
    desk.now_ns = moment_ns(9, 15)
    order = desk.buy()
    desk.now_ns = moment_ns(hour, minute)
    event = desk.cancel(order)
    assert isinstance(event, CancelDenied)
    assert event.reason == R.CANCEL_FORBIDDEN_NOW


def test_two_orders_of_a_batch_cannot_spend_the_same_cash(desk: Desk) -> None:
    (first,), (second,) = desk.take(
        desk.order(BUY, 90_000, 100_000), desk.order(BUY, 90_100, 100_000)
    )
    assert isinstance(first, OrderAccepted)
    assert isinstance(second, OrderDenied)
    assert second.reason == R.BUYING_POWER


def test_a_batch_sees_what_came_before_it_in_the_batch(desk: Desk) -> None:
    caused = desk.take(
        c.OpenAccount("o", "10002", BRANCH),
        c.MoveCash("m", "10002", 10**10),
        desk.order(BUY, 100, 100_000, account_no="10002"),
        c.CancelOrder("c", "10002", "260706000001", Channel.WEB),
        desk.execution("260706000001", ExecType.NEW, order_id="V"),
        desk.order(BUY, 100, 100_000, account_no="10002"),
    )
    kinds = [type(events[0]).__name__ for events in caused]
    assert kinds[2:] == ["OrderAccepted", "CancelRequested", "OrderOpened", "OrderDenied"]
