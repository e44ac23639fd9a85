"""Events that end an order or a cancel request, and the one that changes nothing.

They are asked for by reports of the venue and by the start of a day. Not here: when they apply.
"""

from risk.book.account_book import AccountBook, OrderPlace
from risk.core.members import CHANNEL, SIDE
from risk.domain.commands import (
    RecordCancelReject,
    RecordExecution,
    RecordInbound,
    RecordRefusal,
)
from risk.domain.events import CancelRejected, InboundIgnored, OrderCanceled, OrderRejected

Inbound = RecordExecution | RecordCancelReject | RecordRefusal | RecordInbound


def ignored(
    at_ns: int, said: Inbound, why: str, cl_ord_id: str = "", exec_id: str = ""
) -> InboundIgnored:
    """Return the event of an inbound message that changes nothing but its session's place."""
    return InboundIgnored(at_ns, said.fix_session, said.msg_seq_num, cl_ord_id, exec_id, why)


def order_canceled(
    book: AccountBook,
    place: OrderPlace,
    at_ns: int,
    *,
    is_expired: bool,
    order_id: str = "",
    exec_id: str = "",
    text: str = "",
    fix_session: str = "",
    msg_seq_num: int = 0,
) -> OrderCanceled:
    """Return the event that ends what an open order has left and releases its reservation."""
    own, row = place.orders.at, place.row
    return OrderCanceled(
        at_ns,
        place.orders.cl_ord_id(own.order_no[row]),
        book.accounts.account_no[own.account_row[row]],
        book.instruments.symbol[own.instrument_row[row]],
        SIDE[own.side[row]],
        own.cum_qty[row],
        own.leaves_qty[row],
        own.reserved_e4[row],
        order_id,
        exec_id,
        text,
        fix_session,
        msg_seq_num,
        own.order_no[row],
        CHANNEL[own.channel[row]],
        is_expired,
    )


def order_rejected(
    book: AccountBook,
    place: OrderPlace,
    at_ns: int,
    said: RecordExecution | RecordRefusal,
    ord_rej_reason: int,
) -> OrderRejected:
    """Return the event of an order the venue refused before any of it traded."""
    own, row = place.orders.at, place.row
    return OrderRejected(
        at_ns,
        place.orders.cl_ord_id(own.order_no[row]),
        book.accounts.account_no[own.account_row[row]],
        book.instruments.symbol[own.instrument_row[row]],
        SIDE[own.side[row]],
        own.qty[row],
        own.price_e4[row],
        own.reserved_e4[row],
        ord_rej_reason,
        said.text,
        said.fix_session,
        said.msg_seq_num,
        own.order_no[row],
        CHANNEL[own.channel[row]],
    )


def cancel_rejected(
    book: AccountBook,
    place: OrderPlace,
    at_ns: int,
    said: RecordExecution | RecordCancelReject | RecordRefusal,
    cxl_rej_reason: int,
) -> CancelRejected | InboundIgnored:
    """Return the event of a refused cancel request; nothing when it had its answer before."""
    own, row = place.orders.at, place.row
    asked = said.ref_cl_ord_id if isinstance(said, RecordRefusal) else said.cl_ord_id
    if not own.cancel_no[row] or place.orders.cl_ord_id(own.cancel_no[row]) != asked:
        return ignored(at_ns, said, "no_effect", asked)
    return CancelRejected(
        at_ns,
        asked,
        place.orders.cl_ord_id(own.order_no[row]),
        book.accounts.account_no[own.account_row[row]],
        cxl_rej_reason,
        said.text,
        said.fix_session,
        said.msg_seq_num,
        own.order_no[row],
        CHANNEL[own.channel[row]],
    )
