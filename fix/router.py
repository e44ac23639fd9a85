"""Accepted orders and cancel requests -> the FIX session, each sent once or asked for.

Only durable events come in, so nothing goes out before our journal has it. What may have been sent
(a dropped link, a restart) is *unsure*: it is asked for with OrderStatusRequest(H), never blindly
sent again. The venue's answer "unknown order", to a question asked after the last sending, proves
that it never arrived, since the session keeps order and answers a resend request by gap fill; then
it is sent with PossResend(97)=Y under its old ClOrdID(11). A cancel request follows its order's
answer in the same way. An order of an earlier day is never sent.
Not here: what reports do to the book (risk.core).
"""

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol

import structlog

from fix import encode, metrics
from fix.decode import StatusAnswer
from fix.live_orders import LiveCancel, LiveOrder, LiveOrders, Sending
from fix.reconcile import StatusRequests, is_due
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
    FillBusted,
    Filled,
    OrderAccepted,
    OrderCanceled,
    OrderRejected,
)
from risk.domain.ids import is_same_day
from risk.domain.orders import OpenOrder

log = structlog.get_logger("fix")

SEND_BATCH_MAX: Final = 256  # bounds one reactor turn
PARKED_MAX: Final = 50_000  # from here on the doors should take no more orders
RESENDS_MAX: Final = 3
SENT_NUMBERS_MAX: Final = 65_536  # remembered for Reject(3) and j, which name a number only
_NS: Final = 1_000_000_000

_Sent = tuple[int, str]  # MsgSeqNum(34), ClOrdID(11)
_SENT: Final = {kind: metrics.SENT.labels(kind) for kind in "DFH"}
_CANCEL_IN_HAND: Final = frozenset(
    (OrdStatus.PENDING_CANCEL, OrdStatus.CANCELED, OrdStatus.FILLED, OrdStatus.EXPIRED)
)


class Outlet(Protocol):
    """Where messages go: a session that is logged on."""

    @property
    def next_number(self) -> int:
        """MsgSeqNum(34) of the next message out."""

    def send(self, text: str) -> int:
        """Hand over a message; return its MsgSeqNum(34), 0 when it was not taken."""


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
        self._orders = LiveOrders(open_orders)
        self._parked: deque[str] = deque()  # ClOrdIDs of orders and cancel requests, in order
        self._by_time: deque[tuple[int, str]] = deque()
        self._sent_numbers: OrderedDict[int, str] = OrderedDict()
        # What was sent in this turn, by MsgType(35) and PossResend(97).
        self._unrecorded: dict[tuple[str, bool], list[_Sent]] = defaultdict(list)
        self._unanswered = 0
        self._outlet: Outlet | None = None
        self._fix_session = ""

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
                self._orders.accept(event)
                self._parked.append(event.cl_ord_id)
            elif isinstance(event, CancelRequested):
                if self._orders.accept_cancel(event):
                    self._parked.append(event.cl_ord_id)
            elif isinstance(event, FillBusted):
                self._orders.reopen(event)
            elif isinstance(event, OrderCanceled | OrderRejected) or (
                isinstance(event, Filled) and not event.leaves_qty
            ):
                self._close(event.cl_ord_id)
        self.turn()

    def session_up(self, outlet: Outlet, fix_session: str) -> None:
        """Ask for every live order the venue may know, then let parked ones go."""
        self._outlet, self._fix_session = outlet, fix_session
        self._sent_numbers.clear()
        self.ask_all("logon")

    def session_down(self) -> None:
        """Whatever was sent and not answered is unsure from now on."""
        self._outlet = None
        self._questions.clear()
        self._by_time.clear()
        for order in self._orders:
            order.link_lost()
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
        self._record_sent(now_ns)
        self._measure()

    def sent_under(self, number: int) -> str:
        """Return the ClOrdID(11) sent under a message number of this logon, "" if forgotten."""
        return self._sent_numbers.get(number, "")

    def reported(self, report: RecordExecution, answer: StatusAnswer | None) -> None:
        """Learn from an ExecutionReport(8) what the venue has."""
        order = self._orders.find(report.cl_ord_id, report.orig_cl_ord_id)
        if order is None:
            return
        if answer is not None and answer.is_unknown:
            if order.proves_absence(answer.ord_status_req_id, is_repeated=report.poss_dup):
                self._unknown(order)
                self._record_sent(self._now_ns())
            return
        was_unsure = order.sending is Sending.UNSURE
        self._answered(order)
        cancel = order.cancels.get(report.cl_ord_id)
        if cancel is not None:
            cancel.sending = Sending.ANSWERED
        if answer is not None:
            self._questions.forget(order.ticket.cl_ord_id)
        if was_unsure or answer is not None:
            self._release_cancels(order, report.ord_status, is_state_known=answer is not None)
            self._record_sent(self._now_ns())

    def cancel_rejected(self, report: RecordCancelReject) -> None:
        """Learn from an OrderCancelReject(9) that the cancel request has its answer."""
        order = self._orders.find(report.orig_cl_ord_id, report.cl_ord_id)
        if order is not None:
            self._orders.end_cancel(order, report.cl_ord_id)

    def refused(self, refusal: RecordRefusal) -> None:
        """Learn from Reject(3) or j that a message of ours will have no other answer."""
        order = self._orders.find(refusal.ref_cl_ord_id, "")
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
        order = self._orders.find(cl_ord_id, other_id)
        if order is not None and order.sending is not Sending.PARKED:
            self._questions.want(order.ticket.cl_ord_id, "unreadable")

    def ask_all(self, why: str) -> None:
        """Ask for every live order: a message of the venue was lost on us."""
        for order in self._orders:
            if order.sending is not Sending.PARKED:
                self._questions.want(order.ticket.cl_ord_id, why)

    def _close(self, cl_ord_id: str) -> None:
        order = self._orders.end(cl_ord_id)
        if order is None:
            return
        if order.sending is Sending.SENT:
            self._unanswered -= 1
        self._questions.forget(cl_ord_id)

    def _send_parked(self, cl_ord_id: str, now_ns: int) -> None:
        order = self._orders.find(cl_ord_id)
        if order is None:
            return  # it ended while parked
        cancel = order.cancels.get(cl_ord_id)
        if cancel is not None:
            if cancel.sending is Sending.PARKED and order.sending is not Sending.UNSURE:
                self._send_cancel(order, cancel, now_ns)
        elif order.sending is Sending.PARKED and self._is_of_today(order, now_ns):
            self._send_order(order, now_ns)

    def _is_of_today(self, order: LiveOrder, now_ns: int) -> bool:
        """Whether an order may go out: one for an earlier day is over, the next day will end it."""
        is_of_today = is_same_day(order.accepted_ns, now_ns)
        if not is_of_today:
            log.error("fix.order_of_earlier_day", cl_ord_id=order.ticket.cl_ord_id)
        return is_of_today

    def _send_order(self, order: LiveOrder, now_ns: int, *, poss_resend: bool = False) -> None:
        text = encode.new_order_single(order.ticket, order.accepted_ns, poss_resend=poss_resend)
        if not self._send("D", order.ticket.cl_ord_id, text, now_ns, poss_resend):
            return
        if order.sending is not Sending.SENT:
            self._unanswered += 1
        order.sent(now_ns)
        self._by_time.append((now_ns, order.ticket.cl_ord_id))
        metrics.ORDER_TO_WIRE_SECONDS.observe((now_ns - order.accepted_ns) / _NS)

    def _send_cancel(
        self, order: LiveOrder, cancel: LiveCancel, now_ns: int, *, poss_resend: bool = False
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
        number = outlet.send(text)
        if not number:
            self._parked.append(cl_ord_id)
            log.error("fix.not_taken", cl_ord_id=cl_ord_id, msg_type=kind)
            return False
        self._remember(number, cl_ord_id)
        self._unrecorded[kind, poss_resend].append((number, cl_ord_id))
        return True

    def _record_sent(self, sent_ns: int) -> None:
        """Count what was sent in this turn and have the journal told: its loss only asks."""
        if not self._unrecorded:
            return
        sent, self._unrecorded = self._unrecorded, defaultdict(list)
        for (kind, poss_resend), messages in sent.items():
            _SENT[kind].inc(len(messages))
            if poss_resend:
                metrics.RESENT.labels(kind).inc(len(messages))
            numbers, (first, *more) = zip(*messages, strict=True)
            session = self._fix_session
            self._submit(
                RecordRouted(
                    f"routed:{session}:{numbers[0]}",
                    first,
                    session,
                    sent_ns,
                    poss_resend,
                    tuple(more),
                )
            )

    def _remember(self, number: int, cl_ord_id: str) -> None:
        self._sent_numbers[number] = cl_ord_id
        if len(self._sent_numbers) > SENT_NUMBERS_MAX:
            self._sent_numbers.popitem(last=False)

    def _ask(self, cl_ord_id: str, why: str) -> None:
        order = self._orders.find(cl_ord_id)
        outlet = self._outlet
        if order is None or outlet is None:
            self._questions.forget(cl_ord_id)
            return
        number = outlet.next_number
        question = f"{cl_ord_id}-{number}"
        if outlet.send(encode.order_status_request(order.ticket, question)):
            order.asked(question)
            self._remember(number, cl_ord_id)
            _SENT["H"].inc()
            metrics.STATUS_REQUESTS.labels(why).inc()

    def _ask_silent(self, now_ns: int) -> None:
        """Ask for orders whose own or whose cancel request's answer is overdue."""
        while self._by_time and is_due(self._by_time[0][0], now_ns, self._silence_ns):
            sent_ns, cl_ord_id = self._by_time.popleft()
            order = self._orders.find(cl_ord_id)
            if order is None:
                continue
            cancel = order.cancels.get(cl_ord_id)
            if cancel is not None and cancel.sending is Sending.SENT:
                cancel.sending = Sending.UNSURE
                self._questions.want(order.ticket.cl_ord_id, "silence")
            elif cancel is None and order.sending is Sending.SENT and order.sent_ns == sent_ns:
                self._questions.want(cl_ord_id, "silence")

    def _answered(self, order: LiveOrder) -> None:
        if order.sending is Sending.SENT:
            self._unanswered -= 1
        order.sending = Sending.ANSWERED

    def _unknown(self, order: LiveOrder) -> None:
        """The venue has no such order, although it had read all we sent: send it."""
        cl_ord_id = order.ticket.cl_ord_id
        self._questions.forget(cl_ord_id)
        if self._outlet is None:
            return
        if order.sending is Sending.ANSWERED or order.resend_count >= RESENDS_MAX:
            log.error("fix.order_unknown_to_venue", cl_ord_id=cl_ord_id, sends=order.resend_count)
            return
        now_ns = self._now_ns()
        if not self._is_of_today(order, now_ns):
            return
        order.resend_count += 1
        log.warning("fix.order_resent", cl_ord_id=cl_ord_id)
        self._send_order(order, now_ns, poss_resend=True)
        self._release_cancels(order, OrdStatus.NEW, is_state_known=True)

    def _release_cancels(
        self, order: LiveOrder, ord_status: OrdStatus, *, is_state_known: bool
    ) -> None:
        """The order is at the venue: send the cancel requests that waited for this.

        Those that may have been sent go again only when `ord_status` is the order's state of now.
        """
        if self._outlet is None or ord_status in _CANCEL_IN_HAND:
            return
        for cancel in order.cancels.values():
            if cancel.sending is Sending.PARKED:
                self._send_cancel(order, cancel, self._now_ns())
            elif (
                is_state_known
                and cancel.sending is Sending.UNSURE
                and cancel.resend_count < RESENDS_MAX
            ):
                cancel.resend_count += 1
                self._send_cancel(order, cancel, self._now_ns(), poss_resend=True)

    def _measure(self) -> None:
        metrics.PARKED.set(len(self._parked))
        metrics.UNANSWERED.set(self._unanswered)
