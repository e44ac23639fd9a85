"""The user agent: gives incoming calls to the gateway, places outgoing ones, answers strangers.

Checks come in the order of RFC 3261 §8.2: method, Request-URI, Require, body, Accept; a request
inside a dialog goes to its call. Not here: matching of messages (gateway.sip.transactions).
"""

import itertools
from collections.abc import Callable, Sequence
from typing import Final

import structlog
from twisted.internet.interfaces import IReactorTime

from gateway.media.port import Address, Codec
from gateway.sip import metrics
from gateway.sip.caller import Caller, caller_of
from gateway.sip.calls import Call, told
from gateway.sip.dialog import Dialog
from gateway.sip.digest import Credentials
from gateway.sip.errors import SipError
from gateway.sip.gate import Gate
from gateway.sip.headers import NameAddr, quoted
from gateway.sip.incoming import IncomingCall
from gateway.sip.message import Request
from gateway.sip.outgoing import OutgoingCall
from gateway.sip.registrar import Answer, Registrar
from gateway.sip.responses import ALLOW, EXTENSIONS, SUPPORTED, extra_of, response_to
from gateway.sip.sdp import CONTENT_TYPE
from gateway.sip.server_transaction import InviteServerTransaction, ServerTransaction
from gateway.sip.session import CODECS, MediaSession, sdp_body
from gateway.sip.settings import SipSettings
from gateway.sip.transactions import Transactions
from gateway.sip.trunks import Trunk
from gateway.sip.uri import SUPPORTED_SCHEMES, Uri, masked
from gateway.sip.verdict import ADMITTED, RETRY_AFTER, Verdict
from gateway.sip.wire import RFC_TIMERS, UDP, Hop, Timers, Transport
from risk.domain.ids import china_time

log = structlog.get_logger("sip")

CALLS_COUNTED: Final = 10_000  # before a number comes again, in another second
METHODS: Final = frozenset(ALLOW.split(", "))  # ACK and CANCEL never come this far
KNOWN_METHODS: Final = METHODS | frozenset(
    {"REGISTER", "MESSAGE", "SUBSCRIBE", "NOTIFY", "PUBLISH", "REFER", "INFO", "UPDATE", "PRACK"}
)
DIALOG_METHODS: Final = frozenset({"BYE", "INFO", "UPDATE", "PRACK", "NOTIFY", "REFER"})


def call_numbers(now_ns: Callable[[], int], first: int = 1) -> Callable[[], str]:
    """Return a source of call numbers: China time and a count, "261122-101502-0001".

    Orders are known by the number of their call. A random `first` keeps a gateway whose clock was
    set back, or that starts twice in a second, from giving the numbers of earlier calls again.
    """
    counted = itertools.count(first)
    return lambda: f"{china_time(now_ns()):%y%m%d-%H%M%S}-{next(counted) % CALLS_COUNTED:04d}"


class Refusal(SipError):
    """A request gets this status and these headers."""

    code = "sip.refused"

    def __init__(self, problem: str, status: int, extra: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(problem, status)
        self.extra = extra or extra_of(status)


class UserAgent:
    """All calls of one transport. Use on the reactor thread only."""

    def __init__(
        self,
        transport: Transport,
        clock: IReactorTime,
        on_call: Callable[[IncomingCall], None],
        *,
        settings: SipSettings,
        new_token: Callable[[], str],
        new_call_no: Callable[[], str],
        timers: Timers = RFC_TIMERS,
        is_ready: Callable[[], bool] = lambda: True,
        gate: Gate | None = None,
    ) -> None:
        """`new_token` returns 16 hex digits nobody can guess, for tags, branches and Call-IDs.

        Without a gate everybody is let in and nobody registers: for a caller, not for a server.
        """
        self.settings = settings
        self.clock = clock
        self.timers = timers
        self.new_token = new_token
        self.transactions = Transactions(
            transport, clock, timers, self, new_token, settings.transactions_max
        )
        self._transport = transport
        self._on_call = on_call
        self._new_call_no = new_call_no
        self._is_ready = is_ready
        self._gate = gate
        self._calls: dict[tuple[str, str], Call] = {}
        self._incoming: dict[InviteServerTransaction, IncomingCall] = {}
        self._open: set[Call] = set()  # not over yet
        self._present: set[Call] = set()  # until nothing is sent for them any more
        transport.listen(
            self.transactions.message_received, self._transport_lost, self._cut, self.hears
        )

    def contact_by(self, transport: str, scheme: str = "sip") -> str:
        """Return our Contact value for a peer that is reached by that transport."""
        host, port, _ = self._transport.local_of(transport)
        param = "" if transport == UDP else f";transport={transport.lower()}"
        return f"<{scheme}:{self.settings.server_name}@{host}:{port}{param}>"

    @property
    def call_count(self) -> int:
        """Calls that are not over yet."""
        return len(self._open)

    def joined(self, call: Call) -> None:
        """The call has a dialog now."""
        assert call.dialog is not None
        self._calls[call.sip_call_id, call.dialog.local.tag] = call
        self._enter(call)

    def _enter(self, call: Call) -> None:
        if call not in self._present:
            self._present.add(call)
            self._open.add(call)
            call.on_closed(lambda _: self._open.discard(call))

    def left(self, call: Call) -> None:
        """The call is over and its BYE answered: its dialog is gone."""
        self._present.discard(call)
        if call.dialog is not None:
            self._calls.pop((call.sip_call_id, call.dialog.local.tag), None)

    def hang_up_all(self) -> None:
        """End every call; for a shutdown, before the transport goes."""
        for call in list(self._open):
            call.hangup()

    def place(
        self,
        to: Uri,
        ani: str,
        peer: Hop,
        local: Address,
        *,
        credentials: Credentials | None = None,
        headers: Sequence[tuple[str, str]] = (),
        display: str = "",
        codecs: Sequence[Codec] = CODECS,
        call_no: str = "",
    ) -> OutgoingCall:
        """Call `to` through `peer`, showing `ani` and `display`, with our audio at `local`.

        The INVITE goes out at once; register callbacks right after. `credentials` answer the
        peer's challenge, `headers` go along with the INVITE, `codecs` are what we offer. Attempts
        at one call share its `call_no`.
        """
        host = self._transport.local.host
        session = MediaSession(self.new_token(), codecs)
        sip_call_id = f"{self.new_token()}@{host}"
        call = OutgoingCall(self, call_no or self._new_call_no(), sip_call_id, session, peer)
        self._enter(call)
        sender = NameAddr(Uri("sip", user=ani, host=host), display=quoted(display))
        call.dial(
            to, sender.tagged(self.new_token()), local, credentials=credentials, headers=headers
        )
        return call

    def hears(self, source: Hop) -> bool:
        """Return False when messages of this host are to be dropped unread."""
        return self._gate is None or self._gate.hears(source)

    def knows(self, hop: Hop) -> bool:
        """Return True for a host that a far end may send our call to."""
        return self._gate is None or self._gate.knows(hop.host)

    def verdict(self, request: Request, source: Hop) -> Verdict:
        """Judge a new request before a transaction is kept of it."""
        verdict = ADMITTED if self._gate is None else self._gate.verdict(request, source)
        if not verdict.is_admitted:
            return verdict
        try:
            self._check_method(request)
            if request.to.tag:
                self._call_of(request)
        except Refusal as e:
            return Verdict(False, e.status, (*e.extra, ("Server", self.settings.server_name)))
        return ADMITTED

    def request_received(self, transaction: ServerTransaction) -> None:
        """Give a request to its call, begin a call, or refuse it."""
        request = transaction.request
        try:
            if request.to.tag:
                call = self._call_of(request)
                _check_extensions(request)
                call.request_received(transaction)
            elif isinstance(transaction, InviteServerTransaction):
                self._invite_received(transaction)
            elif request.method == "REGISTER":
                self._register(transaction)
            else:
                self._answer_options(transaction)
        except SipError as e:
            extra = e.extra if isinstance(e, Refusal) else extra_of(e.status)
            log.info(
                "sip.request_refused",
                method=request.method if request.method in METHODS else "other",
                peer=transaction.source.host,
                status=e.status,
                problem=str(e),
            )
            self._respond(transaction, e.status, extra)
            if request.method == "INVITE" and not request.to.tag:
                metrics.INVITES.labels(metrics.InviteOutcome.REFUSED.value).inc()

    def cancel_received(self, transaction: InviteServerTransaction) -> None:
        """The caller of this INVITE gave up."""
        call = self._incoming.get(transaction)
        if call is not None:
            call.cancelled()

    def ack_received(self, request: Request) -> None:
        """An ACK of a 2xx, or a stray one."""
        call = self._calls.get((request.call_id, request.to.tag))
        if call is None or not _is_from(call, request):
            metrics.DROPPED.labels(metrics.Drop.STRAY_ACK.value).inc()
        else:
            call.ack_received(request)

    def _check_method(self, request: Request) -> None:
        is_register = request.method == "REGISTER" and not request.to.tag
        if request.method in METHODS or (is_register and self._registrar is not None):
            return
        status = 405 if request.method in KNOWN_METHODS else 501
        raise Refusal("method", status, (("Allow", ALLOW),))

    @property
    def _registrar(self) -> Registrar | None:
        return None if self._gate is None else self._gate.registrar

    def _register(self, transaction: ServerTransaction) -> None:
        assert self._registrar is not None
        _check_extensions(transaction.request)
        answer = self._registrar.receive(transaction.request, transaction.source)
        self._respond(transaction, answer.status, answer.headers)

    def _call_of(self, request: Request) -> Call:
        call = self._calls.get((request.call_id, request.to.tag))
        if call is None or not _is_from(call, request):
            raise Refusal("no such dialog", 481)
        return call

    def _check_stranger(self, request: Request) -> None:
        if request.method in DIALOG_METHODS:
            raise Refusal(f"{request.method} outside a dialog", 481)
        if request.uri.scheme not in SUPPORTED_SCHEMES:
            raise Refusal(f"scheme {request.uri.scheme}", 416)
        _check_extensions(request)
        if not self._is_ready():
            raise Refusal("not ready", 503, RETRY_AFTER)

    def _answer_options(self, transaction: ServerTransaction) -> None:
        self._check_stranger(transaction.request)
        contact = self.contact_by(transaction.source.transport)
        can = (("Allow", ALLOW), ("Supported", SUPPORTED))
        extra = (*can, ("Accept", CONTENT_TYPE), ("Contact", contact))
        self._respond(transaction, 200, extra)

    def _invite_received(self, transaction: InviteServerTransaction) -> None:
        request = transaction.request
        self._check_stranger(request)
        if len(self._open) >= self.settings.calls_max:
            raise Refusal("all lines busy", 503, RETRY_AFTER)
        body = sdp_body(request)
        _check_accept(request)
        dialog = Dialog.of_invite(request, transaction.local_tag, transaction.source)
        session = MediaSession(self.new_token())
        if body is not None:
            session.take_offer(body)
        trunk, caller = self._caller_of(request, transaction.source)
        call_no = self._new_call_no()
        call = IncomingCall(self, call_no, transaction, dialog, session, caller)
        self._incoming[transaction] = call
        if trunk is not None:
            trunk.take_line(call)
        call.on_closed(lambda _: self._decided(transaction))
        log.info(
            "sip.call_received", call_no=call_no, ani=masked(caller.ani), dnis=caller.dnis,
            peer=transaction.source.host,
        )  # fmt: skip
        if not told(call_no, self._on_call, call):
            call.refuse(500)
            call.hangup()
        call.wait()

    def _caller_of(self, request: Request, source: Hop) -> tuple[Trunk | None, Caller]:
        if self._gate is None:
            return None, caller_of(request)
        phone = self._gate.phone_of(request, source)
        if isinstance(phone, Answer):
            raise Refusal("phone without credentials", phone.status, phone.headers)
        if phone:
            return None, caller_of(request)._replace(phone=phone)
        trunk = self._gate.trunks.of(source, request)
        if trunk is None:
            return None, caller_of(request)
        rules = trunk.settings
        caller = caller_of(request, trunk.name, is_trusted=rules.trusts_identity)
        is_withheld = caller.is_withheld or not rules.trusts_identity
        return trunk, caller._replace(is_withheld=is_withheld, allows_refer=rules.allows_refer)

    def _decided(self, transaction: InviteServerTransaction) -> None:
        del self._incoming[transaction]

    def _respond(
        self, transaction: ServerTransaction, status: int, extra: tuple[tuple[str, str], ...]
    ) -> None:
        extra = (*extra, ("Server", self.settings.server_name))
        transaction.respond(response_to(transaction.request, status, transaction.local_tag, extra))

    def _cut(self, hop: Hop) -> None:
        self.transactions.cut(hop)
        if self._registrar is not None:
            self._registrar.lost(hop)

    def _transport_lost(self) -> None:
        self.transactions.stop()
        for call in list(self._present):
            call.lose()


def _is_from(call: Call, request: Request) -> bool:
    return call.dialog is not None and call.dialog.remote.tag == request.sender.tag


def _check_extensions(request: Request) -> None:
    unknown = [name for name in request.headers.listed("Require") if name not in EXTENSIONS]
    if unknown:
        raise Refusal("extension", 420, (("Unsupported", ", ".join(unknown)),))


def _check_accept(request: Request) -> None:
    accepted = request.headers.get_all("Accept")
    if not accepted:
        return
    kinds = {value.partition(";")[0].strip().lower() for value in request.headers.listed("Accept")}
    if kinds and not kinds & {CONTENT_TYPE, "application/*", "*/*"}:
        raise Refusal("answer must be acceptable as application/sdp", 406)
