"""What both kinds of call share: requests within the call, both ways; close once and say why.

Not here: how a call begins (gateway.sip.incoming, gateway.sip.outgoing), and the parts of a
running one: changes of its session, its timer, referrals. RFC 3261 §12-15.
"""

import enum
from collections.abc import Callable
from typing import TypeVar

import structlog
from twisted.internet.interfaces import IDelayedCall

from gateway.media.port import Address, RtpPeer
from gateway.sip import metrics
from gateway.sip.boundary import contained
from gateway.sip.call_house import CallHouse, Credentials
from gateway.sip.errors import SipError
from gateway.sip.in_dialog import InDialog, Rows
from gateway.sip.in_flight import AnswerInFlight
from gateway.sip.info_keys import ACCEPTED, key_of
from gateway.sip.message import Headers, Request, Response
from gateway.sip.referral import Referral, Referrals
from gateway.sip.responses import ALLOW, SUPPORTED, extra_of
from gateway.sip.sdp import CONTENT_TYPE
from gateway.sip.server_transaction import ServerTransaction
from gateway.sip.session import MediaSession, sdp_body
from gateway.sip.session_change import GONE, SessionChange
from gateway.sip.session_timer import SessionTimer
from gateway.sip.uri import Uri

log = structlog.get_logger("sip")

T = TypeVar("T")

ABILITIES = (("Allow", ALLOW), ("Supported", SUPPORTED))


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
    SESSION_EXPIRED = "session_expired"  # the session timer heard nothing of the far end
    PEER_GONE = "peer_gone"  # the far end no longer knows the call, or does not answer in it
    TRANSPORT_LOST = "transport_lost"


class Call(InDialog):
    """A call of either direction. Closing is idempotent, and every call closes in the end."""

    def __init__(
        self,
        house: CallHouse,
        call_no: str,
        sip_call_id: str,
        session: MediaSession,
        contact: str,
        credentials: Credentials | None = None,
    ) -> None:
        super().__init__(house, credentials)
        self.call_no = call_no
        self.sip_call_id = sip_call_id
        self.close_reason: CloseReason | None = None
        self.session = session
        self.timer = SessionTimer(
            house.clock, house.settings.session_expires_s, self._refresh, self._expired
        )
        self._contact = contact
        self._changing: SessionChange | None = None  # most calls are never changed
        self._referring: Referrals | None = None
        self._on_closed: list[Callable[[CloseReason], None]] = []
        self._on_peer: list[Callable[[RtpPeer], None]] = []
        self._on_key: list[Callable[[str], None]] = []
        self._on_hold: list[Callable[[bool], None]] = []
        self._is_held = False
        self._allowed: frozenset[str] = frozenset()  # by the far end, as far as it told
        self._in_flight: AnswerInFlight | None = None
        self._limit: IDelayedCall | None = None
        self._has_said_bye = False
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

    def on_key(self, callback: Callable[[str], None]) -> None:
        """Call back with each key that comes as SIP INFO: one of 0-9 * # A-D."""
        self._on_key.append(callback)

    def on_hold(self, callback: Callable[[bool], None]) -> None:
        """Call back when the far end holds us, and when it no longer does."""
        self._on_hold.append(callback)

    def on_refer(self, callback: Callable[[Referral], None]) -> None:
        """Take the far end's REFERs; without this they are declined."""
        self._referrals.on_refer(callback)

    def on_refer_progress(self, callback: Callable[[int], None]) -> None:
        """Call back with each status of the call that our `refer` led to."""
        self._referrals.on_progress(callback)

    def hangup(self) -> None:
        """End the call from our side; harmless when it is over."""
        self.end(CloseReason.LOCAL_BYE)

    def hold(self) -> None:
        """Hold the far end: it hears us, we do not want to hear it."""
        self._change.hold(True)

    def unhold(self) -> None:
        """Hear the far end again."""
        self._change.hold(False)

    def reinvite(self, local: Address) -> None:
        """Tell the far end that we listen at `local` from now on."""
        self._change.move(local)

    def refer(self, to: Uri) -> None:
        """Ask the far end to call `to` instead of us; `on_refer_progress` tells how it goes."""
        self._referrals.refer(to)

    # --- what the parts of a call use

    @property
    def _change(self) -> SessionChange:
        if self._changing is None:
            self._changing = SessionChange(self)
        return self._changing

    @property
    def _referrals(self) -> Referrals:
        if self._referring is None:
            self._referring = Referrals(self)
        return self._referring

    @property
    def is_settled(self) -> bool:
        """True when the INVITE that began the call has its final response."""
        return True

    @property
    def has_answer_in_flight(self) -> bool:
        """True until our last 2xx to an INVITE is acknowledged."""
        return self._in_flight is not None

    @property
    def may_change(self) -> bool:
        """True when an INVITE of ours within the call may be sent (§14.1)."""
        is_free = self._in_flight is None and not self.session.awaits_answer
        return is_free and self.is_settled and not self.is_closed and self.dialog is not None

    @property
    def glare_s(self) -> float:
        """How long to wait after a 491: 0-2 s for who was called (§14.1)."""
        return self.random_below(201) / 100

    def random_below(self, below: int) -> int:
        """Return 0..below-1, as nobody can guess."""
        return int(self.house.new_token()[-8:], 16) % below

    def retry_after(self) -> Rows:
        """Return a Retry-After of 0-10 s at random, so that two do not meet again (§14.2)."""
        return (("Retry-After", str(self.random_below(11))),)

    def own_headers(self) -> Rows:
        """Return Contact and what we can do, for INVITE, UPDATE and their answers."""
        return (("Contact", self._contact), *ABILITIES)

    def note_abilities(self, headers: Headers) -> None:
        """Note which methods the far end allows."""
        allowed = headers.listed("Allow")
        if allowed:
            self._allowed = frozenset(allowed)

    # --- what the far end asks within the call

    def request_received(self, transaction: ServerTransaction) -> None:
        """A request within our dialog."""
        request, method = transaction.request, transaction.request.method
        self.note_received(request)
        assert self.dialog is not None
        if not self.dialog.takes(request):
            self.respond(transaction, 500, (("Retry-After", "1"),))
        elif method == "BYE":
            self.respond(transaction, 200)
            self._bye_received()
        elif self.is_closed:
            self.respond(transaction, 481)
        else:
            try:
                self._request_received(transaction, method)
            except SipError as e:
                extra = extra_of(e.status)
                if method == "INFO" and e.status == 415:
                    extra = (("Accept", ACCEPTED),)
                self.respond(transaction, e.status, extra)

    def _request_received(self, transaction: ServerTransaction, method: str) -> None:
        if method == "INVITE":
            self._change.invite_received(transaction)
        elif method == "UPDATE":
            self._change.update_received(transaction)
        elif method == "INFO":
            self._info_received(transaction)
        elif method == "PRACK":
            self._prack_received(transaction)
        elif method == "REFER":
            self._referrals.refer_received(transaction)
        elif method == "NOTIFY":
            self._referrals.notify_received(transaction)
        else:
            self.respond(transaction, 200, (("Allow", ALLOW), ("Accept", CONTENT_TYPE)))

    def _info_received(self, transaction: ServerTransaction) -> None:
        key = key_of(transaction.request)
        self.respond(transaction, 200)
        if key:
            for callback in list(self._on_key):
                self.tell(callback, key)

    def _prack_received(self, transaction: ServerTransaction) -> None:
        raise SipError("nothing of ours waits for a PRACK", 481)

    def _bye_received(self) -> None:
        self._stop_in_flight()
        self._close(CloseReason.REMOTE_BYE)
        self.house.left(self)

    def answer_invite(self, transaction: ServerTransaction, body: bytes, extra: Rows) -> None:
        """Answer an INVITE with 200, repeated until its ACK."""
        self.respond(transaction, 200, (*self.own_headers(), *extra), body)
        self._in_flight = AnswerInFlight(
            self.house, transaction, self._ack_timed_out, self.house.timers.t2_s
        )

    def ack_received(self, request: Request) -> None:
        """The ACK of our 2xx; it carries the answer when our 2xx carried an offer."""
        flight = self._in_flight
        if flight is None or flight.transaction.request.cseq.number != request.cseq.number:
            return
        self.note_received(request)
        self._stop_in_flight()
        if self.is_closed:
            self._say_bye()
        elif self.session.awaits_answer:
            try:
                self.session.take_answer(sdp_body(request))
            except SipError as e:
                log.info("sip.answer_unacceptable", call_no=self.call_no, problem=str(e))
                self.unacceptable()
            else:
                self.tell_peer()
        if self._changing is not None:
            self._changing.go_on()

    def _ack_timed_out(self) -> None:
        self._in_flight = None
        self.end(CloseReason.ACK_TIMEOUT)
        self._say_bye()

    def _stop_in_flight(self) -> None:
        if self._in_flight is not None:
            self._in_flight.stop()
            self._in_flight = None

    # --- the session timer

    def _refresh(self) -> None:
        """Show the far end that we are there, and hear whether it is."""
        if "UPDATE" in self._allowed:
            extra = (*self.own_headers(), *self.timer.asking())
            self.send("UPDATE", self._refreshed, extra)
        else:
            self._change.want()

    def _refreshed(self, response: Response | None) -> None:
        if self.is_closed:
            return
        if response is None or response.status in GONE:
            self.peer_gone()
        elif response.status < 300:
            self.timer.accepted(response.headers)
        elif response.status != 422 or self.timer.raised(response.headers):
            self._allowed -= {"UPDATE"}  # refused, for whatever reason: now by INVITE
            self._change.want()

    def _expired(self) -> None:
        self.end(CloseReason.SESSION_EXPIRED)

    def peer_gone(self) -> None:
        """The far end does not know the call any more, or does not answer."""
        self.end(CloseReason.PEER_GONE)

    def unacceptable(self) -> None:
        """The far end's answer to our offer is of no use."""
        self.end(CloseReason.SESSION_UNACCEPTABLE)

    # --- the end

    def end(self, reason: CloseReason) -> None:
        """Close for that reason and say BYE; harmless when it is closed."""
        if not self.is_closed:
            self._close(reason)
            self._say_bye()

    def _say_bye(self) -> None:
        """Send BYE, but not before the ACK of our 2xx, or its time-out (§15)."""
        if self._in_flight is None and self.dialog is not None and not self._has_said_bye:
            self._has_said_bye = True
            self.send("BYE", lambda _: self.house.left(self))

    def lose(self) -> None:
        """The transport is gone: nothing can be sent any more."""
        self._stop_in_flight()
        self._stop_limit()
        self._close(CloseReason.TRANSPORT_LOST)
        self.house.left(self)

    def tell_peer(self) -> None:
        """Tell the rooms above where the far end's audio is, and whether it holds us."""
        peer = self.session.peer
        if peer is not None:
            for callback in list(self._on_peer):
                self.tell(callback, peer)
        if self.session.is_held is not self._is_held:
            self._is_held = self.session.is_held
            for held in list(self._on_hold):
                self.tell(held, self._is_held)

    def tell(self, callback: Callable[[T], None], value: T) -> bool:
        """Call back into the rooms above; True unless a bug there ended it."""
        return told(self.call_no, callback, value)

    def _limit_to(self, seconds: float, call: Callable[[], None]) -> None:
        self._stop_limit()
        self._limit = self.house.clock.callLater(seconds, call)

    def _stop_limit(self) -> None:
        if self._limit is not None and self._limit.active():
            self._limit.cancel()
        self._limit = None

    def _lasted_too_long(self) -> None:
        self.end(CloseReason.TOO_LONG)

    def _close(self, reason: CloseReason) -> None:
        if self.close_reason is not None:
            return
        self.close_reason = reason
        self._stop_limit()
        self._stop_inviting()
        self.timer.stop()
        if self._changing is not None:
            self._changing.stop()
        self.ladder.remark(self.house.clock.seconds(), f"closed: {reason.value}")
        metrics.CALLS_ACTIVE.dec()
        self._count_outcome(reason)
        log.info("sip.call_closed", call_no=self.call_no, reason=reason.value)
        log.debug("sip.call_ladder", call_no=self.call_no, ladder=self.ladder)
        callbacks, self._on_closed = self._on_closed, []
        self._on_peer, self._on_key, self._on_hold = [], [], []
        for callback in callbacks:
            self.tell(callback, reason)

    def _count_outcome(self, reason: CloseReason) -> None:
        """Count what became of it, once, where that is asked for."""


def told(call_no: str, callback: Callable[[T], None], value: T) -> bool:
    """Call back into the rooms above; True unless a bug there ended it."""
    return contained("sip.callback_failed", lambda: callback(value), call_no=call_no)
