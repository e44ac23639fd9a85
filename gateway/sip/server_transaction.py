"""Server transactions: one received request and our answers to it (RFC 3261 §17.2, RFC 6026).

Retransmitted requests are absorbed here; a failure response to an INVITE is repeated until its
ACK. A 2xx is repeated by the call (§13.3.1.4). Not here: matching (gateway.sip.transactions).
"""

import enum
from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from gateway.sip import metrics
from gateway.sip.message import Request, Response, build_message
from gateway.sip.wire import Hop, Timers


class ServerState(enum.Enum):
    """Figures 7 and 8 of RFC 3261, with Accepted of RFC 6026."""

    TRYING = "trying"
    PROCEEDING = "proceeding"
    COMPLETED = "completed"
    CONFIRMED = "confirmed"
    ACCEPTED = "accepted"
    TERMINATED = "terminated"


class ServerTransaction:
    """A request other than INVITE: the last response is repeated for each repeated request."""

    def __init__(
        self,
        request: Request,
        source: Hop,
        local_tag: str,
        send: Callable[[bytes], None],
        clock: IReactorTime,
        timers: Timers,
        is_reliable: bool,
        on_end: Callable[[], None],
    ) -> None:
        self.request = request
        self.source = source
        self.local_tag = local_tag
        self.state = ServerState.TRYING
        self._send = send
        self._clock = clock
        self._timers = timers
        self._is_reliable = is_reliable
        self._on_end = on_end
        self._last: bytes | None = None
        self._delayed: IDelayedCall | None = None

    @property
    def is_answered(self) -> bool:
        """True once a final response was sent."""
        return self.state not in (ServerState.TRYING, ServerState.PROCEEDING)

    @property
    def has_spoken(self) -> bool:
        """True once any response was sent."""
        return self._last is not None

    def receive_again(self) -> None:
        """The request arrived once more."""
        metrics.RECEIVED_AGAIN.inc()
        if self._last is not None and self.state in (
            ServerState.PROCEEDING,
            ServerState.COMPLETED,
        ):
            self._send(self._last)

    def respond(self, response: Response) -> None:
        """Send a response; only the first final one counts, later ones are a bug."""
        assert not self.is_answered, f"second final response in {self.state}"
        self._last = build_message(response)
        self._send(self._last)
        if response.status < 200:
            self.state = ServerState.PROCEEDING
        else:
            self.request = self.request.without_headers()  # half a minute is long to keep them
            self._complete(response.status)

    def repeat(self) -> None:
        """Send the last response again."""
        assert self._last is not None, "nothing was sent yet"
        metrics.SENT_AGAIN.inc()
        self._send(self._last)

    def _complete(self, status: int) -> None:
        self.state = ServerState.COMPLETED
        self._end_after(0 if self._is_reliable else self._timers.give_up_s)  # timer J

    def _end_after(self, delay_s: float) -> None:
        self._stop_timer()
        self._delayed = self._clock.callLater(delay_s, self.terminate)

    def terminate(self) -> None:
        """Forget the transaction now; harmless when already over."""
        self._stop_timer()
        if self.state is not ServerState.TERMINATED:
            self.state = ServerState.TERMINATED
            self._on_end()

    def _stop_timer(self) -> None:
        if self._delayed is not None and self._delayed.active():
            self._delayed.cancel()
        self._delayed = None


class InviteServerTransaction(ServerTransaction):
    """An INVITE: its failure response is repeated by timer G until the ACK, at most to timer H."""

    _interval_s = 0.0
    _deadline_s = 0.0

    def _complete(self, status: int) -> None:
        if status < 300:
            self.state = ServerState.ACCEPTED
            self._end_after(self._timers.give_up_s)  # timer L
            return
        self.state = ServerState.COMPLETED
        self._deadline_s = self._clock.seconds() + self._timers.give_up_s  # timer H
        self._interval_s = self._timers.t1_s
        self._wait(self._timers.give_up_s if self._is_reliable else self._interval_s)

    def _wait(self, delay_s: float) -> None:
        delay_s = min(delay_s, self._deadline_s - self._clock.seconds())
        self._delayed = self._clock.callLater(max(0.0, delay_s), self._repeat)

    def _repeat(self) -> None:  # timer G
        self._delayed = None
        if self._clock.seconds() >= self._deadline_s:
            self.terminate()
            return
        self.repeat()
        self._interval_s = min(2 * self._interval_s, self._timers.t2_s)
        self._wait(self._interval_s)

    @property
    def is_failed(self) -> bool:
        """True once a 3xx-6xx was sent, whose ACK is this transaction's."""
        return self.state in (ServerState.COMPLETED, ServerState.CONFIRMED)

    def acknowledge(self) -> None:
        """The ACK of our failure response came."""
        if self.state is ServerState.COMPLETED:
            self.state = ServerState.CONFIRMED
            self._end_after(0 if self._is_reliable else self._timers.t4_s)  # timer I
