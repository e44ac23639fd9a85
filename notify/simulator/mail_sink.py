"""A mail server that keeps what it gets: product code for demos, tests and training.

aiosmtpd speaks SMTP, on the reactor's own asyncio loop, so there is no thread. It can refuse on
script and offer STARTTLS. Not here: relaying anything anywhere.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Callable, Iterable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as default_policy
from typing import Any, Final, NamedTuple, cast

from aiosmtpd.smtp import SMTP, Envelope, Session
from twisted.internet.defer import Deferred

MAILS_MAX: Final = 10_000
MAIL_BYTES_MAX: Final = 10 * 1024 * 1024
CONNECTIONS_MAX: Final = 100


class KeptMail(NamedTuple):
    """A mail as it came: envelope and exact octets of the content (CRLF lines)."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    was_encrypted: bool

    @property
    def message(self) -> EmailMessage:
        """The parsed message."""
        return message_from_bytes(self.content, policy=default_policy)

    @property
    def text(self) -> str:
        """The plain text part, with LF lines."""
        part = self.message.get_body(("plain",))
        return "" if part is None else str(part.get_content()).replace("\r\n", "\n")


class MailSink:
    """Listens on `loop`, which must be the reactor's. Offers STARTTLS with `tls_context`."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, tls_context: ssl.SSLContext | None = None
    ) -> None:
        self._loop = loop
        self.mails: deque[KeptMail] = deque(maxlen=MAILS_MAX)
        self.connections = 0
        self._tls_context = tls_context
        self._data_answers: deque[str] = deque()
        self._rcpt_answers: deque[str] = deque()
        self._drops = 0
        self._open: set[SMTP] = set()
        self._server: asyncio.Server | None = None
        self._watchers: list[Callable[[KeptMail], None]] = []

    @property
    def port(self) -> int:
        """The port it listens on."""
        assert self._server is not None, "listen first"
        return int(self._server.sockets[0].getsockname()[1])

    async def listen(self, port: int = 0, interface: str = "127.0.0.1") -> int:
        """Begin to listen; returns the port. Runs as a coroutine of Twisted."""
        work = self._loop.create_server(self._protocol, interface, port)
        self._server = await Deferred.fromFuture(self._loop.create_task(work))
        return self.port

    async def stop(self) -> None:
        """Stop listening."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        self.drop_connections()

    def answer_data_with(self, answers: Iterable[str]) -> None:
        """Answer the next messages with these lines ("452 4.2.2 mailbox full")."""
        self._data_answers.extend(answers)

    def answer_rcpt_with(self, answers: Iterable[str]) -> None:
        """Answer the next recipients with these lines."""
        self._rcpt_answers.extend(answers)

    def drop_taken(self, count: int) -> None:
        """Keep the next `count` messages, then close the connection without an answer."""
        self._drops += count

    def drop_connections(self) -> None:
        """Close every connection without a word."""
        for server in self._open:
            _abort(server)
        self._open.clear()

    def watch(self, on_mail: Callable[[KeptMail], None]) -> None:
        """Call for every mail that is kept."""
        self._watchers.append(on_mail)

    def _protocol(self) -> SMTP:
        self.connections += 1
        server = SMTP(
            self,
            hostname="sink.example",
            data_size_limit=MAIL_BYTES_MAX,
            enable_SMTPUTF8=False,
            tls_context=self._tls_context,
            loop=self._loop,
        )
        self._open = {one for one in self._open if one.transport is not None} | {server}
        return server

    # The hooks of aiosmtpd:

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        """Take a recipient."""
        if self._rcpt_answers:
            return self._rcpt_answers.popleft()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Take a message."""
        if self._data_answers:
            return self._data_answers.popleft()
        content = envelope.content or b""
        mail = KeptMail(
            envelope.mail_from or "",
            tuple(address or "" for address in envelope.rcpt_tos),
            content if isinstance(content, bytes) else content.encode("utf-8"),
            session.ssl is not None,
        )
        self.mails.append(mail)
        for watcher in self._watchers:
            watcher(mail)
        if self._drops:
            self._drops -= 1
            _abort(server)
        return "250 OK: kept"


def _abort(server: SMTP) -> None:
    if server.transport is not None:
        cast(asyncio.Transport, server.transport).abort()
