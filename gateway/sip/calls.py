"""What both kinds of call share: close once, say why, BYE, re-INVITE, and 2xx until its ACK.

Not here: how a call begins (gateway.sip.incoming, gateway.sip.outgoing). RFC 3261 §13-15.
"""

import enum
from collections.abc import Callable
from typing import Protocol, TypeVar

import structlog
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from gateway.media.port import RtpPeer
from gateway.sip import metrics
from gateway.sip.boundary import contained
from gateway.sip.dialog import Dialog, remote_target
from gateway.sip.errors import SipError
from gateway.sip.ladder import Ladder
from gateway.sip.message import Request, Response
from gateway.sip.responses import response_to
from gateway.sip.sdp import CONTENT_TYPE
from gateway.sip.server_transaction import ServerTransaction
from gateway.sip.session import MediaSession, sdp_body
from gateway.sip.settings import SipSettings
from gateway.sip.transactions import Transactions
from gateway.sip.wire import Timers

log = structlog.get_logger("sip")

T = TypeVar("T")

ALLOW = "INVITE, ACK, BYE, CANCEL, OPTIONS"


class CloseReason(enum.Enum):
    """Why a call is over."""

    CANCELLED = "cancelled"  # the caller gave up before an answer
    REFUSED = "refused"  # we did not take it, or the far end did not take ours
    REMOTE_BYE = "remote_bye"
    LOCAL_BYE = "local_bye"
    ACK_TIMEOUT = "ack_timeout"  # our answer was never acknowledged
    NO_ANSWER = "no_answer"  # nobody decided about it in time
    TOO_LONG = "too_long"
    SESSION_UNACCEPTABLE = "session_unacceptable"  # the far end's SDP answer was of no use
    TRANSPORT_LOST = "transport_lost"


class CallHouse(Protocol):
    """What a call needs of its user agent."""

    settings: SipSettings
    clock: IReactorTime
    timers: Timers
    transactions: Transactions

    def contact_by(self, transport: str, scheme: str = "sip") -> str:
        """Return our Contact value for a peer that is reached by that transport."""
        ...

    def new_token(self) -> str:
        """Return 16 hex digits nobody can guess."""
        ...

    def joined(self, call: "Call") -> None:
        """The call has a dialog now: its requests are to be given to it."""

    def left(self, call: "Call") -> None:
        """The call is over."""


class AnswerInFlight:
    """Our 2xx to an INVITE, repeated until its ACK or for 64 x T1 (§13.3.1.4)."""

    def __init__(
        self, house: CallHouse, transaction: ServerTransaction, on_timeout: Callable[[], None]
    ) -> None:
        self.transaction = transaction
        self._house = house
        self._on_timeout = on_timeout
        self._interval_s = house.timers.t1_s
        self._deadline_s = house.clock.seconds() + house.timers.give_up_s
        self._delayed: IDelayedCall = house.clock.callLater(self._interval_s, self._repeat)

    def _repeat(self) -> None:
        left_s = self._deadline_s - self._house.clock.seconds()
        if left_s <= 0:
            self._on_timeout()
            return
        self.transaction.repeat()
        self._interval_s = min(2 * self._interval_s, self._house.timers.t2_s)
        self._delayed = self._house.clock.callLater(min(self._interval_s, left_s), self._repeat)

    def stop(self) -> None:
        """It is acknowledged, or the call is over."""
        if self._delayed.active():
            self._delayed.cancel()


class Call:
    """A call of either direction. Closing is idempotent, and every call closes in the end."""

    def __init__(
        self, house: CallHouse, call_no: str, sip_call_id: str, session: MediaSession
    ) -> None:
        self.call_no = call_no
        self.sip_call_id = sip_call_id
        self.ladder = Ladder(house.clock.seconds())
        self.close_reason: CloseReason | None = None
        self.dialog: Dialog | None = None
        self.session = session
        self._house = house
        self._on_closed: list[Callable[[CloseReason], None]] = []
        self._on_peer: list[Callable[[RtpPeer], None]] = []
        self._in_flight: AnswerInFlight | None = None
        self._limit: IDelayedCall | None = None
        metrics.CALLS_ACTIVE.inc()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.call_no}>"

    @property
    def is_closed(self) -> bool:
        """True once the call is over for us."""
        return self.close_reason is not None

    @property
    def peer(self) -> RtpPeer | None:
        """Where our audio goes; None until the far end has said so."""
        return self.session.peer

    def on_closed(self, callback: Callable[[CloseReason], None]) -> None:
        """Call back once when the call is over; at once when it already is."""
        if self.close_reason is not None:
            callback(self.close_reason)
        else:
            self._on_closed.append(callback)

    def on_peer(self, callback: Callable[[RtpPeer], None]) -> None:
        """Call back whenever the far end says anew where it wants its audio."""
        self._on_peer.append(callback)

    def hangup(self) -> None:
        """End the call from our side; harmless when it is over."""
        if not self.is_closed:
            self._close(CloseReason.LOCAL_BYE)
            self._say_bye()

    def request_received(self, transaction: ServerTransaction) -> None:
        """A request within our dialog."""
        request = transaction.request
        self._note_received(request)
        assert self.dialog is not None
        if not self.dialog.takes(request):
            self._respond(transaction, 500, extra=(("Retry-After", "1"),))
        elif request.method == "BYE":
            self._respond(transaction, 200)
            self._bye_received()
        elif self.is_closed:
            self._respond(transaction, 481)
        elif request.method == "INVITE":
            self._reinvite_received(transaction)
        else:
            self._respond(transaction, 200, extra=(("Allow", ALLOW), ("Accept", CONTENT_TYPE)))

    def _bye_received(self) -> None:
        self._stop_in_flight()
        self._close(CloseReason.REMOTE_BYE)
        self._house.left(self)

    def _reinvite_received(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        assert self.dialog is not None
        if self._in_flight is not None or not self._is_settled:
            self._respond(transaction, 491)
            return
        try:
            target = remote_target(request)
            body = sdp_body(request)
            answer = self.session.offer_again() if body is None else self.session.reanswer(body)
        except SipError as e:
            self._respond(transaction, e.status, extra=extra_of(e.status))
            return
        self.dialog.remote_target = target
        self._answer_invite(transaction, answer)
        if body is not None:
            self._tell_peer()

    @property
    def _is_settled(self) -> bool:
        """True when no INVITE of ours or theirs is open in this dialog."""
        return True

    def _answer_invite(self, transaction: ServerTransaction, body: bytes) -> None:
        extra = (
            ("Contact", self._house.contact_by(transaction.source.transport)),
            ("Allow", ALLOW),
        )
        self._respond(transaction, 200, extra, body)
        self._in_flight = AnswerInFlight(self._house, transaction, self._ack_timed_out)

    def ack_received(self, request: Request) -> None:
        """The ACK of our 2xx; it carries the answer when our 2xx carried an offer."""
        flight = self._in_flight
        if flight is None or flight.transaction.request.cseq.number != request.cseq.number:
            return
        self._note_received(request)
        self._stop_in_flight()
        if self.is_closed:
            self._say_bye()
        elif self.session.awaits_answer:
            try:
                self.session.take_answer(sdp_body(request))
            except SipError as e:
                log.info("sip.answer_unacceptable", call_no=self.call_no, problem=str(e))
                self._close(CloseReason.SESSION_UNACCEPTABLE)
                self._say_bye()
            else:
                self._tell_peer()

    def _ack_timed_out(self) -> None:
        self._in_flight = None
        self._close(CloseReason.ACK_TIMEOUT)
        self._say_bye()

    def _stop_in_flight(self) -> None:
        if self._in_flight is not None:
            self._in_flight.stop()
            self._in_flight = None

    def _say_bye(self) -> None:
        """Send BYE, but not before the ACK of our 2xx, or its time-out (§15)."""
        if self._in_flight is not None or self.dialog is None:
            return
        to = self._house.transactions.hop_of(self.dialog)
        bye = self.dialog.request("BYE", self._house.transactions.new_via(to.transport))
        self._note_sent(bye)
        self._house.transactions.start(bye, to, self._bye_answered, lambda: self._house.left(self))

    def _bye_answered(self, response: Response) -> None:
        self._note_received(response)
        if response.status >= 200:
            self._house.left(self)

    def lose(self) -> None:
        """The transport is gone: nothing can be sent any more."""
        self._stop_in_flight()
        self._stop_limit()
        self._close(CloseReason.TRANSPORT_LOST)
        self._house.left(self)

    def _tell_peer(self) -> None:
        peer = self.session.peer
        assert peer is not None
        for callback in list(self._on_peer):
            told(self.call_no, callback, peer)

    def _limit_to(self, seconds: float, call: Callable[[], None]) -> None:
        self._stop_limit()
        self._limit = self._house.clock.callLater(seconds, call)

    def _stop_limit(self) -> None:
        if self._limit is not None and self._limit.active():
            self._limit.cancel()
        self._limit = None

    def _lasted_too_long(self) -> None:
        self._close(CloseReason.TOO_LONG)
        self._say_bye()

    def _close(self, reason: CloseReason) -> None:
        if self.close_reason is not None:
            return
        self.close_reason = reason
        self._stop_limit()
        self.ladder.remark(self._house.clock.seconds(), f"closed: {reason.value}")
        metrics.CALLS_ACTIVE.dec()
        self._count_outcome(reason)
        log.info("sip.call_closed", call_no=self.call_no, reason=reason.value)
        log.debug("sip.call_ladder", call_no=self.call_no, ladder=self.ladder.lines())
        callbacks, self._on_closed, self._on_peer = self._on_closed, [], []
        for callback in callbacks:
            told(self.call_no, callback, reason)

    def _count_outcome(self, reason: CloseReason) -> None:
        """Count what became of it, once, where that is asked for."""

    def _respond(
        self,
        transaction: ServerTransaction,
        status: int,
        extra: tuple[tuple[str, str], ...] = (),
        body: bytes = b"",
        reason: str = "",
    ) -> None:
        extra = (*extra, ("Server", self._house.settings.server_name))
        tag = self.dialog.local.tag if self.dialog is not None else transaction.local_tag
        response = response_to(transaction.request, status, tag, extra, body, reason)
        self._note_sent(response)
        transaction.respond(response)

    def _note_sent(self, message: Request | Response) -> None:
        self.ladder.sent(self._house.clock.seconds(), message)

    def _note_received(self, message: Request | Response) -> None:
        self.ladder.received(self._house.clock.seconds(), message)


def told(call_no: str, callback: Callable[[T], None], value: T) -> bool:
    """Call back into the rooms above; True unless a bug there ended it."""
    return contained("sip.callback_failed", lambda: callback(value), call_no=call_no)


def extra_of(status: int) -> tuple[tuple[str, str], ...]:
    """Return the headers that must go with a refusal (§21.4)."""
    if status == 405:
        return (("Allow", ALLOW),)
    if status == 415:
        return (("Accept", CONTENT_TYPE), ("Accept-Encoding", "identity"))
    return ()
