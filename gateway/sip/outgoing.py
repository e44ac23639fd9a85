"""An outgoing call: INVITE, its answer or failure, CANCEL, and the ACK of every 2xx (§13.2).

Not here: credentials (no 401 or 407 is answered), what both kinds share (gateway.sip.calls).
"""

from collections.abc import Callable, Sequence
from typing import Final

from gateway.media.port import Address, RtpPeer
from gateway.sip.calls import ALLOW, Call, CallHouse, CloseReason, told
from gateway.sip.client_transaction import ClientTransaction, cancel_of
from gateway.sip.dialog import Dialog
from gateway.sip.digest import Credentials
from gateway.sip.errors import SipError
from gateway.sip.headers import CSeq, NameAddr
from gateway.sip.message import MAX_FORWARDS_DEFAULT, Headers, Request, Response
from gateway.sip.sdp import CONTENT_TYPE
from gateway.sip.session import MediaSession, sdp_body
from gateway.sip.uri import Uri
from gateway.sip.wire import Hop

FIRST_CSEQ: Final = 1


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
        super().__init__(house, call_no, sip_call_id, session)
        self.status = 0
        self._peer_hop = peer_hop
        self._invite: Request | None = None
        self._transaction: ClientTransaction | None = None
        self._is_final = False
        self._wants_cancel = False
        self._ack: Request | None = None
        self._credentials: Credentials | None = None
        self._on_answered: list[Callable[[RtpPeer], None]] = []

    def on_answered(self, callback: Callable[[RtpPeer], None]) -> None:
        """Call back once when the far end has answered, with where its audio goes."""
        self._on_answered.append(callback)

    @property
    def _is_settled(self) -> bool:
        return self._is_final

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
        house = self._house
        self._credentials = credentials
        rows = Headers(
            [
                ("Via", str(house.transactions.new_via(self._peer_hop.transport))),
                ("Max-Forwards", str(MAX_FORWARDS_DEFAULT)),
                ("From", str(sender)),
                ("To", str(NameAddr(to))),
                ("Call-ID", self.sip_call_id),
                ("CSeq", str(CSeq(FIRST_CSEQ, "INVITE"))),
                ("Contact", house.contact_by(self._peer_hop.transport)),
                ("Allow", ALLOW),
                ("User-Agent", house.settings.server_name),
                *headers,
                ("Content-Type", CONTENT_TYPE),
            ]
        )
        self._invite = Request("INVITE", to, rows, self.session.offer_from(local))
        self._note_sent(self._invite)
        self._limit_to(house.settings.unanswered_s, self._nobody_answered)
        self._transaction = house.transactions.start(
            self._invite, self._peer_hop, self._answered, self._failed
        )

    def hangup(self) -> None:
        """End the call: BYE when it is answered, CANCEL when it rings."""
        if self._is_final:
            super().hangup()
        elif not self.is_closed:
            self._give_up(CloseReason.CANCELLED)

    def _nobody_answered(self) -> None:
        self._give_up(CloseReason.NO_ANSWER)

    def _give_up(self, reason: CloseReason) -> None:
        self._close(reason)
        self._wants_cancel = True
        if 100 <= self.status < 200:
            self._cancel()

    def _cancel(self) -> None:
        """CANCEL, which may be sent only after a provisional response (§9.1)."""
        assert self._invite is not None
        self._wants_cancel = False
        cancel = cancel_of(self._invite)
        self._note_sent(cancel)
        self._house.transactions.start(cancel, self._peer_hop, self._note_received, lambda: None)
        self._limit = self._house.clock.callLater(self._house.timers.give_up_s, self._abandon)

    def _abandon(self) -> None:
        """No final response came after our CANCEL: forget the INVITE (§9.1)."""
        if not self._is_final:
            assert self._transaction is not None
            self._transaction.terminate()
            self._failed()

    def _failed(self) -> None:
        if not self._is_final:
            self._is_final = True
            self._close(CloseReason.NO_ANSWER)
            self._house.left(self)

    def _answered(self, response: Response) -> None:
        self.status = response.status
        if response.status >= 200 and not self._is_final:
            self._stop_limit()
        if response.status < 200:
            self._note_received(response)
            if self._wants_cancel:
                self._cancel()
        elif response.status >= 300:
            self._note_received(response)
            self._is_final = True
            self._close(CloseReason.REFUSED)
            self._house.left(self)
        elif self.dialog is None:
            self._note_received(response)
            self._first_answer(response)
        elif response.to.tag == self.dialog.remote.tag:
            assert self._ack is not None
            self._house.transactions.send_ack(self._ack, self.dialog.next_hop)
        else:
            self._end_fork(response)

    def _first_answer(self, response: Response) -> None:
        assert self._invite is not None
        self._is_final = True
        try:
            self.dialog = Dialog.of_answer(self._invite, response, self._peer_hop)
        except SipError:  # no way to address it: it will hear no ACK and give up
            self._close(CloseReason.SESSION_UNACCEPTABLE)
            self._house.left(self)
            return
        self._house.joined(self)
        self._ack = self.dialog.ack(FIRST_CSEQ, self._house.transactions.new_via())
        self._note_sent(self._ack)
        self._house.transactions.send_ack(self._ack, self.dialog.next_hop)
        if self.is_closed:  # it was answered while our CANCEL was on its way
            self._say_bye()
            return
        try:
            self.session.take_answer(sdp_body(response))
        except SipError:
            self._close(CloseReason.SESSION_UNACCEPTABLE)
            self._say_bye()
            return
        self._limit_to(self._house.settings.call_s_max, self._lasted_too_long)
        peer = self.session.peer
        assert peer is not None
        for callback in self._on_answered:
            told(self.call_no, callback, peer)

    def _end_fork(self, response: Response) -> None:
        """A second far end answered the same INVITE: acknowledge and hang up (§13.2.2.4)."""
        assert self._invite is not None
        transactions = self._house.transactions
        try:
            fork = Dialog.of_answer(self._invite, response, self._peer_hop)
        except SipError:
            return
        transactions.send_ack(fork.ack(FIRST_CSEQ, transactions.new_via()), fork.next_hop)
        bye = fork.request("BYE", transactions.new_via())
        transactions.start(bye, fork.next_hop, lambda _: None, lambda: None)
