"""Requests of ours within a dialog and answers to the far end's, each noted in the ladder.

Not here: what they mean for the call (gateway.sip.calls).
"""

from collections.abc import Callable, Sequence
from typing import Final

from gateway.sip.call_house import CallHouse, Credentials
from gateway.sip.client_transaction import ClientTransaction
from gateway.sip.dialog import Dialog
from gateway.sip.errors import SipError
from gateway.sip.ladder import Ladder
from gateway.sip.message import Request, Response
from gateway.sip.responses import response_to
from gateway.sip.server_transaction import ServerTransaction

Rows = Sequence[tuple[str, str]]

_PROOF: Final = {
    401: ("WWW-Authenticate", "Authorization"),
    407: ("Proxy-Authenticate", "Proxy-Authorization"),
}


class InDialog:
    """What speaks within one dialog, once there is one."""

    def __init__(self, house: CallHouse, credentials: Credentials | None) -> None:
        self.house = house
        self.ladder = Ladder(house.clock.seconds())
        self.dialog: Dialog | None = None
        self._credentials = credentials
        self._credentials_shown: Rows = ()
        self._inviting: ClientTransaction | None = None

    def send(
        self,
        method: str,
        on_final: Callable[[Response | None], None],
        extra: Rows = (),
        body: bytes = b"",
        dialog: Dialog | None = None,
    ) -> None:
        """Send a request within the call, and again when the far end asks who we are.

        `on_final` gets the final response (for INVITE every 2xx), None when none came.
        """
        self._send(method, on_final, extra, body, dialog or self.dialog, may_prove=True)

    def _send(
        self,
        method: str,
        on_final: Callable[[Response | None], None],
        extra: Rows,
        body: bytes,
        dialog: Dialog | None,
        may_prove: bool,
    ) -> None:
        assert dialog is not None
        transactions = self.house.transactions
        to = transactions.hop_of(dialog)
        request = dialog.request(method, transactions.new_via(to.transport), extra, body)
        request, to = transactions.sized(request, to)
        self.note_sent(request)

        def answered(response: Response) -> None:
            self.note_received(response)
            if response.status < 200:
                return
            proof = self.proof(response, method, str(request.uri)) if may_prove else ()
            if proof:
                self._send(method, on_final, (*extra, *proof), body, dialog, may_prove=False)
            else:
                on_final(response)

        transaction = transactions.start(request, to, answered, lambda: on_final(None))
        if method == "INVITE":
            self._inviting = transaction

    def proof(self, response: Response, method: str, uri: str) -> Rows:
        """Return the header that answers a 401 or 407, () when it is none or we cannot."""
        if self._credentials is None or response.status not in (401, 407):
            return ()
        asks, says = _PROOF[response.status]
        try:
            answer = self._credentials.answer(response.headers.get_all(asks), method, uri)
        except SipError:
            return ()
        rows = () if answer is None else ((says, answer),)
        if method == "INVITE":
            self._credentials_shown = rows
        return rows

    def ack_of(self, response: Response) -> Request:
        """Return the ACK of a 2xx to an INVITE of ours."""
        assert self.dialog is not None
        to = self.house.transactions.hop_of(self.dialog)
        via = self.house.transactions.new_via(to.transport)
        return self.dialog.ack(response.cseq.number, via, self._credentials_shown)

    def send_ack(self, ack: Request) -> None:
        """Send an ACK, for the first time or again."""
        assert self.dialog is not None
        self.note_sent(ack)
        self.house.transactions.send_ack(ack, self.house.transactions.hop_of(self.dialog))

    def _stop_inviting(self) -> None:
        """The call is over: an INVITE of ours within it is left to itself."""
        if self._inviting is not None and not self._inviting.is_answered:
            self._inviting.terminate()

    def respond(
        self,
        transaction: ServerTransaction,
        status: int,
        extra: Rows = (),
        body: bytes = b"",
        reason: str = "",
    ) -> None:
        """Answer a request of the far end."""
        extra = (*extra, ("Server", self.house.settings.server_name))
        tag = self.dialog.local.tag if self.dialog is not None else transaction.local_tag
        response = response_to(transaction.request, status, tag, extra, body, reason)
        self.note_sent(response)
        transaction.respond(response)

    def note_sent(self, message: Request | Response) -> None:
        """Put a message of ours into the ladder."""
        self.ladder.sent(self.house.clock.seconds(), message)

    def note_received(self, message: Request | Response) -> None:
        """Put a message of the far end into the ladder."""
        self.ladder.received(self.house.clock.seconds(), message)
