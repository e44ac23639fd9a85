"""REFER and the NOTIFYs about it, both ways (RFC 3515, RFC 4488).

We refer the far end elsewhere and hear how that goes; it may ask us to call somebody, which is
declined unless the rooms above want to hear of it. Not here: the call that a REFER asks for.
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from gateway.sip.errors import SipError, shown
from gateway.sip.headers import parse_name_addr
from gateway.sip.message import Request, Response
from gateway.sip.responses import REASON
from gateway.sip.uri import Uri

if TYPE_CHECKING:
    from gateway.sip.calls import Call
    from gateway.sip.server_transaction import ServerTransaction

SIPFRAG: Final = "message/sipfrag;version=2.0"
SIPFRAG_BYTES_MAX: Final = 1024
EXPIRES_S: Final = 60

_STATUS = re.compile(rb"SIP/2\.0 ([1-6][0-9]{2})(?: |\r|\n|$)")


class Referral:
    """What the far end asks us to call. Say how it goes; a final status ends it."""

    def __init__(self, call: "Call", to: Uri, is_silent: bool) -> None:
        self.to = to
        self._call = call
        self._is_silent = is_silent
        self._is_over = False

    def progress(self, status: int) -> None:
        """Tell the far end the status of the call it asked for; nothing after a final one."""
        if self._is_over or self._call.is_closed:
            return
        self._is_over = status >= 200
        if self._is_silent:
            return
        state = "terminated;reason=noresource" if self._is_over else f"active;expires={EXPIRES_S}"
        body = f"SIP/2.0 {status} {REASON.get(status, 'Progress')}\r\n".encode()
        rows = (("Event", "refer"), ("Subscription-State", state), ("Content-Type", SIPFRAG))
        self._call.send("NOTIFY", lambda _: None, (*rows, *self._call.own_headers()), body)


class Referrals:
    """The REFERs of one call."""

    def __init__(self, call: "Call") -> None:
        self._call = call
        self._on_progress: list[Callable[[int], None]] = []
        self._on_refer: Callable[[Referral], None] | None = None
        self._is_open = False

    def on_progress(self, callback: Callable[[int], None]) -> None:
        """Call back with each status the far end reports of the call we referred it to."""
        self._on_progress.append(callback)

    def on_refer(self, callback: Callable[[Referral], None]) -> None:
        """Take the far end's REFERs from now on."""
        self._on_refer = callback

    def refer(self, to: Uri) -> None:
        """Ask the far end to call `to`; harmless when one is open, or the call is over."""
        call = self._call
        if call.is_closed or not call.is_settled or self._is_open:
            return
        self._is_open = True
        contact = call.own_headers()
        call.send("REFER", self._refer_answered, (("Refer-To", f"<{to}>"), *contact))

    def refused(self) -> None:
        """The far end's trunk does not allow it."""
        self._tell(403)

    def _refer_answered(self, response: Response | None) -> None:
        status = response.status if response is not None else 408
        if status >= 300:
            self._is_open = False
            self._tell(status)

    def notify_received(self, transaction: "ServerTransaction") -> None:
        """A NOTIFY about our REFER. Raises SipError for any other."""
        request = transaction.request
        event = (request.headers.get("Event") or "").partition(";")[0].strip().lower()
        if event != "refer":
            raise SipError(f"Event must be refer, was {shown(event)}", 489)
        if not self._is_open:
            raise SipError("no REFER of ours is open", 481)
        kind = (request.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
        found = _STATUS.match(request.body[:SIPFRAG_BYTES_MAX])
        if kind != "message/sipfrag" or found is None:
            raise SipError("NOTIFY must bring a status as message/sipfrag")
        state = (request.headers.get("Subscription-State") or "").strip().lower()
        status = int(found[1])
        self._is_open = not (state.startswith("terminated") or status >= 200)
        self._call.respond(transaction, 200)
        self._tell(status)

    def refer_received(self, transaction: "ServerTransaction") -> None:
        """The far end asks us to call somebody. Raises SipError for what it asks wrongly."""
        request, call = transaction.request, self._call
        to = _refer_to(request)
        if self._on_refer is None:
            call.respond(transaction, 603)
            return
        is_silent = (request.headers.get("Refer-Sub") or "").strip().lower() == "false"
        rows = (("Refer-Sub", "false"),) if is_silent else ()
        call.respond(transaction, 202, (*call.own_headers(), *rows))
        referral = Referral(call, to, is_silent)
        referral.progress(100)
        call.tell(self._on_refer, referral)

    def _tell(self, status: int) -> None:
        for callback in list(self._on_progress):
            self._call.tell(callback, status)


def _refer_to(request: Request) -> Uri:
    """Return whom a REFER names. Raises SipError unless there is exactly one sip: or tel: URI."""
    named = request.headers.listed("Refer-To")
    if len(named) != 1:
        raise SipError(f"exactly one Refer-To is needed, {len(named)} came")
    uri = parse_name_addr(named[0]).uri
    if uri.scheme not in ("sip", "sips", "tel") or (uri.scheme != "tel" and not uri.host):
        raise SipError(f"Refer-To must be a sip: or tel: URI, was {uri.scheme}:", 416)
    return uri
