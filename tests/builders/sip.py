"""A SIP peer made of bytes, and a user agent on a virtual clock to send them to."""

import itertools
from collections.abc import Callable

from twisted.internet.task import Clock

from gateway.sip.errors import SipNotSent
from gateway.sip.gate import Gate
from gateway.sip.incoming import IncomingCall
from gateway.sip.message import Headers, Malformed, Request, Response, parse_message
from gateway.sip.settings import SipSettings
from gateway.sip.useragent import UserAgent
from gateway.sip.wire import Hop

CALLER = Hop("192.0.2.1", 5060)
US = Hop("192.0.2.10", 5060)
RTP = ("192.0.2.10", 40_000)

OFFER = (
    "v=0\r\no=alice 29739 7272939 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
    "m=audio 49170 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n"
    "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\n"
)


class MemoryTransport:
    """Keeps what is sent; `arrive` is the wire."""

    local = US

    def __init__(self) -> None:
        self.connections: set[Hop] = set()
        self.sent: list[tuple[Request | Response, Hop]] = []
        self.datagrams: list[bytes] = []
        self.is_closed = False
        self._on_message: Callable[[bytes, Hop], None] | None = None
        self._on_lost: Callable[[], None] | None = None
        self._on_cut: Callable[[Hop], None] | None = None

    def local_of(self, transport: str) -> Hop:
        return US._replace(transport=transport)

    def reaches(self, hop: Hop) -> bool:
        return hop in self.connections

    def listen(
        self,
        on_message: Callable[[bytes, Hop], None],
        on_lost: Callable[[], None],
        on_cut: Callable[[Hop], None],
        hears: Callable[[Hop], bool],
    ) -> None:
        self._on_message, self._on_lost, self._on_cut = on_message, on_lost, on_cut

    def send(self, data: bytes, to: Hop) -> None:
        if self.is_closed:
            raise SipNotSent("closed")
        self.datagrams.append(data)
        try:
            self.sent.append((parse_message(data), to))
        except Malformed:  # the answer to a malformed request echoes what was wrong
            self.sent.append((_unreadable(data), to))

    def cut(self, hop: Hop) -> None:
        """Let a connection end."""
        self.connections.discard(hop)
        assert self._on_cut is not None
        self._on_cut(hop)

    def arrive(self, data: bytes | str, source: Hop = CALLER) -> None:
        assert self._on_message is not None
        self._on_message(data.encode() if isinstance(data, str) else data, source)

    def lose(self) -> None:
        self.is_closed = True
        assert self._on_lost is not None
        self._on_lost()

    def take(self) -> list[str]:
        """Return what was sent since the last take: statuses as text, methods as they are."""
        taken = [m.method if isinstance(m, Request) else str(m.status) for m, _ in self.sent]
        self.last = [m for m, _ in self.sent]
        self.sent.clear()
        return taken


def _unreadable(data: bytes) -> Response:
    """Return a response with the status of `data` and the least that a response needs."""
    needed = [("Via", "SIP/2.0/UDP x"), ("From", "<sip:x@x>"), ("To", "<sip:x@x>")]
    needed += [("Call-ID", "x"), ("CSeq", "1 X")]
    return Response(int(data.split(b" ")[1]), "unreadable", Headers(needed))


def a_request(
    method: str = "INVITE",
    *,
    uri: str = "sip:95500@192.0.2.10",
    branch: str = "z9hG4bKone",
    cseq: int = 1,
    cseq_method: str = "",
    call_id: str = "one@192.0.2.1",
    sender: str = "<sip:13800138000@192.0.2.1>;tag=alice",
    to: str = "<sip:95500@192.0.2.10>",
    to_tag: str = "",
    contact: str | None = "<sip:alice@192.0.2.1:5060>",
    extra: tuple[str, ...] = (),
    body: str = "",
    via: str = "",
) -> str:
    """Return a request as text; an INVITE gets its Contact, a body its Content-Type."""
    lines = [
        f"{method} {uri} SIP/2.0",
        via or f"Via: SIP/2.0/UDP 192.0.2.1:5060;branch={branch};rport",
        "Max-Forwards: 70",
        f"From: {sender}",
        f"To: {to}" + (f";tag={to_tag}" if to_tag else ""),
        f"Call-ID: {call_id}",
        f"CSeq: {cseq} {cseq_method or method}",
    ]
    if contact is not None and method == "INVITE":
        lines.append(f"Contact: {contact}")
    if body and not any(line.startswith("Content-Type") for line in extra):
        lines.append("Content-Type: application/sdp")
    lines += [*extra, f"Content-Length: {len(body.encode())}"]
    return "\r\n".join(lines) + "\r\n\r\n" + body


def tokens() -> Callable[[], str]:
    """Return a source of different 16 hex digits."""
    counted = itertools.count(1)
    return lambda: f"{next(counted):016x}"


class Exchange:
    """A user agent on a virtual clock, and the calls it was given."""

    def __init__(self, **settings: object) -> None:
        self.clock = Clock()
        self.wire = MemoryTransport()
        self.calls: list[IncomingCall] = []
        self.ends: list[str] = []
        self.is_ready = True
        self.on_call: Callable[[IncomingCall], None] = lambda call: None
        numbers = itertools.count(1)
        self.settings = SipSettings(**settings)  # type: ignore[arg-type]
        self.agent = UserAgent(
            self.wire,
            self.clock,
            self._take_call,
            settings=self.settings,
            new_token=tokens(),
            new_call_no=lambda: f"call-{next(numbers)}",
            is_ready=lambda: self.is_ready,
            gate=self.make_gate(),
        )

    def make_gate(self) -> Gate | None:
        """Everybody gets in, unless a kind of exchange says otherwise."""
        return None

    def _take_call(self, call: IncomingCall) -> None:
        self.calls.append(call)
        call.on_closed(lambda reason: self.ends.append(reason.value))
        self.on_call(call)

    def invited(self, **request: object) -> IncomingCall:
        """Let an INVITE arrive and return its call; 100 is taken off the wire."""
        self.wire.arrive(a_request(**{"body": OFFER, **request}))  # type: ignore[arg-type]
        assert self.wire.take() == ["100"]
        return self.calls[-1]

    def answered(self, **request: object) -> IncomingCall:
        """Return a call that is answered and acknowledged."""
        call = self.invited(**request)
        call.answer(RTP)
        assert self.wire.take() == ["200"]
        self.arrive_in(call, "ACK", cseq=1, branch="z9hG4bKack")
        return call

    def arrive_in(self, call: IncomingCall, method: str, **request: object) -> None:
        """Let a request within the call's dialog arrive."""
        assert call.dialog is not None
        request = {"branch": f"z9hG4bK{method}", "cseq": 2, **request}
        self.wire.arrive(a_request(method, to_tag=call.dialog.local.tag, **request))  # type: ignore[arg-type]

    def request(self, method: str, **request: object) -> str:
        """Return a request of the far end as text."""
        return a_request(method, **request)  # type: ignore[arg-type]

    def reply(
        self, status: int, request: Request, body: str = "", tag: str = "far",
        contact: str = "<sip:alice@192.0.2.1:5060>", extra: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        """Let the far end's answer to a request of ours arrive."""
        to_tag = "" if request.to.tag else f";tag={tag}"
        kind = ["Content-Type: application/sdp"] if body else []
        lines = [
            f"SIP/2.0 {status} Whatever",
            f"Via: {request.via}",
            f"From: {request.sender}",
            f"To: {request.to}{to_tag}",
            f"Call-ID: {request.call_id}",
            f"CSeq: {request.cseq}",
            f"Contact: {contact}",
            *kind,
            *extra,
            f"Content-Length: {len(body.encode())}",
        ]
        self.wire.arrive("\r\n".join(lines) + "\r\n\r\n" + body)

    def advance(self, seconds: float, step: float = 0.1) -> None:
        """Let virtual time pass in small steps."""
        for _ in range(round(seconds / step)):
            self.clock.advance(step)
