"""One branch connection, sans I/O: bytes in, calls to the heart, frames out.

hello first, then requests in any number without waiting; each order or cancel is answered when its
outcome is durable, in any order. What is to be sent is collected and taken in one piece by the
server. A request's id in the journal is `branch:<code>:<day>:<client_seq>`: a branch that lost an
answer sends the request again, on this or another connection, and gets the first outcome.
Not here: sockets, TLS and who may connect (server).
"""

from collections.abc import Callable
from itertools import count
from typing import Any, Final

import msgspec
import structlog
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from gateway.branch import answers, metrics, wire
from gateway.branch.frames import REQUEST_BYTES_MAX, FrameReader, WireError, framed
from gateway.branch.pushes import Pushes
from gateway.branch.settings import BranchSettings
from gateway.core.ports import NowNs, OutcomeUnknown
from gateway.core.queries import Queries
from gateway.core.sequencer import Sequencer
from risk.domain.commands import CancelOrder, SubmitOrder
from risk.domain.enums import Channel, Side
from risk.domain.errors import HotlineError
from risk.domain.events import Event
from risk.domain.fixedpoint import parse_e4
from risk.domain.reasons import ReasonCode

log = structlog.get_logger("branch")

HELLO_S_MAX: Final = 5.0
SILENT_HEARTBEATS_MAX: Final = 3
REPLY_S_MAX: Final = 10.0
INVALID_MAX: Final = 100  # per connection
POSITIONS_MAX: Final = 2_000  # of one answer

_LATE: Final = OutcomeUnknown("no outcome in time: ask again with the same client_seq")


class BranchLink:
    """One connection whose certificate names `branch_code`.

    `wake()` is called when there is something to `take`; `is_over` says that the connection is
    closed after that.
    """

    def __init__(
        self,
        branch_code: str,
        sequencer: Sequencer,
        queries: Queries,
        pushes: Pushes,
        settings: BranchSettings,
        clock: IReactorTime,
        now_ns: NowNs,
        wake: Callable[[], None],
    ) -> None:
        self.branch_code = branch_code
        self.is_over = False
        self._sequencer = sequencer
        self._queries = queries
        self._pushes = pushes
        self._settings = settings
        self._clock = clock
        self._now_ns = now_ns
        self._wake = wake
        self._frames = FrameReader(REQUEST_BYTES_MAX)
        self._out: list[bytes] = []
        self.out_bytes = 0
        self._is_welcome = False
        self._opened_s = self._heard_s = self._said_s = clock.seconds()
        self._tokens = count()
        self._in_flight: dict[int, tuple[int, float]] = {}  # token -> client_seq, since
        self._in_flight_count = 0
        self._invalid_count = 0
        self._stop_pushes: Callable[[], None] = lambda: None

    @property
    def is_full(self) -> bool:
        """Whether so many requests are unanswered that no more should be read."""
        return self._in_flight_count >= self._settings.in_flight_max

    def receive(self, data: bytes) -> None:
        """Take bytes of the branch."""
        if self.is_over:
            return
        self._heard_s = self._clock.seconds()
        entered_ns = self._now_ns()
        try:
            for frame in self._frames.feed(data):
                if self._is_welcome:
                    self._request(frame, entered_ns)
                else:
                    self._hello(frame)
                if self.is_over:
                    return
        except WireError as error:
            self.refuse(error.code, str(error))

    def take(self) -> bytes:
        """Return everything to be sent now, as one piece."""
        out, self._out, self.out_bytes = self._out, [], 0
        self._said_s = self._clock.seconds()
        return framed(out)

    def tick(self) -> None:
        """Look at the clock, about once a second."""
        now_s = self._clock.seconds()
        if not self._is_welcome and now_s - self._opened_s > HELLO_S_MAX:
            self.refuse("branch.hello_late", f"hello must come within {HELLO_S_MAX:.0f} s")
        heartbeat_s = self._settings.heartbeat_s
        if now_s - self._heard_s > SILENT_HEARTBEATS_MAX * heartbeat_s:
            self.refuse("branch.silent", f"nothing came for {now_s - self._heard_s:.0f} s")
        elif self._is_welcome and now_s - self._said_s >= heartbeat_s:
            self._send(wire.Heartbeat())
        while self._in_flight:
            token, (client_seq, since_s) = next(iter(self._in_flight.items()))
            if now_s - since_s < REPLY_S_MAX:
                break
            del self._in_flight[token]
            self._send(answers.failure(client_seq, True, _LATE))

    def refuse(self, code: str, text: str) -> None:
        """Tell why, then close."""
        if self.is_over:
            return
        metrics.CUT.labels(code).inc()
        log.warning("branch.refused", branch=self.branch_code, code=code, text=text)
        self._send(wire.Refused(code, text[: wire.TEXT_CHARS_MAX]))
        self.closed()

    def closed(self) -> None:
        """The connection is over; answers that still come are for a resend to collect."""
        self.is_over = True
        self._stop_pushes()

    def _send(self, message: wire.Answer) -> None:
        self._push(wire.encode(message))

    def _push(self, data: bytes) -> None:
        if self.is_over:
            return
        self._out.append(data)
        self.out_bytes += len(data)
        self._wake()

    def _hello(self, frame: bytes) -> None:
        try:
            loose = msgspec.msgpack.decode(frame)
            if isinstance(loose, dict) and loose.get("type") == "hello":
                version = loose.get("version")
                if version != wire.WIRE_VERSION:
                    text = f"version must be {wire.WIRE_VERSION}, was {version!r:.20}"
                    return self.refuse("branch.wrong_version", text)
            hello = wire.decode_hello(frame)
        except wire.UNREADABLE as error:
            return self.refuse("branch.hello_expected", f"the first message must be hello: {error}")
        if hello.branch_code != self.branch_code:
            text = f"the certificate is of {self.branch_code}, hello said {hello.branch_code}"
            return self.refuse("branch.wrong_certificate", text)
        self._is_welcome = True
        missed, is_gap = self._pushes.missed(self.branch_code, hello.last_event_seq)
        asks_none = not hello.last_event_seq
        self._send(
            wire.Welcome(
                wire.WIRE_VERSION,
                self.branch_code,
                self._queries.day,
                self._pushes.durable_seq,
                is_gap and not asks_none,
                self._settings.heartbeat_s,
            )
        )
        for data in () if asks_none else missed:
            self._push(data)
        self._stop_pushes = self._pushes.listen(self.branch_code, self._push)

    def _request(self, frame: bytes, entered_ns: int) -> None:
        try:
            request = wire.decode_request(frame)
        except wire.UNREADABLE as error:
            return self._invalid(frame, str(error))
        try:
            _ANSWER[type(request)](self, request, entered_ns)
        except HotlineError as error:  # the heart has failed; queries say so by raising
            self.refuse("branch.closing", str(error))

    def _invalid(self, frame: bytes, problem: str) -> None:
        try:
            loose = msgspec.msgpack.decode(frame)
        except wire.UNREADABLE:
            loose = None
        if not isinstance(loose, dict):
            raise WireError(f"a message must be a msgpack map: {problem}")
        metrics.INVALID.inc()
        self._invalid_count += 1
        if self._invalid_count > INVALID_MAX:
            return self.refuse("branch.too_many_invalid", f"more than {INVALID_MAX}: {problem}")
        self._send(
            wire.Invalid(
                _number(loose, "client_seq"),
                _number(loose, "query_no"),
                problem[: wire.TEXT_CHARS_MAX],
            )
        )

    def _order(self, order: wire.Order, entered_ns: int) -> None:
        request_id = f"branch:{self.branch_code}:{order.day}:{order.client_seq}"
        command = SubmitOrder(
            request_id,
            order.account_no,
            order.symbol,
            Side(order.side),
            order.qty,
            parse_e4(order.price),
            Channel.BRANCH,
            branch_code=self.branch_code,
            trace_id=order.trace_id or request_id,
            entered_ns=entered_ns,
        )
        self._submit(order, command)

    def _cancel(self, cancel: wire.Cancel, entered_ns: int) -> None:
        request_id = f"branch:{self.branch_code}:{cancel.day}:{cancel.client_seq}"
        command = CancelOrder(
            request_id,
            cancel.account_no,
            cancel.cl_ord_id,
            Channel.BRANCH,
            self.branch_code,
            cancel.trace_id or request_id,
            entered_ns,
        )
        self._submit(cancel, command)

    def _submit(
        self, request: wire.Order | wire.Cancel, command: SubmitOrder | CancelOrder
    ) -> None:
        day = self._queries.day
        if request.day != day and not self._was_taken(command.request_id):
            text = (
                f"day must be {day}, was {request.day}: that request was never taken; "
                "send it with today's day if it is still wanted"
            )
            return self._send(wire.Invalid(request.client_seq, 0, text))
        _COUNTER[type(request)].inc()
        token = next(self._tokens)
        self._in_flight[token] = request.client_seq, self._clock.seconds()
        self._in_flight_count += 1
        place = (token, request.client_seq)
        reply = self._sequencer.submit(command)
        reply.addCallbacks(self._answer, self._failed, place, {}, place)

    def _was_taken(self, request_id: str) -> bool:
        """Whether a request of another day can still be answered with its first outcome."""
        found = self._sequencer.find(request_id)
        if found is not None:
            found.addErrback(lambda _: None)
        return found is not None

    def _answer(self, event: Event, token: int, client_seq: int) -> None:
        self._in_flight.pop(token, None)
        self._in_flight_count -= 1
        self._send(answers.outcome(client_seq, event))

    def _failed(self, failure: Failure, token: int, client_seq: int) -> None:
        error = failure.value
        self._in_flight.pop(token, None)
        self._in_flight_count -= 1
        assert isinstance(error, HotlineError), error
        self._send(answers.failure(client_seq, isinstance(error, OutcomeUnknown), error))

    def _orders(self, query: wire.Orders, entered_ns: int) -> None:
        if self._may_see(query.query_no, query.account_no):
            orders = self._queries.orders(query.account_no, query.limit)
            rows = [answers.order_row(order) for order in orders]
            self._send(wire.OrderList(query.query_no, query.account_no, rows))

    def _positions(self, query: wire.Positions, entered_ns: int) -> None:
        if self._may_see(query.query_no, query.account_no):
            held = self._queries.positions(query.account_no)[:POSITIONS_MAX]
            rows = [answers.position_row(position) for position in held]
            self._send(wire.PositionList(query.query_no, query.account_no, rows))

    def _cash(self, query: wire.Cash, entered_ns: int) -> None:
        if self._may_see(query.query_no, query.account_no):
            account = self._queries.account(query.account_no)
            assert account is not None, "a branch's account exists"
            self._send(answers.cash_state(query.query_no, account))

    def _quote(self, query: wire.Quote, entered_ns: int) -> None:
        quote = self._queries.quote(query.symbol)
        if quote is None:
            self._send(answers.query_denied(query.query_no, ReasonCode.SYMBOL_UNKNOWN))
        else:
            self._send(answers.quote_state(query.query_no, query.symbol, quote))

    def _heartbeat(self, heartbeat: wire.Heartbeat, entered_ns: int) -> None:
        """Having been heard is all."""

    def _may_see(self, query_no: int, account_no: str) -> bool:
        """Tell an account of another branch apart from this one's; an unknown one is alike."""
        is_own = self._queries.branch_of(account_no) == self.branch_code
        if not is_own:
            self._send(answers.query_denied(query_no, ReasonCode.NOT_YOUR_ACCOUNT))
        return is_own


_COUNTER: Final = {
    wire.Order: metrics.REQUESTS.labels("order"),
    wire.Cancel: metrics.REQUESTS.labels("cancel"),
}
_ANSWER: Final[dict[type, Callable[[BranchLink, Any, int], None]]] = {
    wire.Order: BranchLink._order,
    wire.Cancel: BranchLink._cancel,
    wire.Orders: BranchLink._orders,
    wire.Positions: BranchLink._positions,
    wire.Cash: BranchLink._cash,
    wire.Quote: BranchLink._quote,
    wire.Heartbeat: BranchLink._heartbeat,
}


def _number(loose: dict[Any, Any], name: str) -> int:
    value = loose.get(name)
    return value if type(value) is int and 0 <= value <= wire.NUMBER_MAX else 0
