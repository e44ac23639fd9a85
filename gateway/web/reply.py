"""A finished HTTP answer, written to the connection in one piece.

Built for many small JSON answers: the head is text prepared once per kind of answer. aiohttp's
server asks three things of an answer: `prepare`, `write_eof` and `keep_alive`; these are all that
is here. Not here: WebSocket (aiohttp's own answer) and what an answer says.
"""

from functools import lru_cache
from http import HTTPStatus
from typing import Final

from aiohttp.helpers import rfc822_formatted_time
from aiohttp.http import HttpVersion10
from aiohttp.web import BaseRequest

UNREAD_BYTES_MAX: Final = 1 << 20  # answers a pipelining client may leave unread
JSON: Final = b"application/json"
NO_CONTENT: Final = 204  # has neither length nor type (RFC 9110 §8.6)

# An API answer is never shown, framed, sniffed or kept by a browser.
API_HEADERS: Final = (
    b"Cache-Control: no-store\r\n"
    b"Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
    b"Cross-Origin-Resource-Policy: same-origin\r\n"
    b"Referrer-Policy: no-referrer\r\n"
    b"X-Content-Type-Options: nosniff\r\n"
    b"X-Frame-Options: DENY\r\n"
)
HSTS: Final = b"Strict-Transport-Security: max-age=31536000\r\n"


def headers(**values: str) -> bytes:
    """Return header lines: Retry_After="1" is `Retry-After: 1`. Values must be of our making."""
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in values.items())
    assert "\n" not in lines.replace("\r\n", ""), "a header value must not hold a line end"
    return lines.encode("latin-1")


@lru_cache(maxsize=256)
def _head(status: int, content_type: bytes, policy: bytes) -> bytes:
    first = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode()
    if status == NO_CONTENT:
        return first + policy
    return first + b"Content-Type: " + content_type + b"\r\n" + policy


class Reply:
    """Status, body and further header lines of one answer."""

    __slots__ = ("body", "content_type", "keep_alive", "lines", "policy", "status")

    def __init__(
        self,
        status: int,
        body: bytes,
        content_type: bytes = JSON,
        lines: bytes = b"",
        policy: bytes = API_HEADERS,
    ) -> None:
        self.status = status
        self.body = body
        self.content_type = content_type
        self.lines = lines
        self.policy = policy
        self.keep_alive = True

    def add(self, lines: bytes) -> None:
        """Add header lines (`headers(...)`)."""
        self.lines += lines

    async def prepare(self, request: BaseRequest) -> None:
        """Write everything."""
        transport = request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the asker left before the answer")
        self.keep_alive = request.keep_alive
        connection = b""
        if not self.keep_alive:
            connection = b"Connection: close\r\n"
        elif request.version == HttpVersion10:
            connection = b"Connection: keep-alive\r\n"
        length = b"" if self.status == NO_CONTENT else b"Content-Length: %d\r\n" % len(self.body)
        transport.write(
            b"%bDate: %b\r\n%b%b%b\r\n%b"
            % (
                _head(self.status, self.content_type, self.policy),
                rfc822_formatted_time().encode(),
                length,
                connection,
                self.lines,
                self.body if request.method != "HEAD" else b"",
            )
        )
        if transport.get_write_buffer_size() > UNREAD_BYTES_MAX:
            transport.abort()  # it asks and does not read

    async def write_eof(self) -> None:
        """Nothing is left to write."""
