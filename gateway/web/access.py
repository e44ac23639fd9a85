"""Logging in and out, and who is logged in.

Not here: passwords and lock-out (gateway.identity.logins), checking a token (gateway.web.guard).
"""

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec
import structlog
from twisted.internet.defer import Deferred

from gateway.identity.credentials import LockedOut, Refused
from gateway.identity.logins import Login, LoginKind, csrf_of
from gateway.identity.registry import Identity
from gateway.web import schemas as s
from gateway.web.asked import Asked
from gateway.web.guard import Guard, refuse_over
from gateway.web.problems import Kind, Problem
from gateway.web.reply import Reply, headers
from gateway.web.wording import moment, word
from risk.domain.enums import Language
from risk.domain.ids import NS

log = structlog.get_logger("web")

encode: Final = msgspec.json.Encoder().encode
KINDS: Final = {"cookie": LoginKind.COOKIE, "bearer": LoginKind.BEARER}


class AccessRoom:
    """`access.*` of the route table."""

    def __init__(
        self, identity: Identity, guard: Guard, cookie_secure: bool, now_ns: Callable[[], int]
    ) -> None:
        self._identity = identity
        self._guard = guard
        self._secure = "; Secure" if cookie_secure else ""
        self._now_ns = now_ns

    async def log_in(self, asked: Asked) -> Reply:
        """Begin a login. Takes the same time whether or not the account exists."""
        refuse_over(self._guard.tries_per_address.take(asked.address))
        body: s.LogInRequest = asked.body
        tried = self._identity.logins.log_in(body.account_no, body.password, KINDS[body.kind])
        outcome = await Deferred.fromCoroutine(tried).asFuture(asyncio.get_running_loop())
        if isinstance(outcome, LockedOut):
            log.info("login.locked", account_no=body.account_no)
            wait_s = (outcome.until_ns - self._now_ns()) / NS
            raise Problem(Kind.LOGIN_LOCKED, retry_after_s=max(1.0, wait_s))
        if isinstance(outcome, Refused):
            log.info("login.refused", account_no=body.account_no)
            raise Problem(Kind.LOGIN_REFUSED)
        login, is_cookie = outcome.login, outcome.login.kind is LoginKind.COOKIE
        log.info("login.began", account_no=login.account_no, kind=body.kind)
        answer = s.LogInAnswer(
            login.account_no,
            body.kind,
            moment(login.expires_ns),
            csrf_token=outcome.csrf if is_cookie else "",
            token="" if is_cookie else outcome.token,
        )
        return Reply(200, encode(answer), lines=self._cookie(login, outcome.token))

    async def log_out(self, asked: Asked) -> Reply:
        """End the login of this request."""
        login = asked.login
        ended = Deferred.fromCoroutine(self._identity.logins.log_out(login))
        await ended.asFuture(asyncio.get_running_loop())
        log.info("login.ended", account_no=login.account_no)
        return Reply(204, b"", lines=self._cookie(login, ""))

    async def me(self, asked: Asked) -> Reply:
        """Tell who is logged in, and give a page that was reloaded its CSRF token again."""
        login = asked.login
        found = self._identity.customers.find(login.account_no)
        customer = await found.asFuture(asyncio.get_running_loop())
        assert customer is not None, "a login has a customer: the store's foreign key says so"
        is_cookie = login.kind is LoginKind.COOKIE
        answer = s.MeAnswer(
            login.account_no,
            customer.name,
            "zh" if customer.language is Language.ZH else "en",
            customer.branch_code,
            word(login.kind),
            moment(login.expires_ns),
            csrf_of(asked.token) if is_cookie else "",
        )
        return Reply(200, encode(answer))

    def _cookie(self, login: Login, token: str) -> bytes:
        """Return the header line that sets the cookie of a cookie login, or ends it."""
        if login.kind is not LoginKind.COOKIE:
            return b""
        left_s = (login.expires_ns - self._now_ns()) // NS if token else 0
        name = self._guard.cookie
        return headers(
            Set_Cookie=f"{name}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={left_s}"
            + self._secure
        )
