"""Where an event's order is, and that the venue spoke about it.

For risk.core.apply: its ClOrdIDs(11) are our own, so they are trusted, unlike those of a report.
"""

from risk.book.account_book import AccountBook
from risk.book.orders import DayOrders
from risk.domain import events as e

FromVenue = (
    e.OrderOpened
    | e.Filled
    | e.FillBusted
    | e.OrderCanceled
    | e.OrderRejected
    | e.CancelRejected
    | e.StatusNoted
)


def note_told(book: AccountBook, orders: DayOrders, row: int, event: FromVenue) -> None:
    """Note that the venue said something about an order, and the place of its message."""
    own = orders.at
    own.updated_ns[row] = event.at_ns
    if event.fix_session:
        own.is_reported[row] = True
        book.pass_inbound(event.fix_session, event.msg_seq_num)


def own_place(book: AccountBook, cl_ord_id: str) -> tuple[DayOrders, int]:
    """Return table and row of an order of ours; the row is below 0 for a cancel request."""
    orders = book.orders
    if not cl_ord_id.startswith(orders.prefix):
        orders = book.orders_before
        assert cl_ord_id.startswith(orders.prefix), cl_ord_id
    return orders, orders.own_row(cl_ord_id)
