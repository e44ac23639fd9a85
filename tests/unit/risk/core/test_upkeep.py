"""Accounts, listings, cash, shares, days, switches and places."""

import pytest

from risk.book.views import account_view, order_of, orders_of
from risk.core.fold import FingerprintDiffers, fold
from risk.domain import commands as c
from risk.domain import events as e
from risk.domain.enums import Board, ExecType, KillScope, OrdStatus, Side
from risk.domain.reasons import REASONS, ReasonCode
from tests.builders.books import moment_ns
from tests.builders.desk import ACCOUNT, BRANCH, FIX_SESSION, SYMBOL, Desk

R = ReasonCode


@pytest.mark.parametrize(
    ("command", "reason", "detail"),
    [
        (c.OpenAccount("r", ACCOUNT, BRANCH), R.ACCOUNT_EXISTS, {}),
        (c.ListInstrument("r", "1", Board.SSE_MAIN, "", "", 0), R.PRICE_NOT_POSITIVE, {}),
        (c.ListInstrument("r", "1", Board.SSE_MAIN, "", "", 10**11), R.PRICE_TOO_LARGE, {}),
        (c.MoveCash("r", "99999", 1), R.ACCOUNT_UNKNOWN, {}),
        (c.MoveCash("r", ACCOUNT, 10**19), R.AMOUNT_TOO_LARGE, {}),
        (
            c.MoveCash("r", ACCOUNT, -(10**10) - 1),
            R.WITHDRAWABLE_CASH,
            {"withdrawable_e4": 10**10},
        ),
        (c.MoveShares("r", "99999", SYMBOL, 1), R.ACCOUNT_UNKNOWN, {}),
        (c.MoveShares("r", ACCOUNT, "1", 1), R.SYMBOL_UNKNOWN, {}),
        (c.MoveShares("r", ACCOUNT, SYMBOL, 10**9), R.QTY_TOO_LARGE, {}),
        (c.MoveShares("r", ACCOUNT, SYMBOL, 1, -1), R.AMOUNT_TOO_LARGE, {}),
        (c.MoveShares("r", ACCOUNT, SYMBOL, -1_001), R.SELLABLE_QTY, {"sellable_qty": 1_000}),
        (c.StartDay("r", 20260706), R.DAY_NOT_LATER, {"day": 20260706}),
        (c.StartDay("r", 20260231), R.DAY_NOT_LATER, {"day": 20260706}),
        (c.RecordRouted("r", "x", FIX_SESSION, 1), R.ORDER_UNKNOWN, {}),
        (c.SetKillSwitch("r", KillScope.ACCOUNT, "9", True, "", ""), R.ACCOUNT_UNKNOWN, {}),
        (c.SetKillSwitch("r", KillScope.INSTRUMENT, "9", True, "", ""), R.SYMBOL_UNKNOWN, {}),
    ],
)
def test_what_cannot_be_carried_out_is_denied_and_changes_nothing(
    desk: Desk, command: c.Command, reason: ReasonCode, detail: dict[str, int]
) -> None:
    before = desk.book.fingerprint()
    event = desk.one(command)
    assert isinstance(event, e.CommandDenied)
    assert (event.reason, event.detail) == (reason, detail)
    assert REASONS[reason].zh.format_map(detail)
    assert desk.book.fingerprint() == before


def test_cash_comes_and_goes(desk: Desk) -> None:
    desk.take(c.MoveCash("in", ACCOUNT, 50), c.MoveCash("out", ACCOUNT, -(10**10)))
    assert desk.cash.cash_e4 == 50


def test_frozen_cash_does_not_leave(desk: Desk) -> None:
    desk.buy(1_000, 100_000)
    event = desk.one(c.MoveCash("out", ACCOUNT, -(10**10)))
    assert isinstance(event, e.CommandDenied)
    assert event.detail == {"withdrawable_e4": 10**10 - 100_051_000}


def test_shares_take_their_part_of_the_cost_along(desk: Desk) -> None:
    desk.take(c.MoveShares("out", ACCOUNT, SYMBOL, -300))
    assert (desk.position.qty, desk.position.cost_e4) == (700, 63_000_000)


def test_a_new_day_ends_open_orders_and_counts_again(desk: Desk) -> None:
    buy, sell = desk.buy(1_000, 99_000), desk.sell(500, 101_000)
    desk.fill(buy, 400, 99_000)
    started, *canceled = desk.take(c.StartDay("next", 20260707))[0]
    assert started == e.DayStarted(desk.now_ns, 20260707)
    assert [(event.cl_ord_id, event.is_expired) for event in canceled] == [
        (buy, True),
        (sell, True),
    ]
    assert desk.cash.frozen_e4 == 0
    assert (desk.position.sellable_qty, desk.position.bought_today_qty) == (1_400, 0)
    assert orders_of(desk.book, ACCOUNT) == []
    assert desk.view(buy).ord_status == OrdStatus.EXPIRED
    desk.now_ns = moment_ns(10, day=20260707)
    assert desk.buy(100, 99_000) == "260707000001"
    desk.take(c.StartDay("after", 20260708))
    assert order_of(desk.book, buy) is None


def test_an_instrument_takes_the_static_data_of_the_day(desk: Desk) -> None:
    desk.take(c.ListInstrument("r", SYMBOL, Board.SSE_MAIN, "新名", "NEW", 200_000, is_t0=True))
    found = desk.book.instruments.get(SYMBOL)
    assert found is not None
    assert (found.name_zh, found.prev_close_e4, found.is_t0) == ("新名", 200_000, True)
    order = desk.buy(100, 200_000)
    (filled,) = desk.fill(order, 100, 200_000)
    assert isinstance(filled, e.Filled)
    assert filled.sellable_qty == 100
    assert desk.position.sellable_qty == 1_100


def test_a_routed_order_and_cancel_are_remembered(desk: Desk) -> None:
    order = desk.buy()
    assert not desk.view(order).is_routed
    desk.take(c.RecordRouted("r", order, FIX_SESSION, 5))
    assert desk.view(order).is_routed
    request = desk.cancel(order)
    assert isinstance(request, e.CancelRequested)
    desk.take(c.RecordRouted("r", request.cl_ord_id, FIX_SESSION, 6))
    assert desk.view(order).is_cancel_routed


def test_what_was_sent_in_one_turn_is_remembered_one_by_one(desk: Desk) -> None:
    first, second, third, kept = (desk.buy(100 * n) for n in range(1, 5))
    request = desk.cancel(third)
    assert isinstance(request, e.CancelRequested)
    ((routed, denied),) = desk.take(
        c.RecordRouted("r", first, FIX_SESSION, 5, True, (second, "x", request.cl_ord_id))
    )
    assert isinstance(routed, e.OrderRouted)
    assert routed.more_cl_ord_ids == (second, request.cl_ord_id)
    assert isinstance(denied, e.CommandDenied)
    views = [desk.view(order) for order in (first, second, third, kept)]
    assert [view.is_routed for view in views] == [True, True, False, False]
    assert [view.is_cancel_routed for view in views] == [False, False, True, False]


def test_an_inbound_number_without_effect_is_remembered(desk: Desk) -> None:
    event = desk.one(c.RecordInbound("r", FIX_SESSION, 12))
    assert isinstance(event, e.InboundIgnored)
    assert desk.book.fix_places == {FIX_SESSION: 12}


def test_a_branch_may_be_stopped_before_it_has_an_account(desk: Desk) -> None:
    desk.take(
        c.SetKillSwitch("r", KillScope.BRANCH, "00009", True, "ops", ""),
        c.OpenAccount("o", "10009", "00009"),
    )
    event = desk.one(desk.order(Side.BUY, 100, 100_000, account_no="10009"))
    assert isinstance(event, e.OrderDenied)
    assert event.reason == R.KILL_SWITCH_BRANCH


def test_replay_compares_recorded_fingerprints(desk: Desk) -> None:
    desk.buy()
    taken = desk.one(c.TakeFingerprint("f"))
    assert isinstance(taken, e.FingerprintTaken)
    assert desk.replayed().fingerprint() == taken.fingerprint
    stray = e.CashMoved(0, ACCOUNT, 1, "")
    events = [*desk.events[:-1], stray, taken]
    with pytest.raises(FingerprintDiffers, match=f"event {len(events)} "):
        fold(type(desk.book)(), events)
    assert fold(type(desk.book)(), events, verify=False) == len(events)


def test_a_sell_that_empties_a_position_leaves_no_cost(desk: Desk) -> None:
    order = desk.sell(1_000)
    desk.fill(order, 300, 100_000)
    assert desk.position.cost_e4 == 63_000_000
    desk.fill(order, 700, 100_000)
    assert desk.position.cost_e4 == 0
    desk.report(order, ExecType.NEW)
    view = account_view(desk.book, ACCOUNT)
    assert view is not None
    assert view.branch_code == BRANCH
