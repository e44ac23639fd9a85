"""What every request passes before its room: limits, login, CSRF, the body's size and shape.

Not here: lock-out of passwords (gateway.identity), pace of orders (the risk core).
"""

import asyncio
import hmac
import ipaddress
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from aiohttp.web import BaseRequest
from twisted.internet.defer import Deferred

from gateway.identity.logins import TOKEN_CHARS, Login, LoginKind, Logins, csrf_of
from gateway.web.asked import Asked
from gateway.web.limits import RateLimit
from gateway.web.problems import Kind, Problem
from gateway.web.routes import Access
from gateway.web.settings import WebSettings

BEARER: Final = "Bearer "
JSON: Final = "application/json"
COOKIE: Final = "hotline"
COOKIE_SECURE: Final = "__Host-hotline"  # RFC 6265bis §4.1.3.2: HTTPS, no other host, whole site
_FORWARDED_CHARS_MAX: Final = 2048


class Guard:
    """Lets a request through to its room, or raises Problem."""

    def __init__(self, settings: WebSettings, logins: Logins, seconds: Callable[[], float]) -> None:
        self._settings = settings
        self._logins = logins
        keys_max = settings.limited_keys_max
        self._per_address = RateLimit(
            settings.requests_per_ip_s, settings.requests_per_ip_burst, keys_max, seconds
        )
        self.per_login = RateLimit(
            settings.requests_per_login_s, settings.requests_per_login_burst, keys_max, seconds
        )
        self.tries_per_address = RateLimit(
            settings.logins_per_ip_s, settings.logins_per_ip_burst, keys_max, seconds
        )
        self._proxies = frozenset(settings.trusted_proxies)
        self.cookie = COOKIE_SECURE if settings.cookie_secure else COOKIE

    def limit_address(self, asked: Asked) -> None:
        """Note where the request comes from; refuse when that address asks too often."""
        address = asked.request.remote or ""
        if address in self._proxies:
            forwarded = asked.request.headers.get("X-Forwarded-For", "")[-_FORWARDED_CHARS_MAX:]
            address = forwarded.rpartition(",")[2].strip() or address
        asked.address = address_key(address)
        refuse_over(self._per_address.take(asked.address))

    async def admit(self, asked: Asked, access: Access) -> None:
        """Find the login of the request; check its rate and its CSRF token."""
        token, is_cookie = self._token_of(asked.request)
        login = self._logins.recall(token) if token else None
        if login is None and len(token) == TOKEN_CHARS:
            found: Deferred[Login | None] = self._logins.find(token)
            login = await found.asFuture(asyncio.get_running_loop())
        # a cookie's token is no bearer token: else a page could leave out the CSRF check
        if login is None or (login.kind is LoginKind.COOKIE) is not is_cookie:
            raise Problem(Kind.NOT_LOGGED_IN)
        refuse_over(self.per_login.take(login.digest))
        if is_cookie and access is Access.CHANGE:
            given = asked.request.headers.get("X-CSRF-Token", "")
            if not hmac.compare_digest(given.encode(), csrf_of(token).encode()):
                raise Problem(Kind.CSRF)
        asked.belongs_to(login, token)

    def check_origin(self, asked: Asked) -> None:
        """Refuse a stream that another site's page opens with the customer's cookie."""
        if asked.login.kind is not LoginKind.COOKIE:
            return
        origin = asked.request.headers.get("Origin", "")
        host = asked.request.headers.get("Host", "")
        own = (f"https://{host}", f"http://{host}")
        if origin not in own and origin not in self._settings.allowed_origins:
            raise Problem(Kind.ORIGIN, field="Origin", value=origin)

    async def body(self, asked: Asked, decode: Callable[[bytes], Any]) -> None:
        """Read and decode the body; at most `body_bytes_max` within `body_timeout_s`."""
        request = asked.request
        named = request.headers.get("Content-Type")
        is_json = named == JSON or request.content_type == JSON
        if not is_json or "Content-Encoding" in request.headers:
            raise Problem(Kind.CONTENT_TYPE, field="Content-Type", value=named)
        length_max = self._settings.body_bytes_max
        content = request.content
        if content.is_eof():  # the usual case: it came with the head
            raw = content.read_nowait()
        elif (request.content_length or 0) > length_max:
            raise _too_large(request.content_length, length_max)
        else:
            raw = await self._slow_body(request, length_max)
        if len(raw) > length_max:
            raise _too_large(len(raw), length_max)
        asked.body = decode(raw)

    async def _slow_body(self, request: BaseRequest, length_max: int) -> bytes:
        if request.headers.get("Expect", "").lower() == "100-continue" and request.transport:
            request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        raw = bytearray()
        try:
            async with asyncio.timeout(self._settings.body_timeout_s):
                while len(raw) <= length_max:
                    chunk = await request.content.readany()
                    if not chunk:
                        break
                    raw += chunk
        except TimeoutError:
            raise Problem(Kind.BODY_TOO_SLOW, field="body", value=f"{len(raw)} bytes") from None
        return bytes(raw)

    def _token_of(self, request: BaseRequest) -> tuple[str, bool]:
        """Return the token and whether it came as a cookie; an Authorization header wins."""
        authorization = request.headers.get("Authorization")
        if authorization is not None:
            if authorization[: len(BEARER)].lower() != BEARER.lower():
                return "", False
            return authorization[len(BEARER) :], False
        for part in request.headers.get("Cookie", "").split(";"):
            name, _, value = part.strip().partition("=")
            if name == self.cookie:
                return value, True
        return "", False


@lru_cache(maxsize=4096)
def address_key(address: str) -> str:
    """Return what a limit counts: an IPv4 address, or the /64 network of an IPv6 one."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return address


def refuse_over(wait_s: float) -> None:
    """Raise Problem when a limit says to wait."""
    if wait_s > 0:
        raise Problem(Kind.TOO_MANY, retry_after_s=wait_s)


def _too_large(length: int | None, length_max: int) -> Problem:
    return Problem(
        Kind.BODY_TOO_LARGE,
        field="body",
        value=f"{length} bytes",
        remedy=f"send at most {length_max} bytes",
    )
