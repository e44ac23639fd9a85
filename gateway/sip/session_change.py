"""Changes of a running session: INVITE and UPDATE within the call, hold, and their crossing.

What we want is a state (hold or not, where we listen); it is offered until the far end has taken
or refused it. Not here: offers and answers themselves (gateway.sip.session), session timers.
RFC 3261 §14, RFC 3311.
"""

import contextlib
from typing import TYPE_CHECKING, Final

from twisted.internet.interfaces import IDelayedCall

from gateway.media.port import Address
from gateway.sip.dialog import remote_target
from gateway.sip.errors import SipError
from gateway.sip.message import Request, Response
from gateway.sip.sdp import CONTENT_TYPE
from gateway.sip.session import sdp_body

if TYPE_CHECKING:
    from gateway.sip.calls import Call
    from gateway.sip.server_transaction import ServerTransaction

GLARES_MAX: Final = 10  # 491s in a row before we give up
GONE: Final = frozenset({408, 481})


class SessionChange:
    """The changes of one call; at most one of ours is open at a time."""

    def __init__(self, call: "Call") -> None:
        self._call = call
        self.is_open = False  # an INVITE of ours within the call is not finally answered
        self._is_wanted = False
        self._ack: Request | None = None
        self._retry: IDelayedCall | None = None
        self._glares = 0
        self._offers_hold = False
        self._agreed_hold = False

    def hold(self, is_holding: bool) -> None:
        """Hold the far end, or no longer."""
        session = self._call.session
        if session.is_holding != is_holding:
            session.is_holding = is_holding
            self.want()

    def move(self, local: Address) -> None:
        """We listen at `local` from now on."""
        self._call.session.move(local)
        self.want()

    def want(self) -> None:
        """Offer the session as it is to be, as soon as that is possible."""
        self._is_wanted = True
        self.go_on()

    def go_on(self) -> None:
        """Send the INVITE that is wanted unless something else is open (§14.1)."""
        call = self._call
        if self._is_wanted and call.may_change and not self.is_open and self._retry is None:
            self._is_wanted = False
            self.is_open = True
            self._offers_hold = call.session.is_holding
            body = call.session.offer_again()
            extra = (*call.own_headers(), *call.timer.asking(), ("Content-Type", CONTENT_TYPE))
            call.send("INVITE", self._answered, extra, body)

    def _answered(self, response: Response | None) -> None:
        """The final response to our INVITE, or a 2xx once more; None when there was none."""
        call = self._call
        if response is not None and 200 <= response.status < 300:
            if self.is_open:
                self._accepted(response)
            elif self._ack is not None and response.cseq.number == self._ack.cseq.number:
                call.send_ack(self._ack)
            return
        self.is_open = False
        call.session.undo_offer()
        if not call.is_closed:
            self._refused(response)

    def _refused(self, response: Response | None) -> None:
        call = self._call
        if response is None or response.status in GONE:
            call.peer_gone()
        elif response.status == 491 and self._glares < GLARES_MAX:
            self._glares += 1
            self._retry = call.house.clock.callLater(call.glare_s, self._try_again)
        elif response.status == 422 and call.timer.raised(response.headers):
            self.want()
        else:
            call.timer.refused()
            if call.session.is_holding == self._offers_hold:
                call.session.is_holding = self._agreed_hold
            self.go_on()

    def _try_again(self) -> None:
        self._retry = None
        self.want()

    def _accepted(self, response: Response) -> None:
        call = self._call
        assert call.dialog is not None
        self.is_open, self._glares = False, 0
        self._agreed_hold = self._offers_hold
        with contextlib.suppress(SipError):  # without a Contact the one we know stays
            call.dialog.remote_target = remote_target(response)
        self._ack = call.ack_of(response)
        call.send_ack(self._ack)
        try:
            call.session.take_answer(sdp_body(response))
        except SipError:
            call.unacceptable()
            return
        call.timer.accepted(response.headers)
        call.tell_peer()
        self.go_on()

    def invite_received(self, transaction: "ServerTransaction") -> None:
        """An INVITE of the far end within the call. Raises SipError for one to refuse."""
        call, request = self._call, transaction.request
        if self.is_open or call.has_answer_in_flight:
            call.respond(transaction, 491)
            return
        if not call.is_settled:
            call.respond(transaction, 500, call.retry_after())
            return
        assert call.dialog is not None
        body, target = sdp_body(request), remote_target(request)
        expires = call.timer.judged(request.headers)
        session = call.session
        answer = session.offer_again() if body is None else session.reanswer(body)
        call.dialog.remote_target = target
        call.note_abilities(request.headers)
        call.answer_invite(transaction, answer, call.timer.agreed(expires))
        if body is not None:
            call.tell_peer()

    def update_received(self, transaction: "ServerTransaction") -> None:
        """An UPDATE (RFC 3311 §5.2). Raises SipError for one to refuse."""
        call, request = self._call, transaction.request
        assert call.dialog is not None
        body = sdp_body(request)
        if body is not None and call.session.awaits_answer:
            call.respond(transaction, 491)
            return
        if body is not None and (call.session.owes_answer or call.session.local is None):
            call.respond(transaction, 500, call.retry_after())
            return
        target = remote_target(request)
        expires = call.timer.judged(request.headers)
        answer = b"" if body is None else call.session.reanswer(body)
        rows = call.timer.agreed(expires) if call.is_settled else ()
        call.dialog.remote_target = target
        call.respond(transaction, 200, (*call.own_headers(), *rows), answer)
        if body is not None:
            call.tell_peer()

    def stop(self) -> None:
        """The call is over: nothing more is tried."""
        self._is_wanted = False
        if self._retry is not None and self._retry.active():
            self._retry.cancel()
        self._retry = None
