"""The transaction layer: what arrives finds its transaction, what leaves gets one.

Malformed requests are answered without state where an answer is possible. Not here: what a
request means, which is the user's (gateway.sip.useragent). RFC 3261 §17.1.3, §17.2.3, §8.2.7.
"""

import hashlib
from collections.abc import Callable, Hashable
from typing import Final, Protocol

import structlog
from twisted.internet.interfaces import IReactorTime

from gateway.sip import metrics
from gateway.sip.boundary import contained
from gateway.sip.client_transaction import ClientTransaction, InviteClientTransaction
from gateway.sip.dialog import Dialog
from gateway.sip.errors import SipError, SipNotSent
from gateway.sip.headers import MAGIC_COOKIE, Via, parse_via, split_commas
from gateway.sip.message import (
    Malformed,
    Request,
    Response,
    build_message,
    parse_message,
)
from gateway.sip.responses import response_to, stateless_answer
from gateway.sip.routing import port_default
from gateway.sip.server_transaction import InviteServerTransaction, ServerTransaction
from gateway.sip.verdict import ADMITTED, BUSY, Verdict
from gateway.sip.wire import TCP, UDP, Hop, Timers, Transport

log = structlog.get_logger("sip")

VIAS_MAX: Final = 70
DATAGRAM_BYTES_MAX: Final = 1300

_KEEPALIVE = b"\r\n\0 "


class TransactionUser(Protocol):
    """Who decides about requests. Must see to it that every transaction gets a final response."""

    def hears(self, source: Hop) -> bool:
        """Return False when messages of this host are to be dropped unread."""
        ...

    def verdict(self, request: Request, source: Hop) -> Verdict:
        """Judge a new request before a transaction is kept of it."""
        ...

    def request_received(self, transaction: ServerTransaction) -> None:
        """A new request other than ACK and CANCEL."""

    def cancel_received(self, transaction: InviteServerTransaction) -> None:
        """The CANCEL of this INVITE came, and was answered; it may be too late."""

    def ack_received(self, request: Request) -> None:
        """An ACK that is not of a failure response: of a 2xx, or stray."""


class Transactions:
    """All transactions, by whatever transport."""

    def __init__(
        self,
        transport: Transport,
        clock: IReactorTime,
        timers: Timers,
        user: TransactionUser,
        new_token: Callable[[], str],
        transactions_max: int,
    ) -> None:
        self._transport = transport
        self._clock = clock
        self._timers = timers
        self._user = user
        self._new_token = new_token
        self._tag_key = new_token()
        self._transactions_max = transactions_max
        self._servers: dict[Hashable, ServerTransaction] = {}
        self._merge_keys: set[Hashable] = set()
        self._clients: dict[tuple[str, str], ClientTransaction] = {}
        self._by_stream: dict[Hop, set[ClientTransaction]] = {}

    def __len__(self) -> int:
        return len(self._servers) + len(self._clients)

    def message_received(self, data: bytes, source: Hop) -> None:
        """Take one message from the transport; never raises for what a stranger sent."""
        if not self._user.hears(source):
            return
        if not data.strip(_KEEPALIVE):
            metrics.DROPPED.labels(metrics.Drop.KEEPALIVE.value).inc()
            return
        try:
            message = parse_message(data, is_stream=source.is_stream)
        except Malformed as e:
            self._answer_malformed(e, source)
            return
        if isinstance(message, Response):
            self._response_received(message)
        else:
            self._request_received(message, source)

    def new_via(self, transport: str = UDP) -> Via:
        """Return our Via for a request by that transport, with a fresh branch."""
        host, port, _ = self._transport.local_of(transport)
        branch = MAGIC_COOKIE + self._new_token()
        return Via(transport, host, port, (("branch", branch), ("rport", None)))

    def hop_of(self, dialog: Dialog) -> Hop:
        """Return where the next request of ours in the dialog goes."""
        return dialog.hop_over(self._transport)

    def sized(self, request: Request, to: Hop) -> tuple[Request, Hop]:
        """Return what is too large for one datagram addressed to the peer's TCP connection.

        Only if there is one; else it is left to the network to cut it (§18.1.1).
        """
        over = to._replace(transport=TCP)
        if to.is_stream or not self._transport.reaches(over):
            return request, to
        if len(build_message(request)) <= DATAGRAM_BYTES_MAX:
            return request, to
        return request.with_top_via(self.new_via(TCP)), over

    def start(
        self,
        request: Request,
        to: Hop,
        on_response: Callable[[Response], None],
        on_failure: Callable[[], None],
    ) -> ClientTransaction:
        """Send a request of ours, on the branch of its Via."""
        key = (request.via.branch, request.method)

        def ended() -> None:
            self._clients.pop(key, None)
            if to.is_stream:
                self._by_stream[to].discard(transaction)
                if not self._by_stream[to]:
                    del self._by_stream[to]

        kind = InviteClientTransaction if request.method == "INVITE" else ClientTransaction
        transaction = kind(
            request,
            lambda data: self._transport.send(data, to),
            self._clock,
            self._timers,
            to.is_stream,
            on_response,
            on_failure,
            ended,
        )
        self._clients[key] = transaction
        if to.is_stream:
            self._by_stream.setdefault(to, set()).add(transaction)
        transaction.start()
        return transaction

    def send_ack(self, ack: Request, to: Hop) -> None:
        """Send the ACK of a 2xx; it has no transaction."""
        self._send(build_message(ack), to)

    def cut(self, hop: Hop) -> None:
        """A connection ended or was never made: what nobody has answered yet failed (§17.1.4)."""
        for client in list(self._by_stream.get(hop, ())):
            client.cut()

    def stop(self) -> None:
        """Forget everything; nothing is sent."""
        for server in list(self._servers.values()):
            server.terminate()
        for client in list(self._clients.values()):
            client.terminate()

    def _send(self, data: bytes, to: Hop) -> None:
        try:
            self._transport.send(data, to)
        except SipNotSent as e:  # a timer of either side repeats it or gives up
            log.warning("sip.not_sent", peer=to.host, problem=str(e))

    def _reply(self, data: bytes, via: Via, source: Hop) -> None:
        """Send a response: over the connection of its request, else as the Via says (§18.2.2)."""
        if source.is_stream:
            if not self._transport.reaches(source):
                port = via.port or port_default(source.transport)
                source = source._replace(port=port)
        else:
            source = Hop(*via.reply_address(source.host, source.port))
        self._send(data, source)

    def _response_received(self, response: Response) -> None:
        key = (response.via.branch, response.cseq.method)
        transaction = self._clients.get(key)
        if transaction is None or len(response.headers.get_all("Via")) != 1:
            metrics.DROPPED.labels(metrics.Drop.STRAY_RESPONSE.value).inc()
            return
        transaction.receive(response)

    def _request_received(self, request: Request, source: Hop) -> None:
        method = "INVITE" if request.method == "ACK" else request.method
        key = _server_key(request, method)
        known = self._servers.get(key)
        if request.method == "ACK":
            if isinstance(known, InviteServerTransaction) and known.is_failed:
                known.acknowledge()
            else:
                self._user.ack_received(request)
        elif known is not None:
            known.receive_again()
        elif self._passes(request, source):
            self._begin(request, source, key)

    def _passes(self, request: Request, source: Hop) -> bool:
        """Answer without state what would cost too much, or went in circles."""
        verdict = self._user.verdict(request, source)
        if verdict.is_admitted:
            verdict = self._measured(request)
        if verdict.status:
            tag = self._tag_of(request)
            response = response_to(
                _seen_from(request, source), verdict.status, tag, verdict.headers
            )
            self._reply(build_message(response), request.via, source)
        return verdict.is_admitted

    def _tag_of(self, request: Request) -> str:
        """Return the To tag of an answer that keeps nothing: for a repeated request the same one.

        RFC 3261 §8.2.7.
        """
        said = (self._tag_key, request.via.branch, request.sender.tag, request.call_id)
        text = "\0".join((*said, str(request.cseq)))
        return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]

    def _measured(self, request: Request) -> Verdict:
        if len(request.headers.get_all("Via")) > VIAS_MAX:
            return Verdict(False, 483)
        if len(self) >= self._transactions_max:
            return BUSY
        is_cancel = request.method == "CANCEL"
        if is_cancel and _server_key(request, "INVITE") not in self._servers:
            return Verdict(False, 481)
        if not request.to.tag and not is_cancel and _merge_key(request) in self._merge_keys:
            return Verdict(False, 482)
        return ADMITTED

    def _begin(self, request: Request, source: Hop, key: Hashable) -> None:
        via, is_in_dialog = request.via, bool(request.to.tag)
        merge_key = _merge_key(request)

        def ended() -> None:
            del self._servers[key]
            if not is_in_dialog:
                self._merge_keys.discard(merge_key)

        kind = InviteServerTransaction if request.method == "INVITE" else ServerTransaction
        transaction = kind(
            _seen_from(request, source),
            source,
            self._new_token(),
            lambda data: self._reply(data, via, source),
            self._clock,
            self._timers,
            source.is_stream,
            ended,
        )
        self._servers[key] = transaction
        if not is_in_dialog:
            self._merge_keys.add(merge_key)
        if request.method == "CANCEL":
            self._cancel(transaction, self._servers.get(_server_key(request, "INVITE")))
        else:
            self._tell_user(transaction)

    def _cancel(self, cancel: ServerTransaction, invite: ServerTransaction | None) -> None:
        if not isinstance(invite, InviteServerTransaction):
            cancel.respond(response_to(cancel.request, 481, cancel.local_tag))
            return
        cancel.respond(response_to(cancel.request, 200, invite.local_tag))
        self._user.cancel_received(invite)

    def _tell_user(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        is_fine = contained(
            "sip.request_failed",
            lambda: self._user.request_received(transaction),
            method=request.method,
        )
        if not is_fine and not transaction.is_answered:
            transaction.respond(response_to(request, 500, transaction.local_tag))

    def _answer_malformed(self, problem: Malformed, source: Hop) -> None:
        headers = problem.headers
        vias = headers.get("Via") if headers is not None else None
        if headers is None or not vias or not problem.method or problem.method == "ACK":
            reason = metrics.Drop.OVERSIZED if problem.status == 513 else metrics.Drop.UNREADABLE
            metrics.DROPPED.labels(reason.value).inc()
            return
        metrics.MALFORMED.inc()
        log.info("sip.malformed", peer=source.host, status=problem.status, problem=str(problem))
        answer = stateless_answer(problem.status, headers, self._new_token())
        try:
            via = parse_via(split_commas(vias)[0])
        except SipError:
            self._send(answer, source)
        else:
            self._reply(answer, via, source)


def _server_key(request: Request, method: str) -> Hashable:
    via = request.via
    if via.is_rfc3261:
        return (via.branch, via.sent_by, method)
    return (
        str(via),
        request.sender.tag,
        request.call_id,
        request.cseq.number,
        str(request.uri),
        method,
    )


def _merge_key(request: Request) -> Hashable:
    return (request.sender.tag, request.call_id, request.cseq)


def _seen_from(request: Request, source: Hop) -> Request:
    """Return the request with `received` and `rport` in its top Via, for our responses."""
    top = request.via.seen_from(source.host, source.port)
    return request if top is request.via else request.with_top_via(top)
