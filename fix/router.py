"""Accepted orders and cancel requests -> the FIX session, each sent once or asked for.

Only durable events come in, so nothing goes out before our journal has it. What may have been sent
(a dropped link, a restart) is *unsure*: it is asked for with OrderStatusRequest(H), never blindly
sent again. The venue's answer "unknown order", to a question asked after the last sending, proves
that it never arrived, since the session keeps order and answers a resend request by gap fill; then
it is sent with PossResend(97)=Y under its old ClOrdID(11). A cancel request follows its order's
answer in the same way. Not here: what reports do to the book (risk.core).
"""

import enum
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol

import structlog

from fix import encode, metrics
from fix.decode import StatusAnswer
from fix.encode import OrderTicket
from fix.reconcile import StatusRequests
from fix.settings import FixSettings
from risk.domain.commands import (
    RecordCancelReject,
    RecordExecution,
    RecordRefusal,
    RecordRouted,
)
from risk.domain.enums import OrdStatus
from risk.domain.events import (
    CancelRequested,
    Event,
    Filled,
    OrderAccepted,
    OrderCanceled,
    OrderRejected,
)
from risk.domain.orders import OpenOrder

log = structlog.get_logger("fix")

SEND_BATCH_MAX: Final = 256  # bounds one reactor turn
PARKED_MAX: Final = 50_000  # from here on the doors should take no more orders
RESENDS_MAX: Final = 3
SENT_NUMBERS_MAX: Final = 65_536  # remembered for Reject(3) and j, which name a number only
_NS: Final = 1_000_000_000

_CANCEL_IN_HAND: Final = frozenset(
    (OrdStatus.PENDING_CANCEL, OrdStatus.CANCELED, OrdStatus.FILLED, OrdStatus.EXPIRED)
)


class Sending(enum.Enum):
    """How far an order or cancel request has come, as far as we know."""

    PARKED = "parked"  # certainly not sent
    SENT = "sent"  # sent since the last logon, unanswered
    UNSURE = "unsure"  # may have been sent
    ANSWERED = "answered"  # the venue has told about it


class Outlet(Protocol):
    """Where messages go: a session that is logged on."""

    @property
    def next_number(self) -> int:
        """MsgSeqNum(34) of the next message out."""

    def send(self, text: str) -> bool:
        """Hand over a message; False when it was not taken."""


class _Cancel:
    __slots__ = ("cl_ord_id", "resend_count", "sending")

    def __init__(self, cl_ord_id: str, sending: Sending) -> None:
        self.cl_ord_id = cl_ord_id
        self.sending = sending
        self.resend_count = 0


class _Order:
    __slots__ = (
        "accepted_ns",
        "ask_count",
        "ask_id",
        "cancels",
        "resend_count",
        "sending",
        "sent_ns",
        "ticket",
    )

    def __init__(self, ticket: OrderTicket, accepted_ns: int, sending: Sending) -> None:
        self.ticket = ticket
        self.accepted_ns = accepted_ns
        self.sending = sending
        self.sent_ns = 0
        self.ask_count = 0  # status requests since the last sending
        self.ask_id = ""  # OrdStatusReqID(790) of the last one
        self.resend_count = 0
        self.cancels: dict[str, _Cancel] = {}


class Router:
    """Routes the orders of one session. Every method runs on the reactor thread."""

    def __init__(
        self,
        settings: FixSettings,
        submit: Callable[[RecordRouted], object],
        open_orders: Iterable[OpenOrder],
        now_ns: Callable[[], int],
    ) -> None:
        """`open_orders` is what the recovered book holds: nothing of it is sent unasked."""
        self._submit = submit
        self._now_ns = now_ns
        self._unanswered_max = settings.unanswered_max
        self._silence_ns = int(settings.report_timeout_s * _NS)
        self._questions = StatusRequests(settings.status_per_s, settings.report_timeout_s)
        self._orders: dict[str, _Order] = {}
        self._order_of_cancel: dict[str, str] = {}
        self._parked: deque[str] = deque()  # ClOrdIDs of orders and cancel requests, in order
        self._by_time: deque[tuple[int, str]] = deque()
        self._sent_numbers: dict[int, str] = {}
        self._unanswered = 0
        self._outlet: Outlet | None = None
        self._fix_session = ""
        for order in open_orders:
            self._recover(order)

    @property
    def has_room(self) -> bool:
        """Whether doors should take more orders."""
        return len(self._parked) < PARKED_MAX

    @property
    def is_waiting(self) -> bool:
        """Whether an answer of the venue, or room to send, is waited for."""
        return bool(self._unanswered or self._parked or not self._questions.is_settled)

    @property
    def is_reconciled(self) -> bool:
        """Whether the venue has answered for every order that was asked for after logon."""
        return self._outlet is not None and self._questions.is_settled

    def on_events(self, events: Sequence[tuple[int, Event]]) -> None:
        """Take durable events in order; send what can go at once."""
        for _, event in events:
            if isinstance(event, OrderAccepted):
                self._accept(event)
            elif isinstance(event, CancelRequested):
                self._accept_cancel(event)
            elif isinstance(event, OrderCanceled | OrderRejected) or (
                isinstance(event, Filled) and not event.leaves_qty
            ):
                self._close(event.cl_ord_id)
        self.turn()

    def session_up(self, outlet: Outlet, fix_session: str) -> None:
        """Ask for every live order the venue may know, then let parked ones go."""
        self._outlet, self._fix_session = outlet, fix_session
        self._sent_numbers.clear()
        for cl_ord_id, order in self._orders.items():
            if order.sending is not Sending.PARKED:
                self._questions.want(cl_ord_id, "logon")

    def session_down(self) -> None:
        """Whatever was sent and not answered is unsure from now on."""
        self._outlet = None
        self._questions.clear()
        self._by_time.clear()
        for order in self._orders.values():
            order.ask_count, order.ask_id = 0, ""
            if order.sending is Sending.SENT:
                order.sending = Sending.UNSURE
            for cancel in order.cancels.values():
                if cancel.sending is Sending.SENT:
                    cancel.sending = Sending.UNSURE
        self._unanswered = 0
        self._measure()

    def turn(self) -> None:
        """Send parked messages and due status requests, a bounded number of them."""
        if self._outlet is None:
            return
        now_ns = self._now_ns()
        for _ in range(min(SEND_BATCH_MAX, len(self._parked))):
            if self._unanswered >= self._unanswered_max:
                break
            self._send_parked(self._parked.popleft(), now_ns)
        self._ask_silent(now_ns)
        for cl_ord_id, why in self._questions.take(now_ns):
            self._ask(cl_ord_id, why)
        for cl_ord_id in self._questions.given_up:
            log.error("fix.status_unanswered", cl_ord_id=cl_ord_id)
        self._questions.given_up.clear()
        self._measure()

    def sent_under(self, number: int) -> str:
        """Return the ClOrdID(11) sent under a message number of this logon, "" if forgotten."""
        return self._sent_numbers.get(number, "")

    def reported(self, report: RecordExecution, answer: StatusAnswer | None) -> None:
        """Learn from an ExecutionReport(8) what the venue has."""
        order = self._find(report.cl_ord_id, report.orig_cl_ord_id)
        if order is None:
            return
        if answer is not None and answer.is_unknown:
            self._unknown(order, answer.ord_status_req_id)
            return
        self._answered(order)
        cancel = order.cancels.get(report.cl_ord_id)
        if cancel is not None:
            cancel.sending = Sending.ANSWERED
        if answer is not None:
            self._questions.forget(order.ticket.cl_ord_id)
            self._release_cancels(order, report.ord_status)

    def cancel_rejected(self, report: RecordCancelReject) -> None:
        """Learn from an OrderCancelReject(9) that the cancel request has its answer."""
        order = self._find(report.orig_cl_ord_id, report.cl_ord_id)
        if order is not None and report.cl_ord_id in order.cancels:
            del order.cancels[report.cl_ord_id]
            self._order_of_cancel.pop(report.cl_ord_id, None)

    def refused(self, refusal: RecordRefusal) -> None:
        """Learn from Reject(3) or j that a message of ours will have no other answer."""
        order = self._find(refusal.ref_cl_ord_id, "")
        if order is None:
            return
        cancel = order.cancels.get(refusal.ref_cl_ord_id)
        if refusal.ref_msg_type == "H":
            self._questions.forget(order.ticket.cl_ord_id)
        elif cancel is not None:
            cancel.sending = Sending.ANSWERED
        else:
            self._answered(order)

    def ask_about(self, cl_ord_id: str, other_id: str) -> None:
        """Ask for the order that a message we could not read seems to be about."""
        order = self._find(cl_ord_id, other_id)
        if order is not None and order.sending is not Sending.PARKED:
            self._questions.want(order.ticket.cl_ord_id, "unreadable")

    def ask_all(self, why: str) -> None:
        """Ask for every live order: a message of the venue was lost on us."""
        for cl_ord_id, order in self._orders.items():
            if order.sending is not Sending.PARKED:
                self._questions.want(cl_ord_id, why)

    def _recover(self, open_order: OpenOrder) -> None:
        sending = Sending.ANSWERED if open_order.is_answered else Sending.UNSURE
        ticket = OrderTicket(*open_order[:8])
        order = _Order(ticket, open_order.accepted_ns, sending)
        for cancel_id in open_order.cancel_ids:
            order.cancels[cancel_id] = _Cancel(cancel_id, Sending.UNSURE)
            self._order_of_cancel[cancel_id] = ticket.cl_ord_id
        self._orders[ticket.cl_ord_id] = order

    def _accept(self, event: OrderAccepted) -> None:
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
        self._orders[event.cl_ord_id] = _Order(ticket, event.at_ns, Sending.PARKED)
        self._parked.append(event.cl_ord_id)

    def _accept_cancel(self, event: CancelRequested) -> None:
        order = self._orders.get(event.orig_cl_ord_id)
        if order is None:  # the order's end became durable first: the book answers the customer
            return
        order.cancels[event.cl_ord_id] = _Cancel(event.cl_ord_id, Sending.PARKED)
        self._order_of_cancel[event.cl_ord_id] = event.orig_cl_ord_id
        self._parked.append(event.cl_ord_id)

    def _close(self, cl_ord_id: str) -> None:
        order = self._orders.pop(cl_ord_id, None)
        if order is None:
            return
        if order.sending is Sending.SENT:
            self._unanswered -= 1
        self._questions.forget(cl_ord_id)
        for cancel_id in order.cancels:
            self._order_of_cancel.pop(cancel_id, None)

    def _find(self, cl_ord_id: str, other_id: str) -> _Order | None:
        for known in (cl_ord_id, other_id):
            order = self._orders.get(self._order_of_cancel.get(known, known))
            if order is not None:
                return order
        return None

    def _send_parked(self, cl_ord_id: str, now_ns: int) -> None:
        order = self._orders.get(self._order_of_cancel.get(cl_ord_id, cl_ord_id))
        if order is None:
            return  # it ended while parked
        cancel = order.cancels.get(cl_ord_id)
        if cancel is not None:
            if cancel.sending is Sending.PARKED and order.sending is not Sending.UNSURE:
                self._send_cancel(order, cancel, now_ns)
        elif order.sending is Sending.PARKED:
            self._send_order(order, now_ns)

    def _send_order(self, order: _Order, now_ns: int, *, poss_resend: bool = False) -> None:
        text = encode.new_order_single(order.ticket, order.accepted_ns, poss_resend=poss_resend)
        if not self._send("D", order.ticket.cl_ord_id, text, now_ns, poss_resend):
            return
        if order.sending is not Sending.SENT:
            self._unanswered += 1
        order.sending, order.sent_ns, order.ask_count = Sending.SENT, now_ns, 0
        order.ask_id = ""
        self._by_time.append((now_ns, order.ticket.cl_ord_id))
        metrics.ORDER_TO_WIRE_SECONDS.observe((now_ns - order.accepted_ns) / _NS)

    def _send_cancel(
        self, order: _Order, cancel: _Cancel, now_ns: int, *, poss_resend: bool = False
    ) -> None:
        text = encode.order_cancel_request(
            order.ticket, cancel.cl_ord_id, now_ns, poss_resend=poss_resend
        )
        if self._send("F", cancel.cl_ord_id, text, now_ns, poss_resend):
            cancel.sending = Sending.SENT
            self._by_time.append((now_ns, cancel.cl_ord_id))

    def _send(self, kind: str, cl_ord_id: str, text: str, now_ns: int, poss_resend: bool) -> bool:
        """Hand a message over and record it; what the session does not take stays parked."""
        outlet = self._outlet
        assert outlet is not None
        number = outlet.next_number
        if not outlet.send(text):
            self._parked.append(cl_ord_id)
            log.error("fix.not_taken", cl_ord_id=cl_ord_id, msg_type=kind)
            return False
        self._remember(number, cl_ord_id)
        metrics.SENT.labels(kind).inc()
        if poss_resend:
            metrics.RESENT.labels(kind).inc()
        self._submit(
            RecordRouted(
                request_id=f"routed:{self._fix_session}:{number}",
                cl_ord_id=cl_ord_id,
                fix_session=self._fix_session,
                sent_ns=now_ns,
                poss_resend=poss_resend,
            )
        )
        return True

    def _remember(self, number: int, cl_ord_id: str) -> None:
        self._sent_numbers[number] = cl_ord_id
        if len(self._sent_numbers) > SENT_NUMBERS_MAX:
            del self._sent_numbers[next(iter(self._sent_numbers))]

    def _ask(self, cl_ord_id: str, why: str) -> None:
        order = self._orders.get(cl_ord_id)
        outlet = self._outlet
        if order is None or outlet is None:
            self._questions.forget(cl_ord_id)
            return
        number = outlet.next_number
        order.ask_id = f"{cl_ord_id}-{number}"
        order.ask_count += 1
        if outlet.send(encode.order_status_request(order.ticket, order.ask_id)):
            self._remember(number, cl_ord_id)
            metrics.SENT.labels("H").inc()
            metrics.STATUS_REQUESTS.labels(why).inc()

    def _ask_silent(self, now_ns: int) -> None:
        """Ask for orders whose own or whose cancel request's answer is overdue."""
        while self._by_time and now_ns - self._by_time[0][0] >= self._silence_ns:
            sent_ns, cl_ord_id = self._by_time.popleft()
            order = self._orders.get(self._order_of_cancel.get(cl_ord_id, cl_ord_id))
            if order is None:
                continue
            cancel = order.cancels.get(cl_ord_id)
            if cancel is not None and cancel.sending is Sending.SENT:
                cancel.sending = Sending.UNSURE
                self._questions.want(order.ticket.cl_ord_id, "silence")
            elif cancel is None and order.sending is Sending.SENT and order.sent_ns == sent_ns:
                self._questions.want(cl_ord_id, "silence")

    def _answered(self, order: _Order) -> None:
        if order.sending is Sending.SENT:
            self._unanswered -= 1
        order.sending = Sending.ANSWERED

    def _unknown(self, order: _Order, ask_id: str) -> None:
        """The venue has no such order: send it, if the question came after the last sending."""
        cl_ord_id = order.ticket.cl_ord_id
        is_latest = ask_id == order.ask_id if ask_id else order.ask_count == 1
        if self._outlet is None or not order.ask_id or not is_latest:
            return
        self._questions.forget(cl_ord_id)
        order.ask_id = ""
        if order.sending is Sending.ANSWERED or order.resend_count >= RESENDS_MAX:
            log.error("fix.order_unknown_to_venue", cl_ord_id=cl_ord_id, sends=order.resend_count)
            return
        order.resend_count += 1
        log.warning("fix.order_resent", cl_ord_id=cl_ord_id)
        self._send_order(order, self._now_ns(), poss_resend=True)
        self._release_cancels(order, OrdStatus.NEW)

    def _release_cancels(self, order: _Order, ord_status: OrdStatus) -> None:
        """The order is certain now: send the cancel requests that are not."""
        if self._outlet is None or ord_status in _CANCEL_IN_HAND:
            return
        for cancel in order.cancels.values():
            if cancel.sending is Sending.PARKED:
                self._send_cancel(order, cancel, self._now_ns())
            elif cancel.sending is Sending.UNSURE and cancel.resend_count < RESENDS_MAX:
                cancel.resend_count += 1
                self._send_cancel(order, cancel, self._now_ns(), poss_resend=True)

    def _measure(self) -> None:
        metrics.PARKED.set(len(self._parked))
        metrics.UNANSWERED.set(self._unanswered)
