"""Open orders as the book tells them to the FIX edge at start.

Not here: the book's columns (risk.book) and what a state may follow (risk.core).
"""

from typing import NamedTuple

from risk.domain.enums import OrdType, Side, TimeInForce


class OpenOrder(NamedTuple):
    """An accepted order without final state.

    `is_answered` says whether any report of the venue about it is in the book; `cancel_ids` are
    the ClOrdIDs(11) of our cancel requests that the venue has not answered.
    """

    cl_ord_id: str
    account_no: str
    symbol: str
    side: Side
    qty: int
    price_e4: int
    ord_type: OrdType
    time_in_force: TimeInForce
    accepted_ns: int
    is_answered: bool
    cancel_ids: tuple[str, ...] = ()
