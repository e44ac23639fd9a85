"""A dialog: tags, route set, remote target and CSeq, from which in-dialog requests are made.

Not here: the life of a call (gateway.sip.calls). RFC 3261 §12.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.sip.errors import SipError
from gateway.sip.headers import CSeq, NameAddr, Via, parse_name_addr
from gateway.sip.message import MAX_FORWARDS_DEFAULT, Essentials, Headers, Request, Response
from gateway.sip.networks import is_private
from gateway.sip.routing import hop_of
from gateway.sip.uri import Uri
from gateway.sip.wire import Hop, Transport


@dataclass(slots=True)
class Dialog:
    """One peer-to-peer relation. `local` and `remote` carry the tags."""

    call_id: str
    local: NameAddr
    remote: NameAddr
    remote_target: Uri
    route_set: tuple[NameAddr, ...]
    local_cseq: int
    remote_cseq: int | None
    source: Hop
    is_behind_nat: bool = False

    @classmethod
    def of_invite(cls, invite: Request, local_tag: str, source: Hop) -> "Dialog":
        """Return the callee's dialog (§12.1.1). Raises SipError without a usable Contact."""
        return cls(
            call_id=invite.call_id,
            local=invite.to.tagged(local_tag),
            remote=invite.sender,
            remote_target=remote_target(invite),
            route_set=_routes(invite.headers),
            local_cseq=0,
            remote_cseq=invite.cseq.number,
            source=source,
            is_behind_nat=_is_behind_nat(invite.via, source),
        )

    @classmethod
    def of_answer(cls, invite: Request, answer: Response, peer: Hop) -> "Dialog":
        """Return the caller's dialog (§12.1.2). Raises SipError without a usable Contact."""
        target = remote_target(answer)
        return cls(
            call_id=invite.call_id,
            local=invite.sender,
            remote=answer.to,
            remote_target=target,
            route_set=_routes(answer.headers)[::-1],
            local_cseq=invite.cseq.number,
            remote_cseq=None,
            source=peer,
            # What names a private address, and was reached at a public one, sits behind NAT.
            is_behind_nat=is_private(target.host) and not is_private(peer.host),
        )

    @property
    def next_hop(self) -> Hop:
        """Where our requests go: the first route, else the Contact, else where it called from.

        Names are not looked up and a peer behind NAT is not reachable at its Contact: both get
        their requests at the address that their own came from.
        """
        if self.is_behind_nat and not self.route_set:
            return self.source
        uri = self.route_set[0].uri if self.route_set else self.remote_target
        return hop_of(uri) or self.source

    def hop_over(self, transport: Transport) -> Hop:
        """Return the next hop: the connection it called over, while that is open and leads there.

        A peer's connection comes from a port of its own, so the address alone does not tell.
        """
        to, source = self.next_hop, self.source
        if source.is_stream and to != source and to.host == source.host:
            return source if transport.reaches(source) else to
        return to

    def request(
        self, method: str, via: Via, extra: Sequence[tuple[str, str]] = (), body: bytes = b""
    ) -> Request:
        """Return the next request of ours in this dialog (§12.2.1.1); `extra` types the body."""
        self.local_cseq += 1
        return self._made(method, self.local_cseq, via, extra, body)

    def ack(self, cseq_number: int, via: Via, extra: Sequence[tuple[str, str]] = ()) -> Request:
        """Return the ACK of the 2xx to our INVITE with that CSeq (§13.2.2.4).

        `extra` repeats the credentials of that INVITE (§22.1).
        """
        return self._made("ACK", cseq_number, via, extra, b"")

    def _made(
        self, method: str, number: int, via: Via, extra: Sequence[tuple[str, str]], body: bytes
    ) -> Request:
        target, routes = self.remote_target, [str(route) for route in self.route_set]
        if routes and self.route_set[0].uri.param("lr") is None:  # a strict router of RFC 2543
            target = self.route_set[0].uri
            routes = [*routes[1:], f"<{self.remote_target}>"]
        headers = Headers([("Via", str(via)), ("Max-Forwards", str(MAX_FORWARDS_DEFAULT))])
        headers.rows += [("Route", route) for route in routes]
        headers.add("From", str(self.local))
        headers.add("To", str(self.remote))
        headers.add("Call-ID", self.call_id)
        headers.add("CSeq", str(CSeq(number, method)))
        headers.rows += extra
        essentials = Essentials(via, self.local, self.remote, self.call_id, CSeq(number, method))
        return Request(method, target, headers, body, essentials)

    def takes(self, request: Request) -> bool:
        """Note the CSeq of a request in this dialog; False when it is out of order (§12.2.2)."""
        if self.remote_cseq is not None and request.cseq.number <= self.remote_cseq:
            return False
        self.remote_cseq = request.cseq.number
        return True


def _is_behind_nat(via: Via, source: Hop) -> bool:
    host, port = via.sent_by
    return host != source.host or (not source.is_stream and port != source.port)


def remote_target(message: Request | Response) -> Uri:
    """Return the Contact's URI. Raises SipError unless there is exactly one, of sip: or sips:.

    A caller of RFC 2543 age may leave it out; then From is the best there is.
    """
    contacts = message.headers.listed("Contact")
    if not contacts and isinstance(message, Request) and not message.via.is_rfc3261:
        return message.sender.uri
    if len(contacts) != 1:
        raise SipError(f"exactly one Contact is needed, {len(contacts)} came")
    uri = parse_name_addr(contacts[0]).uri
    if uri.scheme not in ("sip", "sips"):
        raise SipError(f"Contact must be a sip: URI, was {uri.scheme}:")
    return uri


def _routes(headers: Headers) -> tuple[NameAddr, ...]:
    return tuple(parse_name_addr(value) for value in headers.listed("Record-Route"))
