"""What OrderCancelReject(9), BusinessMessageReject(j) and session Reject(3) lead to.

A refused message that went out once did not reach the book of the venue, so its order ends. One
that was sent again (PossResend) may be refused because the first copy arrived: that proves
nothing. Not here: execution reports (risk.core.reports).
"""

from collections.abc import Iterator
from typing import Final

from risk.book.account_book import AccountBook
from risk.core.endings import cancel_rejected, ignored, order_rejected
from risk.core.reports import CXL_REJ_OTHER, UNKNOWN_ORDER
from risk.domain.commands import RecordCancelReject, RecordRefusal
from risk.domain.events import Event

ORD_REJ_OTHER: Final = 99  # OrdRejReason(103)
_NEW_ORDER: Final = "D"  # MsgType(35)
_CANCEL_REQUEST: Final = "F"


def decide_cancel_reject(
    book: AccountBook, said: RecordCancelReject, at_ns: int
) -> Iterator[Event]:
    """Yield what an OrderCancelReject(9) leads to: the order lives on as the venue says."""
    place = book.find_order(said.cl_ord_id) or book.find_order(said.orig_cl_ord_id)
    if place is None:
        yield ignored(at_ns, said, UNKNOWN_ORDER, said.cl_ord_id)
    else:
        yield cancel_rejected(book, place, at_ns, said, said.cxl_rej_reason)


def decide_refusal(book: AccountBook, said: RecordRefusal, at_ns: int) -> Iterator[Event]:
    """Yield what a refused message of ours leads to."""
    cl_ord_id = said.ref_cl_ord_id
    place = book.find_order(cl_ord_id)
    if place is None:
        yield ignored(at_ns, said, UNKNOWN_ORDER, cl_ord_id)
        return
    own, row = place.orders.at, place.row
    if place.is_cancel and said.ref_msg_type in ("", _CANCEL_REQUEST):
        yield cancel_rejected(book, place, at_ns, said, CXL_REJ_OTHER)
    elif place.is_cancel or said.ref_msg_type not in ("", _NEW_ORDER):
        yield ignored(at_ns, said, "no_effect", cl_ord_id)
    elif own.is_resent[row]:
        yield ignored(at_ns, said, "resent_order", cl_ord_id)
    elif own.is_reported[row] or not own.leaves_qty[row]:
        yield ignored(at_ns, said, "no_effect", cl_ord_id)
    else:
        yield order_rejected(book, place, at_ns, said, ORD_REJ_OTHER)
