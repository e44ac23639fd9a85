"""Trades that the venue takes back or corrects."""

import pytest

from risk.domain import events as e
from risk.domain.commands import StartDay
from risk.domain.enums import ExecType, OrdStatus
from tests.builders.books import moment_ns
from tests.builders.desk import Desk, ignored_why

T = ExecType


def test_a_bust_gives_everything_back_and_opens_the_order_again(desk: Desk) -> None:
    order = desk.buy(1_000, 100_000)
    cash, position = desk.cash, desk.position
    desk.fill(order, 1_000, 99_000, exec_id="X")
    (busted,) = desk.report(order, T.TRADE_CANCEL, exec_ref_id="X", leaves_qty=1_000)
    assert isinstance(busted, e.FillBusted)
    assert desk.view(order).is_open
    assert (desk.cash, desk.position) == (cash, position)
    assert ignored_why(desk.report(order, T.TRADE_CANCEL, exec_ref_id="X")) == "no_effect"


def test_a_bust_of_a_sell_that_stays_closed_returns_the_shares(desk: Desk) -> None:
    order = desk.sell(1_000, 100_000)
    desk.fill(order, 400, 100_000, exec_id="X")
    desk.report(order, T.CANCELED)
    desk.report(order, T.TRADE_CANCEL, exec_ref_id="X", leaves_qty=400)
    assert not desk.view(order).is_open
    assert (desk.position.sellable_qty, desk.position.cost_e4) == (1_000, 90_000_000)
    assert desk.cash.cash_e4 == 10_000_000_000
    assert desk.cash.unsettled_e4 == 0


def test_a_bust_of_yesterday_leaves_what_was_bought_today_locked(desk: Desk) -> None:
    yesterday = desk.buy(500, 100_000)
    desk.fill(yesterday, 500, 100_000, exec_id="X")
    desk.now_ns = moment_ns(10, day=20260707)
    desk.take(StartDay("next", 20260707))
    today = desk.buy(500, 100_000)
    desk.fill(today, 500, 100_000)
    desk.report(yesterday, T.TRADE_CANCEL, exec_ref_id="X")
    assert (desk.position.qty, desk.position.sellable_qty) == (1_500, 1_000)


def test_a_late_fill_of_yesterday_can_be_taken_back(desk: Desk) -> None:
    yesterday = desk.buy(500, 100_000)
    desk.take(StartDay("next", 20260707))
    before = desk.position
    desk.fill(yesterday, 500, 100_000, exec_id="X")
    desk.report(yesterday, T.TRADE_CANCEL, exec_ref_id="X")
    assert desk.position == before


def test_a_filled_order_that_is_not_open_again_counts_as_canceled(desk: Desk) -> None:
    order = desk.buy(1_000, 100_000)
    desk.fill(order, 1_000, 100_000, exec_id="X")
    desk.report(order, T.TRADE_CANCEL, exec_ref_id="X", leaves_qty=0)
    assert desk.view(order).ord_status == OrdStatus.CANCELED


def test_a_bust_gives_back_only_the_fees_above_the_minimum(desk: Desk) -> None:
    order = desk.buy(1_000, 100_000)
    desk.fill(order, 400, 100_000, exec_id="X")
    desk.fill(order, 400, 100_000, exec_id="Y")
    (busted,) = desk.report(order, T.TRADE_CANCEL, exec_ref_id="X", leaves_qty=600)
    assert isinstance(busted, e.FillBusted)
    assert (busted.commission_e4, busted.transfer_fee_e4) == (0, 400)


def test_a_quantity_taken_back_and_not_open_again_stays_gone(desk: Desk) -> None:
    order = desk.sell(1_000, 100_000)
    desk.fill(order, 400, 100_000, exec_id="X")
    desk.report(order, T.TRADE_CANCEL, exec_ref_id="X", leaves_qty=600)
    assert desk.view(order).leaves_qty == 600
    (filled,) = desk.fill(order, 800, 100_000)  # more than we held for open, not more than ordered
    assert isinstance(filled, e.Filled)
    assert desk.view(order).ord_status == OrdStatus.CANCELED
    assert (desk.position.qty, desk.position.sellable_qty) == (200, 200)


def test_a_rejection_after_a_bust_ends_what_is_left(desk: Desk) -> None:
    order = desk.buy(1_000, 100_000)
    desk.fill(order, 400, 100_000, exec_id="X")
    desk.report(order, T.TRADE_CANCEL, exec_ref_id="X", leaves_qty=600)
    (canceled,) = desk.report(order, T.REJECTED)
    assert isinstance(canceled, e.OrderCanceled)
    assert canceled.canceled_qty == 600


def test_after_a_bust_a_new_trade_is_not_taken_for_a_counted_one(desk: Desk) -> None:
    order = desk.buy(1_000, 100_000)
    desk.fill(order, 100, 100_000, exec_id="X")
    desk.report(order, T.ORDER_STATUS, cum_qty=700, ord_status=OrdStatus.PARTIALLY_FILLED)
    desk.report(order, T.TRADE_CANCEL, exec_ref_id="X", leaves_qty=400)
    (filled,) = desk.fill(order, 50, 100_000, cum_qty=650)
    assert isinstance(filled, e.Filled)


def test_a_bust_of_what_we_do_not_have_changes_nothing(desk: Desk) -> None:
    order = desk.buy()
    why = ignored_why(desk.report(order, T.TRADE_CANCEL, exec_ref_id="X"))
    assert why == "unknown_exec_ref_id"


def test_a_bust_with_a_known_exec_id_is_a_duplicate(desk: Desk) -> None:
    order = desk.buy()
    desk.fill(order, 100, 100_000, exec_id="X")
    desk.report(order, T.TRADE_CANCEL, exec_ref_id="X", exec_id="B", leaves_qty=1_000)
    desk.fill(order, 100, 100_000, exec_id="Y")
    why = ignored_why(desk.report(order, T.TRADE_CANCEL, exec_ref_id="Y", exec_id="B"))
    assert why == "duplicate_exec_id"


@pytest.mark.parametrize("ended", [False, True])
def test_a_correction_books_the_trade_anew(desk: Desk, ended: bool) -> None:
    order = desk.buy(1_000, 100_000)
    desk.fill(order, 400, 100_000, exec_id="X")
    if ended:
        desk.report(order, T.CANCELED)
    busted, filled = desk.report(
        order, T.TRADE_CORRECT, exec_ref_id="X", last_qty=300, last_px_e4=99_000, leaves_qty=700
    )
    assert isinstance(busted, e.FillBusted)
    assert isinstance(filled, e.Filled)
    view = desk.view(order)
    assert (view.cum_qty, view.turnover_e4) == (300, 300 * 99_000)
    assert view.leaves_qty == (0 if ended else 700)
    assert desk.position.qty == 1_300


def test_a_correction_of_a_filled_order_leaves_it_filled(desk: Desk) -> None:
    order = desk.sell(1_000, 100_000)
    desk.fill(order, 1_000, 100_000, exec_id="X")
    desk.report(
        order, T.TRADE_CORRECT, exec_ref_id="X", last_qty=1_000, last_px_e4=101_000, leaves_qty=0
    )
    assert desk.view(order).ord_status == OrdStatus.FILLED
    assert desk.position.qty == 0
    assert desk.cash.cash_e4 == 10_000_000_000 + 101_000_000 - 50_000 - 50_500 - 1_000


def test_a_correction_to_nothing_is_a_bust(desk: Desk) -> None:
    order = desk.buy(1_000)
    desk.fill(order, 400, 100_000, exec_id="X")
    fields = {"exec_ref_id": "X", "last_qty": 0, "leaves_qty": 1_000}
    (busted,) = desk.report(order, T.TRADE_CORRECT, **fields)
    assert isinstance(busted, e.FillBusted)
    assert desk.view(order).leaves_qty == 1_000


def test_a_correction_to_more_than_the_order_is_not_booked(desk: Desk) -> None:
    order = desk.buy(1_000)
    desk.fill(order, 400, 100_000, exec_id="X")
    fields = {"exec_ref_id": "X", "last_qty": 1_001, "last_px_e4": 1}
    assert ignored_why(desk.report(order, T.TRADE_CORRECT, **fields)) == "overfill"
