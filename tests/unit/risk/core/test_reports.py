"""Each ExecType(150) against each state of an order, with the appendix-D cases of FIX 4.4."""

import pytest

from risk.domain import events as e
from risk.domain.commands import MoveCash, RecordRouted, StartDay
from risk.domain.enums import ExecType, OrdStatus, Side
from tests.builders.books import moment_ns
from tests.builders.desk import FIX_SESSION, SYMBOL, Desk, ignored_why

T = ExecType


def test_new_opens_the_order_once(desk: Desk) -> None:
    order = desk.buy()
    (opened,) = desk.report(order, T.NEW, order_id="V9")
    assert isinstance(opened, e.OrderOpened)
    assert desk.view(order).order_id == "V9"
    assert desk.view(order).ord_status == OrdStatus.NEW
    assert ignored_why(desk.report(order, T.NEW)) == "no_effect"


def test_pending_new_tells_that_the_venue_has_it(desk: Desk) -> None:
    order = desk.buy()
    (opened,) = desk.report(order, T.PENDING_NEW)
    assert isinstance(opened, e.OrderOpened)
    assert desk.view(order).is_reported
    assert ignored_why(desk.report(order, T.PENDING_NEW)) == "no_effect"
    (opened,) = desk.report(order, T.NEW)
    assert isinstance(opened, e.OrderOpened)


def test_a_fill_moves_cash_shares_and_fees(desk: Desk) -> None:
    order = desk.buy(1_000, 100_000)
    before = desk.cash.cash_e4
    (filled,) = desk.fill(order, 400, 99_900)
    assert isinstance(filled, e.Filled)
    assert (filled.commission_e4, filled.stamp_duty_e4, filled.transfer_fee_e4) == (50_000, 0, 400)
    assert desk.cash.cash_e4 == before - 400 * 99_900 - 50_400
    assert (
        desk.cash.frozen_e4 == 600 * 100_000 + 600
    )  # commission minimum is paid, transfer fee left
    assert desk.position.bought_today_qty == 400
    assert desk.position.sellable_qty == 1_000
    (filled,) = desk.fill(order, 600, 100_000)
    assert desk.view(order).ord_status == OrdStatus.FILLED
    assert desk.cash.frozen_e4 == 0


def test_a_sale_brings_cash_that_buys_today_and_leaves_tomorrow(desk: Desk) -> None:
    order = desk.sell(1_000, 100_000)
    before = desk.cash.withdrawable_e4
    desk.fill(order, 1_000, 100_000)
    net_e4 = 100_000_000 - 50_000 - 50_000 - 1_000  # commission, stamp duty, transfer fee
    assert desk.cash.free_e4 == before + net_e4
    assert desk.cash.withdrawable_e4 == before
    desk.take(StartDay("next", 20260707))
    assert desk.cash.withdrawable_e4 == before + net_e4
    assert desk.position.qty == 0


def test_fees_of_partial_fills_add_up_to_those_of_the_whole(desk: Desk) -> None:
    whole, parts = Desk(), desk
    single = whole.buy(10_000, 101_000)
    whole.fill(single, 10_000, 101_000)
    order = parts.buy(10_000, 101_000)
    for qty in (100, 300, 1_700, 7_900):
        parts.fill(order, qty, 101_000)
    assert parts.view(order).fees_e4 == whole.view(single).fees_e4
    assert parts.cash == whole.cash


def test_a_fill_before_new_is_booked_and_new_comes_too_late(desk: Desk) -> None:
    order = desk.buy()
    desk.fill(order, 100, 100_000)
    assert desk.view(order).ord_status == OrdStatus.PARTIALLY_FILLED
    assert ignored_why(desk.report(order, T.NEW)) == "no_effect"


def test_the_same_exec_id_is_booked_once(desk: Desk) -> None:
    order = desk.buy()
    desk.fill(order, 100, 100_000, exec_id="X")
    assert ignored_why(desk.fill(order, 100, 100_000, exec_id="X")) == "duplicate_exec_id"
    assert desk.view(order).cum_qty == 100


def test_the_same_exec_id_of_another_order_is_another_fill(desk: Desk) -> None:
    first, second = desk.buy(1_000, 100_000), desk.buy(1_000, 99_900)
    desk.fill(first, 100, 99_000, exec_id="X")
    (filled,) = desk.fill(second, 100, 99_000, exec_id="X")
    assert isinstance(filled, e.Filled)


def test_fills_in_the_wrong_order_are_all_booked(desk: Desk) -> None:
    order = desk.buy()
    desk.fill(order, 300, 100_000, cum_qty=400)
    desk.fill(order, 100, 100_000, cum_qty=100)
    assert desk.view(order).cum_qty == 400


def test_more_than_the_order_is_not_booked(desk: Desk) -> None:
    order = desk.buy(1_000)
    assert ignored_why(desk.fill(order, 1_100, 100_000)) == "overfill"


@pytest.mark.parametrize("qty", [0, -1])
def test_a_trade_of_nothing_has_no_effect(desk: Desk, qty: int) -> None:
    assert ignored_why(desk.fill(desk.buy(), qty, 100_000)) == "no_effect"


@pytest.mark.parametrize(("exec_type", "status"), [(T.CANCELED, 4), (T.EXPIRED, 12)])
def test_a_fill_after_the_end_is_booked_all_the_same(
    desk: Desk, exec_type: ExecType, status: int
) -> None:
    order = desk.buy(1_000, 100_000)
    desk.report(order, exec_type)
    before = desk.cash.cash_e4
    assert desk.cash.frozen_e4 == 0
    (filled,) = desk.fill(order, 400, 100_000)
    assert isinstance(filled, e.Filled)
    assert filled.leaves_qty == filled.unfrozen_e4 == 0
    assert desk.view(order).ord_status == status
    assert desk.cash.cash_e4 == before - 400 * 100_000 - 50_400


def test_a_late_fill_of_a_sell_takes_the_shares_it_had_released(desk: Desk) -> None:
    order = desk.sell(1_000, 100_000)
    desk.report(order, T.CANCELED)
    desk.fill(order, 400, 100_000)
    assert (desk.position.sellable_qty, desk.position.frozen_qty) == (600, 0)


def test_a_late_fill_that_contradicts_itself_is_not_booked(desk: Desk) -> None:
    order = desk.buy()
    desk.report(order, T.CANCELED)
    assert ignored_why(desk.fill(order, 400, 100_000, cum_qty=300)) == "closed_order"


def test_a_fill_of_yesterday_is_booked_today(desk: Desk) -> None:
    order = desk.buy(1_000, 100_000)
    _, canceled = desk.take(StartDay("next", 20260707))[0]
    assert isinstance(canceled, e.OrderCanceled)
    assert canceled.is_expired
    (filled,) = desk.fill(order, 400, 100_000)
    assert isinstance(filled, e.Filled)
    assert (desk.position.qty, desk.position.sellable_qty) == (1_400, 1_400)


def test_a_cancel_in_the_middle_of_a_fill(desk: Desk) -> None:
    order = desk.buy(1_000, 100_000)
    asked = desk.cancel(order)
    assert isinstance(asked, e.CancelRequested)
    (noted,) = desk.report(asked.cl_ord_id, T.PENDING_CANCEL, orig_cl_ord_id=order)
    assert isinstance(noted, e.StatusNoted)
    desk.fill(order, 300, 100_000)
    assert desk.view(order).ord_status == OrdStatus.PENDING_CANCEL
    (canceled,) = desk.report(asked.cl_ord_id, T.CANCELED, orig_cl_ord_id=order)
    assert isinstance(canceled, e.OrderCanceled)
    assert (canceled.cl_ord_id, canceled.cum_qty, canceled.canceled_qty) == (order, 300, 700)
    assert desk.cash.frozen_e4 == 0
    assert desk.view(order).cancel_cl_ord_id == ""
    assert ignored_why(desk.report(asked.cl_ord_id, T.CANCELED)) == "closed_order"


def test_a_cancel_is_known_by_the_order_it_names(desk: Desk) -> None:
    order = desk.buy()
    (canceled,) = desk.report("not-ours", T.CANCELED, orig_cl_ord_id=order)
    assert isinstance(canceled, e.OrderCanceled)


def test_a_rejection_releases_everything(desk: Desk) -> None:
    order = desk.buy(1_000, 100_000)
    (rejected,) = desk.report(order, T.REJECTED, ord_rej_reason=13, text="odd lot")
    assert isinstance(rejected, e.OrderRejected)
    assert (rejected.ord_rej_reason, rejected.text) == (13, "odd lot")
    assert desk.cash.frozen_e4 == 0
    assert desk.view(order).text == "odd lot"
    assert ignored_why(desk.report(order, T.REJECTED)) == "closed_order"


def test_a_rejection_after_a_fill_ends_what_is_left(desk: Desk) -> None:
    order = desk.buy(1_000)
    desk.fill(order, 400, 100_000)
    (canceled,) = desk.report(order, T.REJECTED)
    assert isinstance(canceled, e.OrderCanceled)
    assert canceled.canceled_qty == 600


def test_a_duplicate_rejection_of_a_resent_order_proves_nothing(desk: Desk) -> None:
    order = desk.buy()
    desk.take(RecordRouted("routed", order, FIX_SESSION, 1))
    desk.take(RecordRouted("again", order, FIX_SESSION, 2, poss_resend=True))
    assert ignored_why(desk.report(order, T.REJECTED, ord_rej_reason=6)) == "resent_order"
    (rejected,) = desk.report(order, T.REJECTED, ord_rej_reason=1)
    assert isinstance(rejected, e.OrderRejected)


def test_a_rejected_cancel_in_an_execution_report_leaves_the_order(desk: Desk) -> None:
    order = desk.buy()
    asked = desk.cancel(order)
    assert isinstance(asked, e.CancelRequested)
    (rejected,) = desk.report(asked.cl_ord_id, T.REJECTED, orig_cl_ord_id=order)
    assert isinstance(rejected, e.CancelRejected)
    assert desk.view(order).is_open


@pytest.mark.parametrize("exec_type", [T.STOPPED, T.SUSPENDED, T.CALCULATED, T.PENDING_CANCEL])
def test_states_that_move_no_money_are_noted_once(desk: Desk, exec_type: ExecType) -> None:
    order = desk.buy()
    frozen_e4 = desk.cash.frozen_e4
    (noted,) = desk.report(order, exec_type, text="why")
    assert isinstance(noted, e.StatusNoted)
    assert desk.view(order).ord_status == int(exec_type)
    assert ignored_why(desk.report(order, exec_type)) == "no_effect"
    assert desk.cash.frozen_e4 == frozen_e4


def test_a_suspended_order_trades_again(desk: Desk) -> None:
    order = desk.buy()
    desk.report(order, T.NEW)
    desk.report(order, T.SUSPENDED)
    (noted,) = desk.report(order, T.NEW)
    assert isinstance(noted, e.StatusNoted)
    assert desk.view(order).ord_status == OrdStatus.NEW


def test_a_restatement_is_noted_or_an_end(desk: Desk) -> None:
    order = desk.buy()
    (noted,) = desk.report(order, T.RESTATED, leaves_qty=1_000)
    assert isinstance(noted, e.StatusNoted)
    (canceled,) = desk.report(order, T.RESTATED, ord_status=OrdStatus.CANCELED)
    assert isinstance(canceled, e.OrderCanceled)


@pytest.mark.parametrize("exec_type", [T.REPLACED, T.PENDING_REPLACE])
def test_replacing_is_nothing_we_ask_for(desk: Desk, exec_type: ExecType) -> None:
    assert ignored_why(desk.report(desk.buy(), exec_type)) == "no_effect"


@pytest.mark.parametrize(
    "exec_type", sorted(set(T) - {T.TRADE, T.TRADE_CANCEL, T.TRADE_CORRECT, T.ORDER_STATUS})
)
def test_after_the_end_nothing_but_a_trade_changes_an_order(
    desk: Desk, exec_type: ExecType
) -> None:
    order = desk.buy()
    desk.report(order, T.CANCELED)
    before = desk.view(order)
    assert ignored_why(desk.report(order, exec_type)) in ("closed_order", "no_effect")
    assert desk.view(order) == before


@pytest.mark.parametrize("fields", [{"symbol": "600001"}, {"side": Side.SELL}])
def test_a_report_about_something_else_is_not_booked(desk: Desk, fields: dict[str, object]) -> None:
    order = desk.buy()
    assert ignored_why(desk.fill(order, 100, 100_000, **fields)) == "mismatch"


@pytest.mark.parametrize("cl_ord_id", ["", "260706000099", "260705000001", "x", "26070600001"])
def test_a_report_about_an_unknown_order_keeps_its_place(desk: Desk, cl_ord_id: str) -> None:
    desk.buy()
    (event,) = desk.report(cl_ord_id, T.TRADE, last_qty=100, last_px_e4=1, symbol=SYMBOL)
    assert isinstance(event, e.InboundIgnored)
    assert event.why == "unknown_order"
    assert desk.book.fix_places[FIX_SESSION] == event.msg_seq_num


def test_a_fill_above_the_price_is_paid_from_free_cash(desk: Desk) -> None:
    order = desk.buy(1_000, 100_000)
    before = desk.cash.cash_e4
    desk.fill(order, 1_000, 101_000)
    assert desk.cash.frozen_e4 == 0
    assert desk.cash.cash_e4 == before - 101_000_000 - 50_000 - 1_000


def test_places_advance_and_begin_again_with_a_logon(desk: Desk) -> None:
    order = desk.buy()
    desk.take(desk.execution(order, T.NEW)._replace(msg_seq_num=7))
    desk.take(desk.execution(order, T.NEW)._replace(msg_seq_num=5))
    assert desk.book.fix_places[FIX_SESSION] == 7
    desk.take(desk.execution(order, T.NEW)._replace(msg_seq_num=1))
    assert desk.book.fix_places[FIX_SESSION] == 1


def test_shares_bought_are_sellable_the_next_day(desk: Desk) -> None:
    order = desk.buy(1_000, 100_000)
    desk.fill(order, 1_000, 100_000)
    assert desk.position.sellable_qty == 1_000
    desk.now_ns = moment_ns(10, day=20260707)
    desk.take(StartDay("next", 20260707), MoveCash("more", "10001", 1))
    assert desk.position.sellable_qty == 2_000
