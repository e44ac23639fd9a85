"""Responses made from requests: what is echoed, what is added (RFC 3261 §8.2.6, §21).

Not here: which status a request deserves (gateway.sip.useragent).
"""

import re
from collections.abc import Sequence
from typing import Final

from gateway.sip.message import ONCE, VERSION, Headers, Request, Response
from gateway.sip.sdp import CONTENT_TYPE

REASON: Final = {
    100: "Trying", 180: "Ringing", 183: "Session Progress", 200: "OK",
    202: "Accepted",
    400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable", 408: "Request Timeout", 413: "Request Entity Too Large",
    414: "Request-URI Too Long", 415: "Unsupported Media Type", 416: "Unsupported URI Scheme",
    420: "Bad Extension", 421: "Extension Required", 422: "Session Interval Too Small",
    423: "Interval Too Brief",
    469: "Bad Info Package", 480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist", 482: "Loop Detected", 483: "Too Many Hops",
    486: "Busy Here", 487: "Request Terminated", 488: "Not Acceptable Here",
    489: "Bad Event", 491: "Request Pending", 500: "Server Internal Error", 501: "Not Implemented",
    503: "Service Unavailable", 504: "Server Time-out", 505: "Version Not Supported",
    513: "Message Too Large",
    603: "Decline",
}  # fmt: skip

ALLOW: Final = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE, PRACK, REFER, NOTIFY"
SUPPORTED: Final = "100rel, timer"
EXTENSIONS: Final = frozenset(SUPPORTED.split(", "))

_WITH: Final[dict[int, tuple[tuple[str, str], ...]]] = {
    405: (("Allow", ALLOW),),
    415: (("Accept", CONTENT_TYPE), ("Accept-Encoding", "identity")),
    422: (("Min-SE", "90"),),
    469: (("Recv-Info", ""),),
    489: (("Allow-Events", "refer"),),
}
_ECHOED: Final = frozenset({"Via", "From", "Call-ID", "CSeq", "Timestamp"})
_TAGGED = re.compile(r";\s*tag\s*=", re.IGNORECASE)


def extra_of(status: int) -> tuple[tuple[str, str], ...]:
    """Return the headers that must go with a refusal (§21.4)."""
    return _WITH.get(status, ())


def echo_headers(headers: Headers, to_tag: str, with_route: bool) -> Headers:
    """Return the headers a response takes from its request (§8.2.6.2), To with our tag."""
    rows: list[tuple[str, str]] = []
    seen: set[str] = set()
    for row in headers.rows:
        name = row[0]
        if name in ONCE:
            if name in seen:
                continue  # only in an answer to a malformed request
            seen.add(name)
        if name in _ECHOED or (with_route and name == "Record-Route"):
            rows.append(row)
        elif name == "To":
            rows.append((name, f"{row[1]};tag={to_tag}") if to_tag else row)
    return Headers(rows)


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
    headers.rows += extra
    if body:
        headers.add("Content-Type", CONTENT_TYPE)
    essentials = request.essentials
    if tag:
        essentials = essentials._replace(to=essentials.to.tagged(tag))
    return Response(status, reason or REASON.get(status, "Refused"), headers, body, essentials)


def stateless_answer(status: int, headers: Headers, to_tag: str) -> bytes:
    """Return the bytes of an answer to a request that is too broken to be a Request."""
    to = headers.get("To") or ""
    echoed = echo_headers(headers, "" if _TAGGED.search(to) else to_tag, with_route=False)
    lines = [f"{VERSION} {status} {REASON[status]}"]
    lines += [f"{name}: {value}" for name, value in echoed.rows]
    lines.append("Content-Length: 0\r\n\r\n")
    return "\r\n".join(lines).encode("utf-8", "surrogateescape")
