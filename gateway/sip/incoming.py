"""An incoming call: rings, is answered or refused, and ends (RFC 3261 §13.3).

Not here: what it hears (gateway.ivr), and what both kinds share (gateway.sip.calls).
"""

from gateway.media.port import Address
from gateway.sip import metrics
from gateway.sip.call_house import CallHouse
from gateway.sip.caller import Caller
from gateway.sip.calls import Call, CloseReason
from gateway.sip.dialog import Dialog
from gateway.sip.errors import SipError
from gateway.sip.in_flight import ReliableResponses
from gateway.sip.sdp import SessionDescription
from gateway.sip.server_transaction import InviteServerTransaction, ServerTransaction
from gateway.sip.session import MediaSession, sdp_body
from gateway.sip.session_timer import answer_of
from gateway.sip.uri import Uri

_OUTCOMES = {
    CloseReason.CANCELLED: metrics.InviteOutcome.CANCELLED,
    CloseReason.REFUSED: metrics.InviteOutcome.REFUSED,
    CloseReason.NO_ANSWER: metrics.InviteOutcome.REFUSED,
    CloseReason.ACK_TIMEOUT: metrics.InviteOutcome.LOST,
    CloseReason.TRANSPORT_LOST: metrics.InviteOutcome.LOST,
}


class IncomingCall(Call):
    """Somebody calls. Decide within `sip.unanswered_s`: `answer` or `refuse`.

    `ani` is the caller's number (E.164) or user, `dnis` the one dialled; either may be "".
    `diversion` is who passed the call on, first dialled in front; `privacy` is true when the
    number is withheld; `trunk` is "" for a call of no trunk, `phone` the name of an agent's phone
    that has proved itself. `peer` is None when the caller leaves the offer to us; then it comes
    later, through `on_peer`.
    """

    def __init__(
        self,
        house: CallHouse,
        call_no: str,
        transaction: InviteServerTransaction,
        dialog: Dialog,
        session: MediaSession,
        caller: Caller,
    ) -> None:
        """Raises SessionTooBrief when the caller asks for too short a session timer."""
        headers = transaction.request.headers
        self._expires = answer_of(headers, house.settings.session_expires_s)
        source = transaction.source
        scheme = "sips" if transaction.request.uri.scheme == "sips" else "sip"
        contact = house.contact_by(source.transport, scheme)
        super().__init__(house, call_no, transaction.request.call_id, session, contact)
        self.ani, self.dnis = caller.ani, caller.dnis
        self.diversion, self.privacy = caller.diversion, caller.is_withheld
        self.trunk, self.phone = caller.trunk, caller.phone
        self._allows_refer = caller.allows_refer
        self.source = source
        self.dialog = dialog
        self.is_answered = False
        self._invite = transaction
        self._must_be_reliable = "100rel" in headers.listed("Require")
        self._may_be_reliable = self._must_be_reliable or "100rel" in headers.listed("Supported")
        self._reliable: ReliableResponses | None = None
        self._answers_at: Address | None = None  # once the early answer is acknowledged
        self.note_abilities(headers)
        self.note_received(transaction.request)
        house.joined(self)

    @property
    def offer(self) -> SessionDescription | None:
        """What the caller offers, None when the offer is left to us."""
        return self.session.offer

    @property
    def is_settled(self) -> bool:
        """True once we have answered."""
        return self.is_answered

    def wait(self) -> None:
        """Wait for a decision, unless there is one; 100 when nothing was said yet (§17.2.1)."""
        if self.is_closed or self.is_answered:
            return
        self._limit_to(self.house.settings.unanswered_s, self._nobody_decided)
        if not self._invite.has_spoken:
            self.respond(self._invite, 100)

    def ringing(self) -> None:
        """Let the caller hear that it rings."""
        if not self.is_closed and not self.is_answered:
            self._progress(180, b"", is_reliable=self._must_be_reliable)

    def early_media(self, local: Address) -> None:
        """Let the caller hear us, from `local`, before the call is answered: 183 (RFC 3960).

        Reliably, if the caller can; where it also leaves the offer to us, not at all otherwise.
        """
        if self.is_closed or self.is_answered or self._answers_at is not None:
            return
        if self.session.offer is not None:
            body = self.session.answer(local)
        elif self._may_be_reliable and not self.session.awaits_answer:
            body = self.session.offer_from(local)
        else:
            body = b""
        self._progress(183, body, is_reliable=self._may_be_reliable)

    def _progress(self, status: int, body: bytes, is_reliable: bool) -> None:
        if not is_reliable and self._reliable is None:
            self.respond(self._invite, status, self.own_headers(), body)
            return
        if self._reliable is None:
            self._reliable = ReliableResponses(
                self.house,
                self._invite,
                1 + int(self.house.new_token()[-7:], 16),
                lambda status, extra, body: self.respond(self._invite, status, extra, body),
                self._prack_timed_out,
            )
        self._reliable.send(status, tuple(self.own_headers()), body)

    def _prack_received(self, transaction: ServerTransaction) -> None:
        reliable, request = self._reliable, transaction.request
        body = sdp_body(request)
        if reliable is None or not reliable.acknowledge(request):
            self.respond(transaction, 481)
            return
        if self.session.awaits_answer:
            try:
                self.session.take_answer(body)
            except SipError as e:
                self.respond(transaction, e.status)
                self._end_invite(488, CloseReason.SESSION_UNACCEPTABLE)
                return
            self.respond(transaction, 200)
            self.tell_peer()
        elif body is not None:
            try:
                self.respond(transaction, 200, body=self.session.reanswer(body))
                self.tell_peer()
            except SipError as e:
                self.respond(transaction, e.status)
        else:
            self.respond(transaction, 200)
        reliable.send_waiting()
        if self._answers_at is not None and not self.is_closed:
            self.answer(self._answers_at)

    def _prack_timed_out(self) -> None:
        self._end_invite(504, CloseReason.ACK_TIMEOUT)

    def answer(self, local: Address) -> None:
        """Take the call; `local` is where we listen for its audio. Harmless when it is over.

        An early answer that is not acknowledged yet goes first (RFC 3262 §3).
        """
        if self.is_closed or self.is_answered:
            return
        if self._reliable is not None:
            self._answers_at = local
            if self._reliable.holds_answer:
                return
            self._reliable.stop()
        self.is_answered = True
        self._limit_to(self.house.settings.call_s_max, self._lasted_too_long)
        if self.session.offer is not None:
            body = self.session.answer(local)
        elif self.session.agreed is not None:  # our early offer is answered already
            body = b""
        else:
            body = self.session.offer_from(local)
        self.answer_invite(self._invite, body, self.timer.agreed(self._expires))

    def refer(self, to: Uri) -> None:
        """As for every call; on a trunk that does not allow it, progress tells 403 at once."""
        if self._allows_refer:
            super().refer(to)
        else:
            self._referrals.refused()

    def refuse(self, status: int, reason: str = "") -> None:
        """Do not take the call; `status` is 400..699. Harmless when it is answered or over."""
        assert 400 <= status <= 699, f"status of a refusal must be 400..699, was {status}"
        if not self.is_closed and not self.is_answered:
            self._end_invite(status, CloseReason.REFUSED, reason)

    def hangup(self) -> None:
        """End the call: BYE when it is answered, else 480."""
        self.end(CloseReason.LOCAL_BYE if self.is_answered else CloseReason.REFUSED)

    def end(self, reason: CloseReason) -> None:
        """Close for that reason, by BYE or 480; harmless when it is closed."""
        if self.is_answered:
            super().end(reason)
        elif not self.is_closed:
            self._end_invite(480, reason)

    def cancelled(self) -> None:
        """The caller gave up before we decided."""
        if not self.is_closed and not self.is_answered:
            self.ladder.remark(self.house.clock.seconds(), "CANCEL")
            self._end_invite(487, CloseReason.CANCELLED)

    def lose(self) -> None:
        """The transport is gone."""
        self._stop_reliable()
        self._invite.terminate()
        super().lose()

    def _nobody_decided(self) -> None:
        self._end_invite(480, CloseReason.NO_ANSWER)

    def _bye_received(self) -> None:
        if not self.is_answered and not self.is_closed:  # it ends the INVITE as well (§15.1.2)
            self._stop_reliable()
            self.respond(self._invite, 487)
        super()._bye_received()

    def _end_invite(self, status: int, close_reason: CloseReason, reason: str = "") -> None:
        extra = (("Retry-After", "10"),) if status == 503 else ()
        self._stop_reliable()
        self.respond(self._invite, status, extra, reason=reason)
        self._close(close_reason)
        self.house.left(self)

    def _stop_reliable(self) -> None:
        if self._reliable is not None:
            self._reliable.stop()

    def _count_outcome(self, reason: CloseReason) -> None:
        outcome = _OUTCOMES.get(reason, metrics.InviteOutcome.ANSWERED)
        if reason is CloseReason.REMOTE_BYE and not self.is_answered:
            outcome = metrics.InviteOutcome.CANCELLED
        metrics.INVITES_BY[outcome].inc()
