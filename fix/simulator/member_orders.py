"""Orders as the simulated exchange keeps them, and the reports it writes about them.

Not here: which orders exist (venue.py) or what happens to them (market.py).
"""

from dataclasses import dataclass
from typing import Final

from fix.simulator.listing import Refusal
from fix.simulator.messages import CancelReject, OrderState, Report, VenueCancel, VenueOrder
from fix.simulator.order_book import BookOrder
from risk.domain.enums import ExecType, OrdStatus, Side

FLOW: Final = "*flow*"  # sender of the background flow, told nothing
NO_ORDER_ID: Final = "NONE"
DONE: Final = frozenset(
    {OrdStatus.FILLED, OrdStatus.CANCELED, OrdStatus.REJECTED, OrdStatus.EXPIRED}
)


@dataclass(slots=True, eq=False)
class MemberOrder(BookOrder):
    """An order with its owner and history."""

    asked: VenueOrder
    ord_status: OrdStatus
    cum_qty: int = 0
    turnover_e4: int = 0
    ord_rej_reason: int = 0
    text: str = ""

    @property
    def is_done(self) -> bool:
        """Whether nothing more can happen to it."""
        return self.ord_status in DONE

    def fill(self, qty: int, price_e4: int) -> None:
        """Count a trade; `leaves_qty` is the book's to reduce."""
        self.cum_qty += qty
        self.turnover_e4 += qty * price_e4
        is_filled = self.cum_qty == self.asked.qty
        self.ord_status = OrdStatus.FILLED if is_filled else OrdStatus.PARTIALLY_FILLED

    def end(self, ord_status: OrdStatus) -> None:
        """Close what is left."""
        self.ord_status, self.leaves_qty = ord_status, 0

    def state(self) -> OrderState:
        """Return the order as a value."""
        return OrderState(
            sender=self.asked.sender,
            cl_ord_id=self.asked.cl_ord_id,
            order_id=self.order_id,
            symbol=self.asked.symbol,
            side=self.asked.side,
            qty=self.asked.qty,
            price_e4=self.price_e4,
            cum_qty=self.cum_qty,
            leaves_qty=0 if self.is_done else self.asked.qty - self.cum_qty,
            turnover_e4=self.turnover_e4,
            ord_status=self.ord_status,
        )


class ReportDesk:
    """Numbers orders and executions and writes reports, all at `now_ns`.

    The numbers begin with the moment the venue opened, so a venue that opens again never repeats
    the ExecID(17) or OrderID(37) of an earlier run.
    """

    def __init__(self, now_ns: int) -> None:
        """Open at a moment."""
        self.now_ns = now_ns
        self._run = f"{now_ns // 1_000_000:X}"
        self._orders = self._executions = 0

    def open(self, asked: VenueOrder, side: Side) -> MemberOrder:
        """Return a new order with its OrderID(37)."""
        self._orders += 1
        order_id = f"{self._run}O{self._orders}"
        return MemberOrder(order_id, side, asked.price_e4, asked.qty, asked, OrdStatus.NEW)

    def report(
        self, order: MemberOrder, exec_type: ExecType, last_qty: int = 0, last_px_e4: int = 0
    ) -> Report:
        """Return the report of what just happened to an order, or of its state."""
        asked, cum_qty = order.asked, order.cum_qty
        return Report(
            sender=asked.sender,
            cl_ord_id=asked.cl_ord_id,
            orig_cl_ord_id="",
            order_id=order.order_id,
            exec_id=self._exec_id(),
            exec_type=exec_type,
            ord_status=order.ord_status,
            symbol=asked.symbol,
            side=asked.side,
            order_qty=asked.qty,
            price_e4=order.price_e4,
            last_qty=last_qty,
            last_px_e4=last_px_e4,
            cum_qty=cum_qty,
            leaves_qty=0 if order.is_done else asked.qty - cum_qty,
            avg_px_e4=(2 * order.turnover_e4 + cum_qty) // (2 * cum_qty) if cum_qty else 0,
            ord_rej_reason=order.ord_rej_reason,
            text=order.text,
            transact_ns=self.now_ns,
            account_no=asked.account_no,
        )

    def rejected(self, asked: VenueOrder, refusal: Refusal) -> MemberOrder:
        """Return an order that was refused and never stood in a book."""
        return MemberOrder(
            NO_ORDER_ID,
            Side.BUY,  # of no effect: the order is in no book, reports tell `asked.side`
            asked.price_e4,
            0,
            asked,
            OrdStatus.REJECTED,
            ord_rej_reason=refusal.ord_rej_reason,
            text=refusal.text,
        )

    def cancel_reject(
        self, wish: VenueCancel, order: MemberOrder | None, cxl_rej_reason: int, text: str
    ) -> CancelReject:
        """Return the answer to a cancel that is not done; `order` is None when unknown."""
        return CancelReject(
            sender=wish.sender,
            cl_ord_id=wish.cl_ord_id,
            orig_cl_ord_id=wish.orig_cl_ord_id,
            order_id=order.order_id if order else NO_ORDER_ID,
            ord_status=order.ord_status if order else OrdStatus.REJECTED,
            cxl_rej_reason=cxl_rej_reason,
            text=text,
            transact_ns=self.now_ns,
        )

    def _exec_id(self) -> str:
        self._executions += 1
        return f"{self._run}E{self._executions}"
