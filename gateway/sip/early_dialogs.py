"""The far ends an INVITE of ours reached before one of them answers: early dialogs and PRACK.

Several may ring at once (forks). A reliable provisional response is acknowledged by PRACK, and a
session description in it is the answer to our offer. Not here: the 2xx (gateway.sip.outgoing).
RFC 3261 §12.1.2, RFC 3262 §4-5.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import structlog

from gateway.media.port import RtpPeer
from gateway.sip.dialog import Dialog
from gateway.sip.errors import SipError
from gateway.sip.in_flight import rseq_of
from gateway.sip.message import Request, Response
from gateway.sip.session import sdp_body
from gateway.sip.wire import Hop

if TYPE_CHECKING:
    from gateway.sip.outgoing import OutgoingCall

log = structlog.get_logger("sip")

EARLY_MAX: Final = 8


class EarlyDialogs:
    """Those of one outgoing call, by the far end's tag."""

    def __init__(self, call: "OutgoingCall") -> None:
        self._call = call
        self._dialogs: dict[str, Dialog] = {}
        self._rseqs: dict[str, int] = {}
        self._agreed_tag = ""
        self._on_early: list[Callable[[RtpPeer], None]] = []

    def on_early(self, callback: Callable[[RtpPeer], None]) -> None:
        """Call back when a far end is to be heard before it answers."""
        self._on_early.append(callback)

    def is_agreed_with(self, tag: str) -> bool:
        """Return True when that far end has answered our offer already, reliably."""
        return bool(tag) and tag == self._agreed_tag

    def forget(self) -> None:
        """The INVITE is sent anew: who rang does so no longer."""
        self._dialogs.clear()
        self._rseqs.clear()
        self._agreed_tag = ""

    def progressed(self, response: Response, peer_hop: Hop) -> bool:
        """Take a provisional response; False for one that came before, or out of order."""
        tag = response.to.tag
        if not tag or response.status == 100:
            return False
        dialog = self._dialog(response, peer_hop)
        is_reliable = "100rel" in response.headers.listed("Require")
        if dialog is None:
            return not is_reliable
        if is_reliable and not self._is_next(tag, response):
            return False
        try:
            body = sdp_body(response)
            if body is not None:
                self._heard(tag, body, is_reliable)
        except SipError as e:
            log.info("sip.early_media_refused", call_no=self._call.call_no, problem=str(e))
            if is_reliable:
                self._call.unacceptable()
        if is_reliable:
            rack = f"{self._rseqs[tag]} {response.cseq}"
            self._call.send("PRACK", lambda _: None, (("RAck", rack),), dialog=dialog)
        return True

    def _dialog(self, response: Response, peer_hop: Hop) -> Dialog | None:
        """Return the dialog of that far end; None when it cannot be addressed."""
        tag = response.to.tag
        if tag in self._dialogs or len(self._dialogs) >= EARLY_MAX:
            return self._dialogs.get(tag)
        try:
            dialog = Dialog.of_answer(self._call.invite, response, peer_hop)
        except SipError:
            return None
        self._dialogs[tag] = dialog
        if self._call.dialog is None or self._call.dialog.remote.tag not in self._dialogs:
            self._call.dialog = dialog
            self._call.house.joined(self._call)
        return dialog

    def _is_next(self, tag: str, response: Response) -> bool:
        try:
            rseq = rseq_of(response.headers.get("RSeq") or "")
        except SipError:
            return False
        before = self._rseqs.get(tag)
        if before is not None and rseq != before + 1:
            return False
        self._rseqs[tag] = rseq
        return True

    def _heard(self, tag: str, body: bytes, is_reliable: bool) -> None:
        session = self._call.session
        if tag == self._agreed_tag:
            return  # our offer is answered; this repeats it
        if is_reliable:
            session.take_answer(body)
            self._agreed_tag = tag
            peer = session.peer
        else:
            peer = session.preview(body)
        if peer is not None:
            for callback in list(self._on_early):
                self._call.tell(callback, peer)

    def confirmed(self, invite: Request, response: Response, peer_hop: Hop) -> Dialog:
        """Return the dialog of a 2xx: the early one goes on, its route set is new (§13.2.2.4).

        Raises SipError without a usable Contact.
        """
        dialog = Dialog.of_answer(invite, response, peer_hop)
        early = self._dialogs.get(response.to.tag)
        if early is not None:
            dialog.local_cseq = max(dialog.local_cseq, early.local_cseq)
            dialog.remote_cseq = early.remote_cseq
        self._dialogs.clear()
        return dialog
