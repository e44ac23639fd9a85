"""Requests and responses: bytes to values and back, with size limits (RFC 3261 §7).

Compact names, folded lines and headers given several times or comma-joined are all accepted;
what is built is always written in full. Not here: what a method means (gateway.sip.useragent).
"""

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

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
NAMES_KEPT: Final = 512
VERSION: Final = "SIP/2.0"

_COMPACT: Final = {
    "i": "Call-ID", "m": "Contact", "e": "Content-Encoding", "l": "Content-Length",
    "c": "Content-Type", "f": "From", "s": "Subject", "k": "Supported", "t": "To", "v": "Via",
    "o": "Event", "r": "Refer-To", "b": "Referred-By", "x": "Session-Expires",
    "u": "Allow-Events", "a": "Accept-Contact", "j": "Reject-Contact", "d": "Request-Disposition",
}  # fmt: skip
_SPELLING: Final = {
    "call-id": "Call-ID", "cseq": "CSeq", "mime-version": "MIME-Version", "min-se": "Min-SE",
    "rack": "RAck", "rseq": "RSeq", "www-authenticate": "WWW-Authenticate",
}  # fmt: skip
ONCE: Final = frozenset(
    {"From", "To", "Call-ID", "CSeq", "Max-Forwards", "Content-Length", "Content-Type"}
)
_NEEDED: Final = ("From", "To", "Call-ID", "CSeq")
_UNKNOWN: Final[Any] = None
_HEADER_LINE = re.compile(r"(?:\A|\r\n)([A-Za-z0-9.!%*_+`'~-]+)[ \t]*:[ \t]*([^\r\n]*)")
_LINE_START = re.compile(r"\r\n[ \t]+")
_STATUS = re.compile(r"SIP/2\.0 ([1-6][0-9]{2}) (.*)", re.DOTALL)


@functools.lru_cache(maxsize=NAMES_KEPT)
def canonical(name: str) -> str:
    """Return a header name in full and in its usual spelling, "" when it is no token."""
    lower = name.lower()
    if not TOKEN.fullmatch(lower):
        return ""
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
        found: list[str] = []
        for key, value in self.rows:
            if key == name:
                found += split_commas(value)
        return [piece for piece in found if piece] if found else found

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


class Essentials(NamedTuple):
    """The headers that every message must have, parsed; `via` is the topmost."""

    via: Via
    sender: NameAddr
    to: NameAddr
    call_id: str
    cseq: CSeq


class Message:
    """What requests and responses share."""

    __slots__ = ()
    headers: Headers
    body: bytes
    essentials: Essentials

    @property
    def via(self) -> Via:
        """The topmost Via."""
        return self.essentials.via

    @property
    def sender(self) -> NameAddr:
        """The From header; its name is a keyword of Python."""
        return self.essentials.sender

    @property
    def to(self) -> NameAddr:
        """The To header."""
        return self.essentials.to

    @property
    def call_id(self) -> str:
        """The Call-ID header."""
        return self.essentials.call_id

    @property
    def cseq(self) -> CSeq:
        """The CSeq header."""
        return self.essentials.cseq


@dataclass(frozen=True, slots=True)
class Request(Message):
    """A request. Raises SipError when its headers lack what a request must have.

    `essentials` may be given by who knows them already; they must agree with the headers.
    """

    method: str
    uri: Uri
    headers: Headers
    body: bytes = b""
    essentials: Essentials = field(default=_UNKNOWN, compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.essentials is not _UNKNOWN:
            return
        object.__setattr__(self, "essentials", _parse_essentials(self.headers))
        if self.cseq.method != self.method:
            raise SipError(f"CSeq is of {shown(self.cseq.method)}, request {shown(self.method)}")
        max_forwards = self.headers.get("Max-Forwards")
        if max_forwards is not None:
            parse_number("Max-Forwards", max_forwards, 255)

    def without_headers(self) -> "Request":
        """Return what is known of the request without its rows and its body."""
        return Request(self.method, self.uri, Headers(), b"", self.essentials)

    def with_top_via(self, via: Via) -> "Request":
        """Return the request with another topmost Via."""
        headers = Headers(self.headers.rows)
        at = next(at for at, (name, _) in enumerate(headers.rows) if name == "Via")
        others = split_commas(headers.rows[at][1])[1:]
        headers.rows[at] = ("Via", ", ".join([str(via), *others]))
        essentials = self.essentials._replace(via=via)
        return Request(self.method, self.uri, headers, self.body, essentials)


@dataclass(frozen=True, slots=True)
class Response(Message):
    """A response. Raises SipError when its headers lack what a response must have."""

    status: int
    reason: str
    headers: Headers
    body: bytes = b""
    essentials: Essentials = field(default=_UNKNOWN, compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.essentials is _UNKNOWN:
            object.__setattr__(self, "essentials", _parse_essentials(self.headers))


def _parse_essentials(headers: Headers) -> Essentials:
    once: dict[str, str] = {}
    vias = ""
    for name, value in headers.rows:
        if name in ONCE:
            if name in once:
                raise SipError(f"{name} stands more than once")
            once[name] = value
        elif name == "Via" and not vias:
            vias = value
    if not vias:
        raise SipError("Via is missing")
    for name in _NEEDED:
        if not once.get(name):
            raise SipError(f"{name} is missing")
    call_id = once["Call-ID"]
    if len(call_id) > CALL_ID_CHARS_MAX or " " in call_id:
        raise SipError(f"Call-ID of {len(call_id)} characters, limit {CALL_ID_CHARS_MAX}, one word")
    return Essentials(
        parse_via(split_commas(vias)[0]),
        parse_name_addr(once["From"]),
        parse_name_addr(once["To"]),
        call_id,
        parse_cseq(once["CSeq"]),
    )


def parse_message(data: bytes, *, is_stream: bool = False) -> Request | Response:
    """Return the message in one datagram; bytes after Content-Length are dropped.

    From a stream it must have a Content-Length (§20.14). Raises Malformed.
    """
    if len(data) > MESSAGE_BYTES_MAX:
        raise Malformed(f"message of {len(data)} bytes, limit {MESSAGE_BYTES_MAX}", 513)
    head, blank, body = data.lstrip(b"\r\n").partition(b"\r\n\r\n")
    # Foreign bytes survive the way out again, so that a response echoes them unchanged.
    text = head.decode("utf-8", "surrogateescape")
    if "\n " in text or "\n\t" in text:
        text = _LINE_START.sub(" ", text)
    start, _, rest = text.partition("\r\n")
    if start.startswith("SIP/"):
        headers = _parse_headers(rest)
        _check_length_stands(headers, is_stream)
        return _response(start, headers, body, blank)
    method = start.partition(" ")[0]
    try:
        headers = _parse_headers(rest)
    except Malformed as e:
        raise Malformed(str(e), e.status, method, e.headers) from e
    try:
        _check_length_stands(headers, is_stream)
        return _request(start, headers, _checked_body(headers, body, blank), text)
    except SipError as e:
        raise Malformed(str(e), e.status, method, headers) from e


def _parse_headers(text: str) -> Headers:
    breaks = text.count("\r\n")
    if breaks == text.count("\n") == text.count("\r"):
        found = _HEADER_LINE.findall(text)
        if len(found) == breaks + 1 <= HEADERS_MAX:
            return Headers([(canonical(name), value.rstrip(" \t")) for name, value in found])
    return _parse_odd_headers(text)


def _parse_odd_headers(text: str) -> Headers:
    """Read what is not plainly one header a line, and say what is wrong with it."""
    headers = Headers()
    rows, broken = headers.rows, ""
    for line in text.split("\r\n") if text else ():
        name, colon, value = line.partition(":")
        full = canonical(name.rstrip(" \t")) if colon else ""
        if not full or "\n" in line or "\r" in line:
            broken = broken or line
        elif len(rows) >= HEADERS_MAX:
            raise Malformed(f"more than {HEADERS_MAX} headers", 400, headers=headers)
        else:
            rows.append((full, value.strip(" \t")))
    if broken:
        raise Malformed(f"header line, was {shown(broken)}", headers=headers)
    return headers


def _check_length_stands(headers: Headers, is_stream: bool) -> None:
    if is_stream and headers.get("Content-Length") is None:
        raise Malformed("Content-Length is needed on a stream")


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


def _response(start: str, headers: Headers, body: bytes, blank: bytes) -> Response:
    found = _STATUS.fullmatch(start)
    if found is None:
        raise Malformed(f"status line, was {shown(start)}")
    try:
        return Response(int(found[1]), found[2], headers, _checked_body(headers, body, blank))
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
