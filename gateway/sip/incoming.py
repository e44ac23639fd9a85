"""An incoming call: rings, is answered or refused, and ends (RFC 3261 §13.3).

Not here: what it hears (gateway.ivr), and what both kinds share (gateway.sip.calls).
"""

from gateway.media.port import Address
from gateway.sip import metrics
from gateway.sip.caller import Caller
from gateway.sip.calls import Call, CallHouse, CloseReason
from gateway.sip.dialog import Dialog
from gateway.sip.sdp import SessionDescription
from gateway.sip.server_transaction import InviteServerTransaction
from gateway.sip.session import MediaSession

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
        super().__init__(house, call_no, transaction.request.call_id, session)
        self.ani, self.dnis, self.diversion, self.privacy, self.trunk, self.phone = caller
        self.source = transaction.source
        self.dialog = dialog
        self.is_answered = False
        self._invite = transaction
        self._note_received(transaction.request)
        self._respond(transaction, 100)
        self._limit_to(house.settings.unanswered_s, self._nobody_decided)
        house.joined(self)

    @property
    def offer(self) -> SessionDescription | None:
        """What the caller offers, None when the offer is left to us."""
        return self.session.offer

    @property
    def _is_settled(self) -> bool:
        return self.is_answered

    def ringing(self) -> None:
        """Let the caller hear that it rings."""
        if not self.is_closed and not self.is_answered:
            contact = self._house.contact_by(self._invite.source.transport)
            self._respond(self._invite, 180, (("Contact", contact),))

    def answer(self, local: Address) -> None:
        """Take the call; `local` is where we listen for its audio. Harmless when it is over."""
        if self.is_closed or self.is_answered:
            return
        self.is_answered = True
        self._limit_to(self._house.settings.call_s_max, self._lasted_too_long)
        late = self.session.offer is None
        body = self.session.offer_from(local) if late else self.session.answer(local)
        self._answer_invite(self._invite, body)

    def refuse(self, status: int, reason: str = "") -> None:
        """Do not take the call; `status` is 400..699. Harmless when it is answered or over."""
        assert 400 <= status <= 699, f"status of a refusal must be 400..699, was {status}"
        if not self.is_closed and not self.is_answered:
            self._end_invite(status, CloseReason.REFUSED, reason)

    def hangup(self) -> None:
        """End the call: BYE when it is answered, else 480."""
        if self.is_answered:
            super().hangup()
        else:
            self.refuse(480)

    def cancelled(self) -> None:
        """The caller gave up before we decided."""
        if not self.is_closed and not self.is_answered:
            self.ladder.remark(self._house.clock.seconds(), "CANCEL")
            self._end_invite(487, CloseReason.CANCELLED)

    def lose(self) -> None:
        """The transport is gone."""
        self._invite.terminate()
        super().lose()

    def _nobody_decided(self) -> None:
        self._end_invite(480, CloseReason.NO_ANSWER)

    def _bye_received(self) -> None:
        if not self.is_answered:  # BYE of an early dialog ends the INVITE as well (§15.1.2)
            self._respond(self._invite, 487)
        super()._bye_received()

    def _end_invite(self, status: int, close_reason: CloseReason, reason: str = "") -> None:
        extra = (("Retry-After", "10"),) if status == 503 else ()
        self._respond(self._invite, status, extra, reason=reason)
        self._close(close_reason)
        self._house.left(self)

    def _count_outcome(self, reason: CloseReason) -> None:
        outcome = _OUTCOMES.get(reason, metrics.InviteOutcome.ANSWERED)
        if reason is CloseReason.REMOTE_BYE and not self.is_answered:
            outcome = metrics.InviteOutcome.CANCELLED
        metrics.INVITES.labels(outcome.value).inc()
