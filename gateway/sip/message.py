"""Requests and responses: bytes to values and back, with size limits (RFC 3261 §7).

Compact names, folded lines and headers given several times or comma-joined are all accepted;
what is built is always written in full. Not here: what a method means (gateway.sip.useragent).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from gateway.sip.errors import SipError, shown
from gateway.sip.headers import (
    TOKEN,
    CSeq,
    NameAddr,
    Via,
    parse_cseq,
    parse_name_addr,
    parse_number,
    parse_via,
    split_commas,
)
from gateway.sip.uri import Uri, parse_uri

MESSAGE_BYTES_MAX: Final = 16 * 1024
HEADERS_MAX: Final = 256
CALL_ID_CHARS_MAX: Final = 256
MAX_FORWARDS_DEFAULT: Final = 70
VERSION: Final = "SIP/2.0"

REASON: Final = {
    100: "Trying", 180: "Ringing", 183: "Session Progress", 200: "OK",
    400: "Bad Request", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
    406: "Not Acceptable", 408: "Request Timeout", 413: "Request Entity Too Large",
    414: "Request-URI Too Long", 415: "Unsupported Media Type", 416: "Unsupported URI Scheme",
    420: "Bad Extension", 480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist", 482: "Loop Detected", 483: "Too Many Hops",
    486: "Busy Here", 487: "Request Terminated", 488: "Not Acceptable Here",
    491: "Request Pending", 500: "Server Internal Error", 501: "Not Implemented",
    503: "Service Unavailable", 505: "Version Not Supported", 513: "Message Too Large",
    603: "Decline",
}  # fmt: skip

_COMPACT: Final = {
    "i": "Call-ID", "m": "Contact", "e": "Content-Encoding", "l": "Content-Length",
    "c": "Content-Type", "f": "From", "s": "Subject", "k": "Supported", "t": "To", "v": "Via",
    "o": "Event", "r": "Refer-To", "b": "Referred-By", "x": "Session-Expires",
    "u": "Allow-Events", "a": "Accept-Contact", "j": "Reject-Contact", "d": "Request-Disposition",
}  # fmt: skip
_SPELLING: Final = {"call-id": "Call-ID", "cseq": "CSeq", "mime-version": "MIME-Version"}
_ONCE: Final = ("From", "To", "Call-ID", "CSeq", "Max-Forwards", "Content-Length", "Content-Type")
_ECHOED: Final = frozenset({"Via", "From", "Call-ID", "CSeq", "Timestamp"})
_LINE_START = re.compile(r"\r\n[ \t]+")
_STATUS = re.compile(r"SIP/2\.0 ([1-6][0-9]{2}) (.*)", re.DOTALL)


def canonical(name: str) -> str:
    """Return a header name in full and in its usual spelling."""
    lower = name.lower()
    return _COMPACT.get(lower) or _SPELLING.get(lower) or lower.title()


class Headers:
    """Header rows in their order; names are canonical, values are text without line breaks."""

    __slots__ = ("rows",)

    def __init__(self, rows: Iterable[tuple[str, str]] = ()) -> None:
        self.rows = list(rows)

    __hash__ = None  # type: ignore[assignment]  # rows may be added

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self.rows == other.rows

    def get(self, name: str) -> str | None:
        """Return the first value, None when absent."""
        for key, value in self.rows:
            if key == name:
                return value
        return None

    def get_all(self, name: str) -> list[str]:
        """Return the rows of that name, not split at commas."""
        return [value for key, value in self.rows if key == name]

    def listed(self, name: str) -> list[str]:
        """Return all values of a list header, split at commas. Raises SipError."""
        return [piece for row in self.get_all(name) for piece in split_commas(row) if piece]

    def add(self, name: str, value: str) -> None:
        """Append a row."""
        self.rows.append((name, value))


class Malformed(SipError):
    """The bytes are not an acceptable message. `method` and `headers` allow an answer, if set."""

    code = "sip.malformed"

    def __init__(
        self, problem: str, status: int = 400, method: str = "", headers: Headers | None = None
    ) -> None:
        super().__init__(problem, status)
        self.method = method
        self.headers = headers


@dataclass(frozen=True, slots=True)
class Request:
    """A request with its essential headers parsed; making one raises SipError if they are not."""

    method: str
    uri: Uri
    headers: Headers
    body: bytes = b""
    via: Via = field(init=False, compare=False)
    sender: NameAddr = field(init=False, compare=False)
    to: NameAddr = field(init=False, compare=False)
    call_id: str = field(init=False, compare=False)
    cseq: CSeq = field(init=False, compare=False)

    def __post_init__(self) -> None:
        _fill_essentials(self)
        if self.cseq.method != self.method:
            raise SipError(f"CSeq is of {shown(self.cseq.method)}, request {shown(self.method)}")
        max_forwards = self.headers.get("Max-Forwards")
        if max_forwards is not None:
            parse_number("Max-Forwards", max_forwards, 255)


@dataclass(frozen=True, slots=True)
class Response:
    """A response with its essential headers parsed; making one raises SipError if they are not."""

    status: int
    reason: str
    headers: Headers
    body: bytes = b""
    via: Via = field(init=False, compare=False)
    sender: NameAddr = field(init=False, compare=False)
    to: NameAddr = field(init=False, compare=False)
    call_id: str = field(init=False, compare=False)
    cseq: CSeq = field(init=False, compare=False)

    def __post_init__(self) -> None:
        _fill_essentials(self)


def _fill_essentials(message: Request | Response) -> None:
    headers = message.headers
    for name in _ONCE:
        if len(headers.get_all(name)) > 1:
            raise SipError(f"{name} stands more than once")
    vias = headers.get("Via")
    if vias is None:
        raise SipError("Via is missing")
    put = object.__setattr__
    put(message, "via", parse_via(split_commas(vias)[0]))
    put(message, "sender", parse_name_addr(_needed(headers, "From")))
    put(message, "to", parse_name_addr(_needed(headers, "To")))
    put(message, "cseq", parse_cseq(_needed(headers, "CSeq")))
    call_id = _needed(headers, "Call-ID")
    if len(call_id) > CALL_ID_CHARS_MAX or " " in call_id:
        raise SipError(f"Call-ID of {len(call_id)} characters, limit {CALL_ID_CHARS_MAX}, one word")
    put(message, "call_id", call_id)


def _needed(headers: Headers, name: str) -> str:
    value = headers.get(name)
    if not value:
        raise SipError(f"{name} is missing")
    return value


def parse_message(data: bytes) -> Request | Response:
    """Return the message in one datagram; bytes after Content-Length are dropped.

    Raises Malformed.
    """
    if len(data) > MESSAGE_BYTES_MAX:
        raise Malformed(f"message of {len(data)} bytes, limit {MESSAGE_BYTES_MAX}", 513)
    head, blank, body = data.lstrip(b"\r\n").partition(b"\r\n\r\n")
    # Foreign bytes survive the way out again, so that a response echoes them unchanged.
    text = _LINE_START.sub(" ", head.decode("utf-8", "surrogateescape"))
    start, _, rest = text.partition("\r\n")
    if start.startswith("SIP/"):
        headers = _parse_headers(rest)
        return _response(start, headers, _checked_body(headers, body, blank))
    method = start.partition(" ")[0]
    try:
        headers = _parse_headers(rest)
    except Malformed as e:
        raise Malformed(str(e), e.status, method, e.headers) from e
    try:
        return _request(start, headers, _checked_body(headers, body, blank), text)
    except SipError as e:
        raise Malformed(str(e), e.status, method, headers) from e


def _parse_headers(text: str) -> Headers:
    headers = Headers()
    broken = ""
    for line in text.split("\r\n") if text else ():
        name, colon, value = line.partition(":")
        name = name.rstrip(" \t")
        if not colon or not TOKEN.fullmatch(name) or "\n" in line or "\r" in line:
            broken = broken or line
        elif len(headers.rows) >= HEADERS_MAX:
            raise Malformed(f"more than {HEADERS_MAX} headers", 400, headers=headers)
        else:
            headers.add(canonical(name), value.strip(" \t"))
    if broken:
        raise Malformed(f"header line, was {shown(broken)}", headers=headers)
    return headers


def _checked_body(headers: Headers, body: bytes, blank: bytes) -> bytes:
    if not blank:
        raise Malformed("no empty line after the headers")
    lengths = headers.get_all("Content-Length")
    if not lengths:
        return body
    if len(lengths) > 1:
        raise Malformed("Content-Length stands more than once")
    length = parse_number("Content-Length", lengths[0], MESSAGE_BYTES_MAX)
    if length > len(body):
        raise Malformed(f"Content-Length {length}, but only {len(body)} bytes follow")
    return body[:length]


def _request(start: str, headers: Headers, body: bytes, text: str) -> Request:
    parts = start.split(" ")
    if len(parts) != 3 or not TOKEN.fullmatch(parts[0]):
        raise SipError(f"request line, was {shown(start)}")
    if not text.isascii() and not _is_utf8(text):
        raise SipError("headers are not UTF-8")
    if parts[2].upper() != VERSION:
        known = re.fullmatch(r"SIP/[0-9]+\.[0-9]+", parts[2], re.IGNORECASE)
        raise SipError(f"version {shown(parts[2])}", 505 if known else 400)
    uri = parse_uri(parts[1])
    if uri.headers:
        raise SipError("Request-URI with headers")
    return Request(parts[0], uri, headers, body)


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _response(start: str, headers: Headers, body: bytes) -> Response:
    found = _STATUS.fullmatch(start)
    if found is None:
        raise Malformed(f"status line, was {shown(start)}")
    try:
        return Response(int(found[1]), found[2], headers, body)
    except SipError as e:
        raise Malformed(str(e), e.status) from e


def build_message(message: Request | Response) -> bytes:
    """Return the bytes; Content-Length is computed and written last."""
    if isinstance(message, Request):
        lines = [f"{message.method} {message.uri} {VERSION}"]
    else:
        lines = [f"{VERSION} {message.status} {message.reason}"]
    lines += [
        f"{name}: {value}" for name, value in message.headers.rows if name != "Content-Length"
    ]
    lines.append(f"Content-Length: {len(message.body)}\r\n\r\n")
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + message.body


def echo_headers(headers: Headers, to_tag: str, with_route: bool) -> Headers:
    """Return the headers a response takes from its request (§8.2.6.2), To with our tag."""
    echoed = Headers()
    for name, value in headers.rows:
        if name in _ONCE and echoed.get(name) is not None:
            continue  # only in an answer to a malformed request
        if name in _ECHOED or (with_route and name == "Record-Route"):
            echoed.add(name, value)
        elif name == "To":
            echoed.add(name, f"{value};tag={to_tag}" if to_tag else value)
    return echoed


def response_to(
    request: Request,
    status: int,
    to_tag: str = "",
    extra: Sequence[tuple[str, str]] = (),
    body: bytes = b"",
    reason: str = "",
) -> Response:
    """Return our response. `to_tag` is added unless To has one; a body gets its Content-Type."""
    tag = "" if request.to.tag or status == 100 else to_tag
    headers = echo_headers(request.headers, tag, with_route=101 <= status <= 299)
    for name, value in extra:
        headers.add(name, value)
    if body:
        headers.add("Content-Type", "application/sdp")
    return Response(status, reason or REASON.get(status, "Refused"), headers, body)
