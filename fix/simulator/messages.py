"""What goes into the simulated exchange and what comes out, as FIX-free values.

Prices are 1/10,000 yuan (_e4), quantities shares, times Unix ns. `sender` is the CompID of the
member that owns an order; an answer goes back to it. Not here: FIX fields (fix.simulator.acceptor).
"""

from typing import NamedTuple

from risk.domain.enums import ExecType, OrdStatus, OrdType, Phase, Side, TimeInForce


class VenueOrder(NamedTuple):
    """NewOrderSingle(D). `side` and `ord_type` hold what the message said, known or not."""

    sender: str
    cl_ord_id: str
    symbol: str
    side: int
    qty: int
    price_e4: int
    account_no: str = ""
    ord_type: int = OrdType.LIMIT
    time_in_force: int = TimeInForce.DAY
    poss_resend: bool = False  # PossResend(97)


class VenueCancel(NamedTuple):
    """OrderCancelRequest(F)."""

    sender: str
    cl_ord_id: str
    orig_cl_ord_id: str
    symbol: str = ""
    side: int = 0


class StatusQuery(NamedTuple):
    """OrderStatusRequest(H)."""

    sender: str
    cl_ord_id: str
    symbol: str = ""
    side: int = 0


class Report(NamedTuple):
    """ExecutionReport(8)."""

    sender: str
    cl_ord_id: str
    orig_cl_ord_id: str  # set on the report of a cancel
    order_id: str  # "NONE" when the venue never had the order
    exec_id: str
    exec_type: ExecType
    ord_status: OrdStatus
    symbol: str
    side: int
    order_qty: int
    price_e4: int
    last_qty: int
    last_px_e4: int
    cum_qty: int
    leaves_qty: int
    avg_px_e4: int  # turnover / cum_qty, HALF_UP, 0 without a fill
    ord_rej_reason: int  # OrdRejReason(103), 0 when not rejected
    text: str
    transact_ns: int
    account_no: str = ""


class CancelReject(NamedTuple):
    """OrderCancelReject(9)."""

    sender: str
    cl_ord_id: str
    orig_cl_ord_id: str
    order_id: str
    ord_status: OrdStatus
    cxl_rej_reason: int  # CxlRejReason(102)
    text: str
    transact_ns: int


Answer = Report | CancelReject


class OrderState(NamedTuple):
    """One order as the venue has it."""

    sender: str
    cl_ord_id: str
    order_id: str
    symbol: str
    side: int
    qty: int
    price_e4: int
    cum_qty: int
    leaves_qty: int
    turnover_e4: int
    ord_status: OrdStatus


class Level(NamedTuple):
    """All orders of one price."""

    price_e4: int
    qty: int


class Depth(NamedTuple):
    """Market data of one instrument: up to five levels a side, best first.

    In a call auction that would trade, both sides hold one level: the price at which it would
    trade now and the quantity. `last_e4` is 0 before the day's first trade.
    """

    symbol: str
    at_ns: int
    phase: Phase
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    last_e4: int
    prev_close_e4: int
    volume: int  # shares traded today
    turnover_e4: int
    high_e4: int = 0  # of the day's trades
    low_e4: int = 0


def limit_side(side: int) -> Side | None:
    """Return the side as the enum, None when it is neither buy nor sell."""
    return Side(side) if side in (Side.BUY, Side.SELL) else None
