"""An outgoing call: INVITE, what it meets on its way, CANCEL, and the ACK of every 2xx (§13.2).

A challenge is answered, a redirection followed and a too brief session timer raised by a new
INVITE of the same call. Not here: what both kinds of call share (gateway.sip.calls), early
dialogs (gateway.sip.early_dialogs).
"""

from collections.abc import Callable, Sequence
from typing import Final

from gateway.media.port import Address, RtpPeer
from gateway.sip.call_house import CallHouse, Credentials
from gateway.sip.calls import Call, CloseReason
from gateway.sip.client_transaction import ClientTransaction, cancel_of
from gateway.sip.dialog import Dialog
from gateway.sip.early_dialogs import EarlyDialogs
from gateway.sip.errors import SipError
from gateway.sip.headers import CSeq, NameAddr
from gateway.sip.message import MAX_FORWARDS_DEFAULT, Headers, Request, Response
from gateway.sip.routing import redirected_to
from gateway.sip.sdp import CONTENT_TYPE
from gateway.sip.session import MediaSession, sdp_body
from gateway.sip.uri import Uri
from gateway.sip.wire import Hop

INVITES_MAX: Final = 8  # of one call, with those after a challenge or a redirection
PROOFS_MAX: Final = 2  # a proxy and the far end may both ask


class OutgoingCall(Call):
    """We call. `on_answered` tells of the 2xx, `on_closed` of every end; `status` says more.

    `status` is the last response's, 0 when none came.
    """

    def __init__(
        self,
        house: CallHouse,
        call_no: str,
        sip_call_id: str,
        session: MediaSession,
        peer_hop: Hop,
    ) -> None:
        contact = house.contact_by(peer_hop.transport)
        super().__init__(house, call_no, sip_call_id, session, contact)
        self.status = 0
        self._peer_hop = peer_hop
        self._invite: Request | None = None
        self._transaction: ClientTransaction | None = None
        self._is_final = False
        self._wants_cancel = False
        self._ack: Request | None = None
        self._early = EarlyDialogs(self)
        self._forks: dict[str, Dialog] = {}
        self._headers: Sequence[tuple[str, str]] = ()
        self._proof: Sequence[tuple[str, str]] = ()
        self._proofs_left = PROOFS_MAX
        self._invites_left = INVITES_MAX
        self._elsewhere: list[tuple[Uri, Hop]] = []  # where a redirection leads, best first
        self._on_answered: list[Callable[[RtpPeer], None]] = []
        self._on_ringing: list[Callable[[OutgoingCall], None]] = []

    def on_ringing(self, callback: Callable[[], None]) -> None:
        """Call back when the far end rings; it may tell so several times."""
        self._on_ringing.append(lambda _: callback())

    def on_early(self, callback: Callable[[RtpPeer], None]) -> None:
        """Call back when the far end is to be heard before it answers."""
        self._early.on_early(callback)

    def on_answered(self, callback: Callable[[RtpPeer], None]) -> None:
        """Call back once when the far end has answered, with where its audio goes."""
        self._on_answered.append(callback)

    @property
    def is_settled(self) -> bool:
        """True once the far end has answered."""
        return self._is_final

    @property
    def glare_s(self) -> float:
        """How long to wait after a 491: 2.1-4 s for who called (§14.1)."""
        return (210 + self.random_below(191)) / 100

    @property
    def invite(self) -> Request:
        """The INVITE that is under way, or was last."""
        assert self._invite is not None, "not dialled yet"
        return self._invite

    def dial(
        self,
        to: Uri,
        sender: NameAddr,
        local: Address,
        *,
        credentials: Credentials | None = None,
        headers: Sequence[tuple[str, str]] = (),
    ) -> None:
        """Send the INVITE with our offer; `sender` carries our tag, `headers` go along."""
        self._credentials, self._headers = credentials, headers
        body = self.session.offer_from(local)
        self._limit_to(self.house.settings.unanswered_s, self._nobody_answered)
        self._send_invite(to, NameAddr(to), sender, 1, body)

    def _send_invite(
        self, uri: Uri, to: NameAddr, sender: NameAddr, cseq_number: int, body: bytes
    ) -> None:
        house = self.house
        self._invites_left -= 1
        headers = Headers(
            [
                ("Via", str(house.transactions.new_via(self._peer_hop.transport))),
                ("Max-Forwards", str(MAX_FORWARDS_DEFAULT)),
                ("From", str(sender)),
                ("To", str(to)),
                ("Call-ID", self.sip_call_id),
                ("CSeq", str(CSeq(cseq_number, "INVITE"))),
                *self.own_headers(),
                *self.timer.asking(),
                *self._headers,
                *self._proof,
                ("User-Agent", house.settings.server_name),
                ("Content-Type", CONTENT_TYPE),
            ]
        )
        invite = Request("INVITE", uri, headers, body)
        self._invite, self._peer_hop = house.transactions.sized(invite, self._peer_hop)
        self.note_sent(self._invite)
        self._transaction = house.transactions.start(
            self._invite, self._peer_hop, self._answered, self._failed
        )

    def _invite_again(self, uri: Uri) -> None:
        """Send the INVITE anew, to `uri`: the same call, the next CSeq (§8.1.3.4, §22.2)."""
        before = self.invite
        self._early.forget()
        self.status = 0
        self._send_invite(uri, before.to, before.sender, before.cseq.number + 1, before.body)

    def hangup(self) -> None:
        """End the call: BYE when it is answered, CANCEL when it rings."""
        self.end(CloseReason.LOCAL_BYE if self._is_final else CloseReason.CANCELLED)

    def end(self, reason: CloseReason) -> None:
        """Close for that reason, by BYE or CANCEL; harmless when it is closed."""
        if self._is_final:
            super().end(reason)
        elif not self.is_closed:
            self._give_up(reason)

    def _give_up(self, reason: CloseReason) -> None:
        self._close(reason)
        self._wants_cancel = True
        if 100 <= self.status < 200:
            self._cancel()

    def _bye_received(self) -> None:
        if self._is_final:
            super()._bye_received()
        elif not self.is_closed:  # of one that only rings, which may not say it (§15)
            self._give_up(CloseReason.REMOTE_BYE)

    def _nobody_answered(self) -> None:
        self.end(CloseReason.NO_ANSWER)

    def _cancel(self) -> None:
        """CANCEL, which may be sent only after a provisional response (§9.1)."""
        self._wants_cancel = False
        cancel = cancel_of(self.invite)
        self.note_sent(cancel)
        transactions = self.house.transactions
        transactions.start(cancel, self._peer_hop, self.note_received, lambda: None)
        self._limit = self.house.clock.callLater(self.house.timers.give_up_s, self._abandon)

    def _abandon(self) -> None:
        """No final response came after our CANCEL: forget the INVITE (§9.1)."""
        if not self._is_final:
            assert self._transaction is not None
            self._transaction.terminate()
            self._failed()

    def _failed(self) -> None:
        if self._is_final or self._goes_elsewhere():
            return
        self._is_final = True
        self._stop_limit()
        self._close(CloseReason.NO_ANSWER)
        self.house.left(self)

    def _answered(self, response: Response) -> None:
        if self._is_final:
            self._answered_again(response)
            return
        self.status = response.status
        self.note_received(response)
        if response.status < 200:
            if self._wants_cancel:
                self._cancel()
            elif not self.is_closed:
                self._progressed(response)
        elif response.status < 300:
            self._stop_limit()
            self._first_answer(response)
        elif not self._tries_again(response):
            self._stop_limit()
            self._is_final = True
            self._close(CloseReason.REFUSED)
            self.house.left(self)

    def _progressed(self, response: Response) -> None:
        self.note_abilities(response.headers)
        if self._early.progressed(response, self._peer_hop) and response.status == 180:
            for callback in list(self._on_ringing):
                self.tell(callback, self)

    def _tries_again(self, response: Response) -> bool:
        """Send the INVITE anew when there is something to do about the refusal."""
        if self.is_closed or not self._invites_left:
            return False
        if response.status == 422 and self.timer.raised(response.headers):
            self._invite_again(self.invite.uri)
            return True
        if response.status in (401, 407) and self._proofs_left:
            self._proofs_left -= 1
            proof = self.proof(response, "INVITE", str(self.invite.uri))
            if proof:
                kept = [row for row in self._proof if row[0] != proof[0][0]]
                self._proof = self._credentials_shown = (*kept, *proof)
                self._invite_again(self.invite.uri)
            return bool(proof)
        if 300 <= response.status < 400 and not self._elsewhere:
            known = [(uri, hop) for uri, hop in redirected_to(response) if self.house.knows(hop)]
            self._elsewhere = known  # nobody makes us call a stranger
        return response.status < 600 and self._goes_elsewhere()

    def _goes_elsewhere(self) -> bool:
        """Try the next target of a redirection; what we know for the first is not shown there."""
        if self.is_closed or not self._elsewhere or not self._invites_left:
            return False
        uri, hop = self._elsewhere.pop(0)
        if hop.host != self._peer_hop.host:
            self._credentials, self._proof, self._credentials_shown = None, (), ()
        self._peer_hop = hop
        self._contact = self.house.contact_by(hop.transport)
        self._invite_again(uri)
        return True

    def _first_answer(self, response: Response) -> None:
        self._is_final = True
        try:
            dialog = self._early.confirmed(self.invite, response, self._peer_hop)
        except SipError:  # no way to address it: it will hear no ACK and give up
            self._close(CloseReason.SESSION_UNACCEPTABLE)
            self.house.left(self)
            return
        self.dialog = dialog
        self.house.joined(self)
        self._ack = self.ack_of(response)
        self.send_ack(self._ack)
        if self.is_closed:  # it was answered while our CANCEL was on its way
            self._say_bye()
            return
        try:
            if not self._early.is_agreed_with(response.to.tag):
                self.session.take_answer(sdp_body(response))
        except SipError:
            self.unacceptable()
            return
        self.note_abilities(response.headers)
        self.timer.accepted(response.headers)
        self._limit_to(self.house.settings.call_s_max, self._lasted_too_long)
        peer = self.session.peer
        if peer is not None:
            for callback in self._on_answered:
                self.tell(callback, peer)

    def _answered_again(self, response: Response) -> None:
        """A 2xx once more, or from another far end that the INVITE reached as well."""
        if not 200 <= response.status < 300 or self.dialog is None:
            return
        if response.to.tag == self.dialog.remote.tag and self._ack is not None:
            self.send_ack(self._ack)
        else:
            self._end_fork(response)

    def _end_fork(self, response: Response) -> None:
        """A second far end answered the same INVITE: acknowledge and hang up (§13.2.2.4)."""
        transactions = self.house.transactions
        fork = self._forks.get(response.to.tag)
        is_new = fork is None
        try:
            fork = fork or Dialog.of_answer(self.invite, response, self._peer_hop)
        except SipError:
            return
        self._forks[response.to.tag] = fork
        to = transactions.hop_of(fork)
        via = transactions.new_via(to.transport)
        number = self.invite.cseq.number
        transactions.send_ack(fork.ack(number, via, self._credentials_shown), to)
        if is_new:
            self.send("BYE", lambda _: None, dialog=fork)

    def lose(self) -> None:
        """The transport is gone."""
        self._is_final = True
        super().lose()
