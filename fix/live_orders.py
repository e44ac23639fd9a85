"""The orders the venue may have: how far each has come, with its cancel requests.

Not here: what to do about them (fix.router).
"""

import enum
from collections.abc import Iterable, Iterator

from fix.encode import OrderTicket
from risk.domain.enums import OrdType, TimeInForce
from risk.domain.events import CancelRequested, FillBusted, OrderAccepted
from risk.domain.orders import OpenOrder


class Sending(enum.Enum):
    """How far an order or cancel request has come, as far as we know."""

    PARKED = "parked"  # certainly not sent
    SENT = "sent"  # sent since the last logon, unanswered
    UNSURE = "unsure"  # may have been sent
    ANSWERED = "answered"  # the venue has told about it


class LiveCancel:
    """A cancel request of ours."""

    __slots__ = ("cl_ord_id", "resend_count", "sending")

    def __init__(self, cl_ord_id: str, sending: Sending) -> None:
        self.cl_ord_id = cl_ord_id
        self.sending = sending
        self.resend_count = 0


class LiveOrder:
    """An order without final state."""

    __slots__ = (
        "accepted_ns",
        "ask_ids",
        "cancels",
        "open_asks",
        "resend_count",
        "sending",
        "sent_ns",
        "stale_asks",
        "ticket",
    )

    def __init__(self, ticket: OrderTicket, accepted_ns: int, sending: Sending) -> None:
        self.ticket = ticket
        self.accepted_ns = accepted_ns
        self.sending = sending
        self.sent_ns = 0
        self.ask_ids: list[str] = []  # OrdStatusReqID(790) of the questions since the last sending
        self.open_asks = 0  # questions of this logon without answer
        self.stale_asks = 0  # how many of them were asked before the last sending
        self.resend_count = 0
        self.cancels: dict[str, LiveCancel] = {}

    def sent(self, at_ns: int) -> None:
        """Note a sending: answers to earlier questions prove nothing any more."""
        self.sending = Sending.SENT
        self.sent_ns = at_ns
        self.ask_ids.clear()
        self.stale_asks = self.open_asks

    def asked(self, ord_status_req_id: str) -> None:
        """Note a question."""
        self.ask_ids.append(ord_status_req_id)
        self.open_asks += 1

    def link_lost(self) -> None:
        """What was sent and not answered is unsure from now on, questions may be lost."""
        self.open_asks = self.stale_asks = 0
        if self.sending is Sending.SENT:
            self.sending = Sending.UNSURE
        for cancel in self.cancels.values():
            if cancel.sending is Sending.SENT:
                cancel.sending = Sending.UNSURE

    def proves_absence(self, ord_status_req_id: str, *, is_repeated: bool) -> bool:
        """Return whether "unknown order" answers a question that was asked after the last sending.

        The session keeps order, so a venue that does not repeat our id answers one by one; what it
        says again after a logon (PossDup) may then be the answer to any question.
        """
        if ord_status_req_id:
            return ord_status_req_id in self.ask_ids
        if is_repeated or not self.open_asks:
            return False
        self.open_asks -= 1
        if self.stale_asks:
            self.stale_asks -= 1
            return False
        return True


class LiveOrders:
    """Live orders by ClOrdID(11) of the order or of one of its cancel requests."""

    def __init__(self, open_orders: Iterable[OpenOrder]) -> None:
        """Begin with what the recovered book holds: answered, or unsure."""
        self._orders: dict[str, LiveOrder] = {}
        self._order_of_cancel: dict[str, str] = {}
        for each in open_orders:
            sending = Sending.ANSWERED if each.is_answered else Sending.UNSURE
            order = self._add(OrderTicket(*each[:8]), each.accepted_ns, sending)
            for cancel_id in each.cancel_ids:
                self._add_cancel(order, cancel_id, Sending.UNSURE)

    def __iter__(self) -> Iterator[LiveOrder]:
        return iter(self._orders.values())

    def find(self, cl_ord_id: str, other_id: str = "") -> LiveOrder | None:
        """Return the order that one of two ClOrdIDs names, itself or by a cancel request."""
        for known in (cl_ord_id, other_id):
            order = self._orders.get(self._order_of_cancel.get(known, known))
            if order is not None:
                return order
        return None

    def accept(self, event: OrderAccepted) -> None:
        """Take an accepted order, certainly not sent."""
        ticket = OrderTicket(
            event.cl_ord_id,
            event.account_no,
            event.symbol,
            event.side,
            event.qty,
            event.price_e4,
            event.ord_type,
            event.time_in_force,
        )
        self._add(ticket, event.at_ns, Sending.PARKED)

    def accept_cancel(self, event: CancelRequested) -> bool:
        """Take a cancel request; False when its order has ended meanwhile."""
        order = self._orders.get(event.orig_cl_ord_id)
        if order is not None:
            self._add_cancel(order, event.cl_ord_id, Sending.PARKED)
        return order is not None

    def reopen(self, event: FillBusted) -> None:
        """Take an order back that a bust opened again; only a cancel request may follow."""
        if event.leaves_qty and event.cl_ord_id not in self._orders:
            qty = event.cum_qty + event.leaves_qty
            ticket = OrderTicket(
                event.cl_ord_id,
                event.account_no,
                event.symbol,
                event.side,
                qty,
                event.last_px_e4,
                OrdType.LIMIT,
                TimeInForce.DAY,
            )
            self._add(ticket, event.at_ns, Sending.ANSWERED)

    def end(self, cl_ord_id: str) -> LiveOrder | None:
        """Let go of an order that has its final state; return it if it was live."""
        order = self._orders.pop(cl_ord_id, None)
        for cancel_id in order.cancels if order is not None else ():
            del self._order_of_cancel[cancel_id]
        return order

    def end_cancel(self, order: LiveOrder, cl_ord_id: str) -> None:
        """Let go of a cancel request that the venue answered."""
        if order.cancels.pop(cl_ord_id, None) is not None:
            del self._order_of_cancel[cl_ord_id]

    def _add(self, ticket: OrderTicket, accepted_ns: int, sending: Sending) -> LiveOrder:
        order = self._orders[ticket.cl_ord_id] = LiveOrder(ticket, accepted_ns, sending)
        return order

    def _add_cancel(self, order: LiveOrder, cl_ord_id: str, sending: Sending) -> None:
        order.cancels[cl_ord_id] = LiveCancel(cl_ord_id, sending)
        self._order_of_cancel[cl_ord_id] = order.ticket.cl_ord_id
