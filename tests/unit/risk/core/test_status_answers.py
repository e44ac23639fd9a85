"""Answers to a status request (ExecType I) bring the book up to date."""

import pytest

from risk.domain import events as e
from risk.domain.enums import ExecType, OrdStatus
from tests.builders.desk import Desk, ignored_why

T = ExecType


def test_a_status_answer_tells_the_fills_we_lack_once(desk: Desk) -> None:
    order = desk.buy(1_000, 100_000)
    desk.fill(order, 100, 100_000, exec_id="X")
    answer = {
        "ord_status": OrdStatus.PARTIALLY_FILLED,
        "cum_qty": 700,
        "leaves_qty": 300,
        "avg_px_e4": 99_500,
    }
    (filled,) = desk.report(order, T.ORDER_STATUS, **answer)
    assert isinstance(filled, e.Filled)
    assert filled.exec_id == "status.V1.700"
    assert (filled.last_qty, filled.last_px_e4) == (600, 99_417)  # (700 * 9.95 - 100 * 10) / 600
    assert ignored_why(desk.report(order, T.ORDER_STATUS, **answer)) == "no_effect"
    late = desk.fill(order, 250, 99_000, cum_qty=350, exec_id="Y")
    assert ignored_why(late) == "already_counted"
    (filled,) = desk.fill(order, 300, 99_000)
    assert isinstance(filled, e.Filled)
    assert desk.view(order).ord_status == OrdStatus.FILLED


def test_a_status_answer_ends_the_order(desk: Desk) -> None:
    order = desk.sell(1_000, 100_000)
    answer = {"ord_status": OrdStatus.CANCELED, "cum_qty": 400, "last_px_e4": 0}
    filled, canceled = desk.report(order, T.ORDER_STATUS, **answer)
    assert isinstance(filled, e.Filled)
    assert filled.last_px_e4 == 100_000  # no average told: the order's own price
    assert isinstance(canceled, e.OrderCanceled)
    assert (desk.position.qty, desk.position.frozen_qty) == (600, 0)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (OrdStatus.NEW, e.OrderOpened),
        (OrdStatus.SUSPENDED, e.OrderOpened),
        (OrdStatus.EXPIRED, e.OrderCanceled),
        (OrdStatus.DONE_FOR_DAY, e.OrderCanceled),
        (OrdStatus.REJECTED, e.OrderRejected),
        (OrdStatus.PENDING_NEW, e.OrderOpened),
        (OrdStatus.FILLED, e.OrderOpened),
    ],
)
def test_a_status_answer_about_an_unanswered_order(
    desk: Desk, status: OrdStatus, kind: type[e.Event]
) -> None:
    order = desk.buy()
    (event,) = desk.report(order, T.ORDER_STATUS, ord_status=status)
    assert type(event) is kind
    assert desk.view(order).is_reported


def test_a_status_answer_notes_a_state(desk: Desk) -> None:
    order = desk.buy()
    desk.report(order, T.NEW)
    (noted,) = desk.report(order, T.ORDER_STATUS, ord_status=OrdStatus.SUSPENDED)
    assert isinstance(noted, e.StatusNoted)


def test_a_status_answer_does_not_take_a_state_back(desk: Desk) -> None:
    order = desk.buy()
    desk.report(order, T.NEW)
    told = desk.report(order, T.ORDER_STATUS, ord_status=OrdStatus.PENDING_NEW)
    assert ignored_why(told) == "no_effect"
    desk.report(order, T.CANCELED)
    assert ignored_why(desk.report(order, T.ORDER_STATUS)) == "no_effect"


def test_an_order_unknown_at_the_venue_is_left_to_the_router(desk: Desk) -> None:
    order = desk.buy()
    answer = {"ord_status": OrdStatus.REJECTED, "ord_rej_reason": 5}
    assert ignored_why(desk.report(order, T.ORDER_STATUS, **answer)) == "unknown_at_venue"
    assert desk.view(order).is_open


def test_a_status_answer_beyond_the_order_is_an_overfill(desk: Desk) -> None:
    order = desk.buy(1_000)
    assert ignored_why(desk.report(order, T.ORDER_STATUS, cum_qty=1_001)) == "overfill"
