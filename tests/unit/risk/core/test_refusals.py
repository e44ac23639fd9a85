"""OrderCancelReject(9), BusinessMessageReject(j) and Reject(3) against the order they are about."""

import pytest

from risk.domain import events as e
from risk.domain.commands import RecordCancelReject, RecordRefusal, RecordRouted
from risk.domain.enums import ExecType, OrdStatus
from tests.builders.desk import FIX_SESSION, Desk, ignored_why


def cancel_reject(cl_ord_id: str, orig_cl_ord_id: str) -> RecordCancelReject:
    """Return a refused cancel request: too late."""
    ids = (cl_ord_id, orig_cl_ord_id, "V1")
    return RecordCancelReject("r", FIX_SESSION, 9, *ids, OrdStatus.NEW, 0, "too late")


def refusal(cl_ord_id: str, ref_msg_type: str = "D") -> RecordRefusal:
    """Return a refused message of ours."""
    return RecordRefusal("r", FIX_SESSION, 9, ref_msg_type, cl_ord_id, 4, "no such application")


def asked(desk: Desk, order: str) -> str:
    """Ask for a cancel and return the request's ClOrdID."""
    event = desk.cancel(order)
    assert isinstance(event, e.CancelRequested)
    return event.cl_ord_id


def test_a_refused_cancel_leaves_the_order_and_may_be_asked_again(desk: Desk) -> None:
    order = desk.buy()
    request = asked(desk, order)
    desk.report(request, ExecType.PENDING_CANCEL, orig_cl_ord_id=order)
    event = desk.one(cancel_reject(request, order))
    assert isinstance(event, e.CancelRejected)
    assert (event.cl_ord_id, event.orig_cl_ord_id, event.text) == (request, order, "too late")
    view = desk.view(order)
    assert (view.ord_status, view.cancel_cl_ord_id) == (OrdStatus.NEW, "")
    assert ignored_why([desk.one(cancel_reject(request, order))]) == "no_effect"
    assert asked(desk, order) != request


def test_a_refused_cancel_of_a_filled_order_is_told(desk: Desk) -> None:
    order = desk.buy(1_000)
    request = asked(desk, order)
    desk.fill(order, 1_000, 100_000)
    assert isinstance(desk.one(cancel_reject(request, order)), e.CancelRejected)
    assert desk.view(order).ord_status == OrdStatus.FILLED


def test_a_refused_cancel_of_an_unknown_order_keeps_its_place(desk: Desk) -> None:
    assert ignored_why([desk.one(cancel_reject("x", "y"))]) == "unknown_order"
    assert desk.book.fix_places == {FIX_SESSION: 9}


def test_a_refused_order_ends(desk: Desk) -> None:
    order = desk.buy()
    event = desk.one(refusal(order))
    assert isinstance(event, e.OrderRejected)
    assert desk.cash.frozen_e4 == 0
    assert ignored_why([desk.one(refusal(order))]) == "no_effect"


def test_a_refused_resend_proves_nothing(desk: Desk) -> None:
    order = desk.buy()
    desk.take(RecordRouted("again", order, FIX_SESSION, 2, poss_resend=True))
    assert ignored_why([desk.one(refusal(order))]) == "resent_order"
    assert desk.view(order).is_open


def test_an_order_the_venue_has_reported_is_not_ended_by_a_refusal(desk: Desk) -> None:
    order = desk.buy()
    desk.report(order, ExecType.NEW)
    assert ignored_why([desk.one(refusal(order))]) == "no_effect"


def test_a_refused_cancel_request_is_a_rejected_cancel(desk: Desk) -> None:
    order = desk.buy()
    event = desk.one(refusal(asked(desk, order), "F"))
    assert isinstance(event, e.CancelRejected)
    assert event.cxl_rej_reason == 99


@pytest.mark.parametrize("ref_msg_type", ["H", "V"])
def test_a_refused_question_changes_no_order(desk: Desk, ref_msg_type: str) -> None:
    order = desk.buy()
    assert ignored_why([desk.one(refusal(order, ref_msg_type))]) == "no_effect"
    assert ignored_why([desk.one(refusal(asked(desk, order), ref_msg_type))]) == "no_effect"


def test_a_refusal_without_an_order_keeps_its_place(desk: Desk) -> None:
    assert ignored_why([desk.one(refusal("", "j"))]) == "unknown_order"
