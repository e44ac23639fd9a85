"""One open stream: orders in, outcomes and changes out.

What a turn of the reactor has to say leaves in one frame at its end. A reader that leaves
`stream_buffer_bytes_max` unread is cut: it comes back and starts from a snapshot.
Not here: which streams there are (gateway.web.streams), frames' bytes in (aiohttp).
"""

from asyncio import AbstractEventLoop, WriteTransport
from collections import deque
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import msgspec
import structlog
from prometheus_client import Counter
from twisted.python.failure import Failure

from gateway.core.ports import NowNs, OutcomeUnknown
from gateway.identity.logins import Login
from gateway.web import messages as m
from gateway.web import metrics
from gateway.web.answers import accepted_answer, cancel_answer
from gateway.web.decode import body_decoder
from gateway.web.limits import FairTurns, RateLimit
from gateway.web.orders import checked_cl_ord_id, request_id, submit_command
from gateway.web.ports import Events, Heart, Reads
from gateway.web.problems import Kind, Problem, ProblemBody, denial_body
from gateway.web.settings import WebSettings
from gateway.web.watch import Watch
from risk.domain.commands import CancelOrder, Command
from risk.domain.enums import Channel, Language
from risk.domain.errors import TemporaryFailure
from risk.domain.events import CancelDenied, CancelRequested, Event, OrderAccepted, OrderDenied

log = structlog.get_logger("web")

TROUBLES_MAX: Final = 100  # messages that could not be read before the stream is closed
encode: Final = msgspec.json.Encoder().encode
decode: Final = body_decoder(m.ToUs)
decode_several: Final = body_decoder(list[msgspec.Raw])


class Surroundings(NamedTuple):
    """What all streams of a door share."""

    settings: WebSettings
    heart: Heart
    reads: Reads
    events: Events
    per_login: RateLimit
    turns: FairTurns
    now_ns: NowNs
    loop: AbstractEventLoop


class Pending:
    """A request without an answer yet."""

    __slots__ = ("is_answered", "key", "late_at_s")

    def __init__(self, key: str, late_at_s: float) -> None:
        self.key = key
        self.late_at_s = late_at_s
        self.is_answered = False


class Stream:
    """`close` asks the connection to end with a code (RFC 6455 §7.4) and a reason."""

    def __init__(
        self,
        around: Surroundings,
        login: Login,
        language: Language,
        trace_id: str,
        transport: WriteTransport,
        close: Callable[["Stream", int, str], None],
    ) -> None:
        self.login = login
        self.is_over = False
        self._around = around
        self._language = language
        self._trace_id = trace_id
        self._transport = transport
        self._close = close
        self._n = 0
        self._troubles = 0
        self._said: list[Any] = []
        self._planned = False
        self._pending: deque[Pending] = deque()
        self._pending_count = 0
        self.watch = Watch(login.account_no, around.reads, self._next_n)
        self._takes: dict[type, Callable[[Any], None]] = {
            m.Submit: self._submit,
            m.Cancel: self._cancel,
            m.Subscribe: self._subscribe,
            m.Ping: lambda ping: self._say(m.Pong(self._next_n(), ping.id)),
        }

    def take(self, raw: bytes) -> None:
        """Take a frame of the client: one message, or an array of them."""
        if raw[:1] != b"[":
            self._take_one(raw)
            return
        try:
            several = decode_several(raw)
            if len(several) > m.MESSAGES_PER_FRAME_MAX:
                raise Problem(
                    Kind.NOT_VALID,
                    field="body",
                    value=f"{len(several)} messages",
                    remedy=f"send at most {m.MESSAGES_PER_FRAME_MAX} messages a frame",
                )
        except Problem as problem:
            self._trouble("", problem)
            return
        for one in several:
            self._take_one(bytes(one))

    def note(self, event: Event) -> None:
        """Take a durable event of this stream's account."""
        if self.watch.topics and self.watch.mark(event):
            self._plan()

    def begin_anew(self) -> None:
        """Send a snapshot again, when anything is watched."""
        if self.watch.topics or self.watch.symbols:
            self.watch.begin_anew()
            self._plan()

    def tell_quote(self, message: Callable[[int], m.QuoteChanged]) -> None:
        """Send a quote."""
        self._say(message(self._next_n()))

    def tell_late(self, now_s: float) -> None:
        """Say of requests that waited too long that their outcome is unknown so far."""
        while self._pending and (
            self._pending[0].is_answered or self._pending[0].late_at_s <= now_s
        ):
            pending = self._pending.popleft()
            if not pending.is_answered:
                self._say(m.Unknown(self._next_n(), pending.key))

    def cut(self) -> None:
        """Drop the connection with everything unread."""
        self._transport.abort()

    def end(self) -> None:
        """Say nothing more; what is answered later is dropped."""
        self.is_over = True
        self._said.clear()

    def _take_one(self, raw: bytes) -> None:
        key = ""
        try:
            wait_s = self._around.per_login.take(self.login.digest)
            message = decode(raw)
            key = getattr(message, "request_id", "")
            if wait_s > 0:
                raise Problem(Kind.TOO_MANY, retry_after_s=wait_s)
            _COUNTERS[type(message)].inc()
            self._takes[type(message)](message)
        except Problem as problem:
            self._trouble(key, problem)
        except TemporaryFailure as failure:
            log.warning("stream.busy", code=failure.code)
            self._trouble(key, Problem(Kind.BUSY, retry_after_s=1))

    def _submit(self, message: m.Submit) -> None:
        around = self._around
        self._ask(
            message.request_id,
            submit_command(
                message,
                self.login.account_no,
                message.request_id,
                self._trace_id,
                around.now_ns(),
            ),
        )

    def _cancel(self, message: m.Cancel) -> None:
        account_no = self.login.account_no
        self._ask(
            message.request_id,
            CancelOrder(
                request_id(account_no, message.request_id),
                account_no,
                checked_cl_ord_id(message.cl_ord_id),
                Channel.WEB,
                trace_id=self._trace_id,
                entered_ns=self._around.now_ns(),
            ),
        )

    def _ask(self, key: str, command: Command) -> None:
        settings = self._around.settings
        if self._pending_count >= settings.stream_orders_max:
            raise Problem(Kind.BUSY, remedy="wait for answers before sending more", retry_after_s=1)
        pending = Pending(key, self._around.loop.time() + settings.reply_timeout_s)
        self._pending.append(pending)
        self._pending_count += 1
        self._around.turns.put(self, lambda: self._send(command, pending))

    def _send(self, command: Command, pending: Pending) -> None:
        self._around.heart.submit(command).addCallbacks(
            self._answered, self._failed, callbackArgs=(pending,), errbackArgs=(pending,)
        )

    def _answered(self, event: Event, pending: Pending) -> None:
        self._settle(pending)
        key = pending.key
        match event:
            case OrderAccepted():
                self._say(m.Accepted(self._next_n(), key, accepted_answer(event)))
            case CancelRequested():
                self._say(m.CancelTaken(self._next_n(), key, cancel_answer(event)))
            case OrderDenied() | CancelDenied():
                self._say_trouble(
                    key,
                    denial_body(event.reason, event.detail, self._language, self._trace_id),
                )
            case _:
                raise AssertionError(f"{type(event).__name__} is no outcome of an order or cancel")

    def _failed(self, failure: Failure, pending: Pending) -> None:
        self._settle(pending)
        kind = Kind.UNKNOWN_OUTCOME if failure.check(OutcomeUnknown) else Kind.BUSY
        log.warning("stream.not_answered", error=repr(failure.value))
        self._say_trouble(pending.key, Problem(kind).body(self._language, self._trace_id))

    def _settle(self, pending: Pending) -> None:
        pending.is_answered = True
        self._pending_count -= 1
        while self._pending and self._pending[0].is_answered:
            self._pending.popleft()

    def _subscribe(self, message: m.Subscribe) -> None:
        symbols_max = self._around.settings.stream_symbols_max
        if len(message.symbols) > symbols_max:
            raise Problem(
                Kind.NOT_VALID,
                field="symbols",
                value=f"{len(message.symbols)} symbols",
                remedy=f"watch at most {symbols_max} symbols",
            )
        for symbol in message.symbols:
            if self._around.reads.instrument(symbol) is None:
                raise Problem(Kind.NOT_FOUND, field="symbol", value=symbol)
        self.watch.subscribe(message)
        self._plan()

    def _trouble(self, key: str, problem: Problem) -> None:
        self._troubles += 1
        self._say_trouble(key, problem.body(self._language, self._trace_id))
        if self._troubles >= TROUBLES_MAX:
            self._close(self, 1008, f"{TROUBLES_MAX} messages could not be taken")

    def _say_trouble(self, key: str, body: ProblemBody) -> None:
        self._say(m.Trouble(self._next_n(), key, body))

    def _next_n(self) -> int:
        self._n += 1
        return self._n

    def _say(self, message: Any) -> None:
        if not self.is_over:
            self._said.append(message)
            self._plan()

    def _plan(self) -> None:
        if not self._planned:
            self._planned = True
            self._around.loop.call_soon(self._turn)

    def _turn(self) -> None:
        """Send all that this turn of the reactor has to say in one frame."""
        self._planned = False
        if self.is_over or self._transport.is_closing():
            return
        self._said.extend(self.watch.changes(self._around.events.durable_seq))
        if not self._said:
            return
        self._transport.write(m.text_frame(encode(self._said)))
        self._said.clear()
        if self._transport.get_write_buffer_size() > self._around.settings.stream_buffer_bytes_max:
            self._close(self, 0, "slow")


_COUNTERS: Final[dict[type, Counter]] = {
    kind: metrics.STREAM_MESSAGES.labels(kind.__struct_config__.tag)
    for kind in (m.Submit, m.Cancel, m.Subscribe, m.Ping)
}
