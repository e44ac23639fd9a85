"""The mail route: notices over SMTP submission, as a Transport.

aiosmtplib speaks the protocol on the reactor's asyncio loop; a few connections are kept and reused.
A 4xx answer is temporary, 5xx permanent (RFC 5321 section 4.2.1), and a connection that breaks
after the message was handed over leaves the outcome unknown. Not here: retries.
"""

import asyncio
import ssl
from collections.abc import Callable, Coroutine
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from typing import Any, Final, NamedTuple, TypeVar

import aiosmtplib
import structlog
from aiosmtplib.errors import SMTPException, SMTPResponseException, SMTPServerDisconnected
from twisted.internet.defer import Deferred

from notify.notices import Route
from notify.settings import MailSettings
from notify.transports.port import (
    Outcome,
    Outgoing,
    Permanent,
    Sent,
    Temporary,
    TransportListener,
    Unknown,
)
from risk.domain.errors import ConfigError
from risk.domain.ids import NS, china_time

log = structlog.get_logger("notify")

QUIT_S: Final = 2.0
T = TypeVar("T")


class _Kept(NamedTuple):
    """A connection that waits for its next message."""

    client: aiosmtplib.SMTP
    until_ns: int


class SMTPTransport:
    """Sends mail. Ready once started: whether the server answers shows at the attempt."""

    def __init__(
        self,
        settings: MailSettings,
        loop: asyncio.AbstractEventLoop,
        now_ns: Callable[[], int],
    ) -> None:
        self._loop = loop
        self._settings = settings
        self._now_ns = now_ns
        self._kept: list[_Kept] = []
        self._is_running = False
        self._tls_context = tls_context(settings)

    @property
    def route(self) -> Route:
        """Mail."""
        return Route.MAIL

    @property
    def window(self) -> int:
        """One message per connection at a time."""
        return self._settings.connections_max

    @property
    def is_ready(self) -> bool:
        """Whether it was started."""
        return self._is_running

    async def start(self, listener: TransportListener) -> None:
        """Be ready; connections are made when there is mail."""
        self._is_running = True
        listener.on_ready()

    async def stop(self) -> None:
        """Close the connections that wait; sends under way end within their time."""
        self._is_running = False
        kept, self._kept = self._kept, []
        for one in kept:
            await self._on_loop(_quit(one.client))

    async def send(self, message: Outgoing) -> Outcome:
        """Hand one mail to the server."""
        if not self._is_running:
            return Temporary("smtp_stopped", is_attempt=False)
        try:
            octets = compose(message, self._settings, self._now_ns()).as_bytes()
        except (ValueError, IndexError):  # the address parser raises either
            return Permanent("mail_not_valid")
        return await self._on_loop(self._deliver(message, octets))

    def _on_loop(self, work: Coroutine[Any, Any, T]) -> Deferred[T]:
        """Run asyncio work on the reactor's loop."""
        return Deferred.fromFuture(self._loop.create_task(work))

    async def _deliver(self, message: Outgoing, octets: bytes) -> Outcome:
        """Send on a kept or a new connection; keep it only after success."""
        attempt = _Attempt()
        client: aiosmtplib.SMTP | None = None
        try:
            async with asyncio.timeout(message.timeout_s):
                client = await self._ready_client(message.timeout_s)
                outcome = await _hand_over(
                    client, attempt, self._settings.sender, message.recipient, octets
                )
        except (SMTPException, OSError, TimeoutError) as e:
            if client is not None:
                client.close()
            return _failure(attempt, e)
        except asyncio.CancelledError:
            if client is not None:
                client.close()
            raise
        until_ns = self._now_ns() + int(self._settings.idle_s * NS)
        if self._is_running and len(self._kept) < self._settings.connections_max:
            self._kept.append(_Kept(client, until_ns))
        else:
            await _quit(client)
        return outcome._replace(part_ids=(message_id(message, self._settings),))

    async def _ready_client(self, timeout_s: float) -> aiosmtplib.SMTP:
        """Return a connection that answers: one that was kept, if the server kept it too."""
        while self._kept:
            one = self._kept.pop()
            if one.until_ns < self._now_ns() or not one.client.is_connected:
                await _quit(one.client)
                continue
            try:
                await one.client.rset()
            except (SMTPException, OSError):
                one.client.close()
                continue
            return one.client
        settings = self._settings
        client = aiosmtplib.SMTP(
            hostname=settings.host,
            port=settings.port,
            username=settings.username or None,
            password=settings.password or None,
            local_hostname=settings.helo,
            timeout=min(settings.timeout_s, timeout_s),
            use_tls=settings.tls == "implicit",
            # None: STARTTLS when the server offers it
            start_tls={"never": False, "starttls": True, "implicit": False}.get(settings.tls),
            tls_context=self._tls_context,
        )
        await client.connect()
        return client


class _Attempt:
    """How far an attempt has come."""

    def __init__(self) -> None:
        self.is_session = False  # connected and logged in: answers are now about the message
        self.is_handed_over = False


async def _hand_over(
    client: aiosmtplib.SMTP, attempt: _Attempt, sender: str, recipient: str, octets: bytes
) -> Sent:
    attempt.is_session = True
    await client.mail(sender)
    await client.rcpt(recipient)
    attempt.is_handed_over = True
    await client.data(octets)
    return Sent(())


def _failure(attempt: _Attempt, error: Exception) -> Outcome:
    """Return the outcome of an attempt that broke.

    A refusal of the session (greeting, TLS, login) is about us, not about the message: temporary.
    """
    if isinstance(error, SMTPResponseException) and not isinstance(error, SMTPServerDisconnected):
        code = f"smtp_{error.code}"
        if attempt.is_session and 500 <= error.code < 600:
            return Permanent(code)
        return Temporary(code)
    name = f"smtp_{type(error).__name__.lower()}"
    return Unknown(name) if attempt.is_handed_over else Temporary(name)


def message_id(message: Outgoing, settings: MailSettings) -> str:
    """Return the Message-ID, the same at every attempt, so that repeats can be told."""
    return f"<{message.message_key}@{settings.helo}>"


def compose(message: Outgoing, settings: MailSettings, now_ns: int) -> EmailMessage:
    """Return the mail: text, and HTML as its alternative if there is any (RFC 2046 5.1.4).

    Encoded so that no server can change it: no line is long and no octet above 127. Raises
    ValueError or IndexError for an address that is none.
    """
    mail = EmailMessage(policy=SMTP_POLICY)
    mail["From"] = Address(addr_spec=settings.sender)
    mail["To"] = Address(addr_spec=message.recipient)
    mail["Subject"] = message.subject
    mail["Date"] = china_time(now_ns)
    mail["Message-ID"] = message_id(message, settings)
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation answers
    mail.set_content(message.text, charset="utf-8", cte=_encoding(message.text))
    if message.html:
        mail.add_alternative(
            message.html, subtype="html", charset="utf-8", cte=_encoding(message.html)
        )
    return mail


def _encoding(text: str) -> str:
    return "quoted-printable" if text.isascii() else "base64"


def tls_context(settings: MailSettings) -> ssl.SSLContext | None:
    """Return the context that trusts `ca_file`, None for the system's. Raises ConfigError."""
    if not settings.ca_file:
        return None
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except OSError as e:
        raise ConfigError(
            "mail.ca_file", f"must be a file of PEM certificates, was {settings.ca_file} ({e})"
        ) from e


async def _quit(client: aiosmtplib.SMTP) -> None:
    try:
        async with asyncio.timeout(QUIT_S):
            await client.quit()
    except (SMTPException, OSError, TimeoutError):
        client.close()
