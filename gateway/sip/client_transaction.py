"""Client transactions: one request of ours and the answers to it (RFC 3261 §17.1, RFC 6026).

Not here: matching (gateway.sip.transactions) and the ACK of a 2xx, which is the call's.
"""

import enum
from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from gateway.sip import metrics
from gateway.sip.errors import SipNotSent
from gateway.sip.headers import CSeq
from gateway.sip.message import Headers, Request, Response, build_message
from gateway.sip.wire import Timers

TIMER_D_S = 32.0


class ClientState(enum.Enum):
    """Figures 5 and 6 of RFC 3261, with Accepted of RFC 6026."""

    TRYING = "trying"
    PROCEEDING = "proceeding"
    COMPLETED = "completed"
    ACCEPTED = "accepted"
    TERMINATED = "terminated"


class ClientTransaction:
    """A request other than INVITE, sent again (timer E) until an answer or timer F.

    `on_response` gets every new provisional and the one final response; `on_failure` is told
    once when none came in time or the message could not be sent.
    """

    def __init__(
        self,
        request: Request,
        send: Callable[[bytes], None],
        clock: IReactorTime,
        timers: Timers,
        is_reliable: bool,
        on_response: Callable[[Response], None],
        on_failure: Callable[[], None],
        on_end: Callable[[], None],
    ) -> None:
        self.request = request
        self.state = ClientState.TRYING
        self._send = send
        self._clock = clock
        self._timers = timers
        self._is_reliable = is_reliable
        self._on_response = on_response
        self._on_failure = on_failure
        self._on_end = on_end
        self._bytes = build_message(request)
        self._interval_s = timers.t1_s
        self._delayed: list[IDelayedCall] = []

    @property
    def is_answered(self) -> bool:
        """True once a final response came, or none will."""
        return self.state not in (ClientState.TRYING, ClientState.PROCEEDING)

    def start(self) -> None:
        """Send the request for the first time."""
        self._later(self._timers.give_up_s, self._give_up)  # timers B and F
        if not self._is_reliable:
            self._later(self._interval_s, self._repeat)  # timers A and E
        self._transmit()

    def _transmit(self) -> None:
        try:
            self._send(self._bytes)
        except SipNotSent:
            self._give_up()

    def _repeat(self) -> None:
        if self.state is ClientState.TRYING:
            self._interval_s = self._next_interval_s()
        elif self.state is ClientState.PROCEEDING:
            self._interval_s = self._timers.t2_s
        else:
            return
        metrics.SENT_AGAIN.inc()
        self._later(self._interval_s, self._repeat)
        self._transmit()

    def _next_interval_s(self) -> float:
        return min(2 * self._interval_s, self._timers.t2_s)

    def _give_up(self) -> None:
        if self.state in (ClientState.TRYING, ClientState.PROCEEDING):
            self.terminate()
            self._on_failure()

    def cut(self) -> None:
        """The connection is gone; a request that was heard may be answered over another."""
        if self.state is ClientState.TRYING:
            self._give_up()

    def receive(self, response: Response) -> None:
        """A response that belongs to this request."""
        if self.state not in (ClientState.TRYING, ClientState.PROCEEDING):
            metrics.RECEIVED_AGAIN.inc()
            return
        if response.status < 200:
            self.state = ClientState.PROCEEDING
        else:
            self.state = ClientState.COMPLETED
            self._end_after(0 if self._is_reliable else self._timers.t4_s)  # timer K
        self._on_response(response)

    def terminate(self) -> None:
        """Forget the transaction now; harmless when already over."""
        self._stop_timers()
        if self.state is not ClientState.TERMINATED:
            self.state = ClientState.TERMINATED
            self._on_end()

    def _end_after(self, delay_s: float) -> None:
        self._stop_timers()
        self._later(delay_s, self.terminate)

    def _later(self, delay_s: float, call: Callable[[], None]) -> None:
        self._delayed = [delayed for delayed in self._delayed if delayed.active()]
        self._delayed.append(self._clock.callLater(delay_s, call))

    def _stop_timers(self) -> None:
        for delayed in self._delayed:
            if delayed.active():
                delayed.cancel()
        self._delayed.clear()


class InviteClientTransaction(ClientTransaction):
    """An INVITE: timer A without an upper bound, ACK of failures here, every 2xx passed on."""

    def _next_interval_s(self) -> float:
        return 2 * self._interval_s

    def _repeat(self) -> None:
        if self.state is ClientState.TRYING:
            super()._repeat()

    def receive(self, response: Response) -> None:
        """A response that belongs to this INVITE; a 2xx may come again or from another fork."""
        if self.state is ClientState.COMPLETED and response.status >= 300:
            metrics.RECEIVED_AGAIN.inc()
            self._acknowledge(response)
        elif self.state is ClientState.ACCEPTED and 200 <= response.status < 300:
            self._on_response(response)
        elif self.state in (ClientState.TRYING, ClientState.PROCEEDING):
            self._first(response)

    def _first(self, response: Response) -> None:
        if response.status < 200:
            if self.state is ClientState.TRYING:
                self._stop_timers()  # it rings: how long is the call's to decide
            self.state = ClientState.PROCEEDING
        elif response.status < 300:
            self.state = ClientState.ACCEPTED
            self._end_after(self._timers.give_up_s)  # timer M
        else:
            self.state = ClientState.COMPLETED
            self._end_after(0 if self._is_reliable else TIMER_D_S)  # timer D
            self._acknowledge(response)
        self._on_response(response)

    def _acknowledge(self, response: Response) -> None:
        try:
            self._send(build_message(failure_ack(self.request, response)))
        except SipNotSent:
            self.terminate()


def failure_ack(invite: Request, response: Response) -> Request:
    """Return the ACK of a 3xx-6xx: on the INVITE's own branch (§17.1.1.3)."""
    headers = Headers([("Via", str(invite.via))])
    headers.rows += [row for row in invite.headers.rows if row[0] in ("Max-Forwards", "Route")]
    headers.add("From", str(invite.sender))
    headers.add("To", str(response.to))
    headers.add("Call-ID", invite.call_id)
    headers.add("CSeq", str(CSeq(invite.cseq.number, "ACK")))
    return Request("ACK", invite.uri, headers)


def cancel_of(invite: Request) -> Request:
    """Return the CANCEL of an INVITE that got a provisional response (§9.1)."""
    headers = Headers([("Via", str(invite.via))])
    headers.rows += [
        row
        for row in invite.headers.rows
        if row[0] in ("Max-Forwards", "Route", "From", "To", "Call-ID")
    ]
    headers.add("CSeq", str(CSeq(invite.cseq.number, "CANCEL")))
    return Request("CANCEL", invite.uri, headers)
