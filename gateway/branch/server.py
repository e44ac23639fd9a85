"""The branch door's sockets: TLS with client certificates, limits, one write per turn.

The certificate's common name is the branch. A connection whose certificate does not verify ends
inside TLS; everything else is told by `refused` before the connection is closed.
Not here: what the bytes mean (protocol).
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import structlog
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID
from twisted.internet import interfaces
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.ssl import (
    Certificate,
    CertificateOptions,
    TLSVersion,
    trustRootFromCertificates,
)
from twisted.python.failure import Failure
from zope.interface import implementer

from gateway.branch import metrics
from gateway.branch.protocol import BranchLink
from gateway.branch.pushes import Pushes
from gateway.branch.settings import BranchSettings
from gateway.core.bus import Bus
from gateway.core.ports import NowNs
from gateway.core.queries import Queries
from gateway.core.sequencer import Sequencer
from gateway.core.tasks import Tasks
from risk.domain.errors import ConfigError
from risk.domain.ids import BRANCH_CODE

log = structlog.get_logger("branch")

CONNECTIONS_MAX: Final = 512  # of all branches, with those that have not shown a certificate
TICK_S: Final = 1.0
CLOSE_S_MAX: Final = 2.0  # for a refusal to reach a peer that does not read
_STRANGER: Final = "00000"  # in logs, before the certificate is known


@implementer(interfaces.IHandshakeListener, interfaces.IPushProducer)
class BranchConnection(Protocol):
    """One TLS connection around a BranchLink."""

    transport: (
        Any  # ISSLTransport, and also IConsumer and IPushProducer, which Twisted's stubs hide
    )

    def __init__(self, door: "BranchDoor") -> None:
        self._door = door
        self._link: BranchLink | None = None
        self._is_flush_planned = False
        self._is_choked = False
        self._is_paused = False
        self._is_lost = False
        self._opened_s = door.clock.seconds()
        self.branch_code = _STRANGER

    def connectionMade(self) -> None:
        """Wait for the handshake; be told when the peer reads too slowly."""
        self._door.connections.add(self)
        metrics.CONNECTIONS.set(len(self._door.connections))
        self.transport.registerProducer(self, True)

    def handshakeCompleted(self) -> None:
        """The certificate is verified: its common name is the branch."""
        link = self._link = self._door.link(self._common_name(), self._wake)
        self.branch_code = link.branch_code
        refusal = self._door.refusal_of(self)
        if refusal is not None:
            link.refuse(*refusal)

    def dataReceived(self, data: bytes) -> None:
        """Hand bytes on; stop reading while too much is unanswered."""
        assert self._link is not None, "data before the handshake"
        self._link.receive(data)
        if self._link.is_full and not self._is_paused:
            self._is_paused = True
            self.transport.pauseProducing()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Forget the connection; what it asked is still carried out."""
        self._is_lost = True
        self._door.forget(self)
        if self._link is not None:
            self._link.closed()
        log.info("branch.disconnected", branch=self.branch_code, why=reason.getErrorMessage())

    def tick(self, now_s: float) -> None:
        """Look at the clock, about once a second."""
        if self._link is not None:
            self._link.tick()
        elif now_s - self._opened_s > CLOSE_S_MAX + TICK_S:
            self._cut("branch.no_handshake")

    def close(self) -> None:
        """Tell that the gateway stops, then close."""
        if self._link is not None:
            self._link.refuse("branch.closing", "the gateway stops: connect again later")
        else:
            self._abort()

    def pauseProducing(self) -> None:
        """The peer reads slowly: keep what is to be sent here, up to the limit."""
        self._is_choked = True

    def resumeProducing(self) -> None:
        """The peer reads again."""
        self._is_choked = False
        self._flush()

    def stopProducing(self) -> None:
        """The connection is lost; connectionLost follows."""

    def _common_name(self) -> str:
        certificate: x509.Certificate = self.transport.getPeerCertificate().to_cryptography()
        names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return str(names[0].value) if len(names) == 1 else ""

    def _wake(self) -> None:
        if not self._is_flush_planned:
            self._is_flush_planned = True
            self._door.clock.callLater(0, self._flush)

    def _flush(self) -> None:
        self._is_flush_planned = False
        link = self._link
        if link is None or self._is_lost:
            return
        if link.out_bytes and not self._is_choked:
            self.transport.write(link.take())
        elif link.out_bytes > self._door.settings.unsent_bytes_max:
            return self._cut("branch.slow_reader")
        if link.is_over:
            self._end()
        elif self._is_paused and not link.is_full:
            self._is_paused = False
            self.transport.resumeProducing()

    def _end(self) -> None:
        """Close after what was written; a peer that does not read is not waited for."""
        self.transport.unregisterProducer()
        self.transport.loseConnection()
        self._door.tasks.call_later("branch.end", CLOSE_S_MAX, self._abort)

    def _abort(self) -> None:
        if not self._is_lost:
            self.transport.abortConnection()

    def _cut(self, code: str) -> None:
        metrics.CUT.labels(code).inc()
        log.warning("branch.cut", branch=self.branch_code, code=code)
        if self._link is not None:
            self._link.closed()
        self._abort()


class BranchDoor(Factory):
    """Listens for branches. `port` is the real one while it is open."""

    noisy = False

    def __init__(
        self,
        settings: BranchSettings,
        data_folder: Path,
        sequencer: Sequencer,
        queries: Queries,
        bus: Bus,
        reactor: Any,  # IReactorSSL and IReactorTime: the one real reactor
        now_ns: NowNs,
    ) -> None:
        self.settings = settings
        self.clock: interfaces.IReactorTime = reactor
        self.tasks = Tasks(self.clock)
        self.connections: set[BranchConnection] = set()
        self.port = 0
        self._data_folder = data_folder
        self._sequencer = sequencer
        self._queries = queries
        self._bus = bus
        self._reactor = reactor
        self._now_ns = now_ns
        self._pushes = Pushes(queries.branch_of, bus.durable_seq)
        self._listening: Any = None  # IListeningPort
        self._emptied: Deferred[None] | None = None
        self._stop_events: Callable[[], None] = lambda: None

    async def start(self) -> None:
        """Open the door. Raises ConfigError for certificates, CannotListenError for the port."""
        options = server_options(self.settings, self._data_folder)
        self._stop_events = self._bus.subscribe("branch", self._pushes.on_events)
        self._listening = self._reactor.listenSSL(
            self.settings.port, self, options, interface=self.settings.host
        )
        self.port = self._listening.getHost().port
        self.tasks.every("branch.tick", TICK_S, self._tick)
        log.info("branch.open", port=self.port)

    async def stop(self) -> None:
        """Close the door and tell every branch."""
        if self._listening is not None:
            await self._listening.stopListening()
        if self.connections:
            self._emptied = Deferred()
            for connection in tuple(self.connections):
                connection.close()
            await self._emptied
        self._stop_events()
        self.tasks.stop()

    def forget(self, connection: BranchConnection) -> None:
        """A connection is lost."""
        self.connections.discard(connection)
        metrics.CONNECTIONS.set(len(self.connections))
        if not self.connections and self._emptied is not None:
            emptied, self._emptied = self._emptied, None
            emptied.callback(None)

    def buildProtocol(self, addr: interfaces.IAddress | None) -> BranchConnection | None:
        """Take a connection, unless there are as many as there may be."""
        if len(self.connections) >= CONNECTIONS_MAX:
            metrics.CUT.labels("branch.full").inc()
            return None
        return BranchConnection(self)

    def link(self, branch_code: str, wake: Callable[[], None]) -> BranchLink:
        """Return the protocol of one connection."""
        return BranchLink(
            branch_code,
            self._sequencer,
            self._queries,
            self._pushes,
            self.settings,
            self.clock,
            self._now_ns,
            wake,
        )

    def refusal_of(self, connection: BranchConnection) -> tuple[str, str] | None:
        """Return why a connection with a good certificate is not served, None when it is."""
        code = connection.branch_code
        if not BRANCH_CODE.fullmatch(code):
            return (
                "branch.wrong_certificate",
                f"the certificate's common name must be a branch code, was {code[:16]!r}",
            )
        same = sum(other.branch_code == code for other in self.connections)
        if same > self.settings.connections_max:
            return (
                "branch.too_many_connections",
                f"branch {code} may have {self.settings.connections_max} connections",
            )
        return None

    def _tick(self) -> None:
        now_s = self.clock.seconds()
        for connection in tuple(self.connections):
            connection.tick(now_s)


def server_options(settings: BranchSettings, data_folder: Path) -> CertificateOptions:
    """Return TLS 1.3 that demands a certificate of the branches' authority.

    Raises ConfigError that names the setting whose file cannot be used.
    """
    authority = Certificate.loadPEM(_read("branch.ca_file", data_folder / settings.ca_file))
    certificate = _read("branch.certificate_file", data_folder / settings.certificate_file)
    key = _read("branch.key_file", data_folder / settings.key_file)
    # pyOpenSSL takes the objects of cryptography, which Twisted's annotations do not know yet.
    private_key: Any = serialization.load_pem_private_key(key, None)
    own: Any = x509.load_pem_x509_certificate(certificate)
    return CertificateOptions(
        privateKey=private_key,
        certificate=own,
        trustRoot=trustRootFromCertificates([authority]),
        raiseMinimumTo=TLSVersion.TLSv1_3,
    )


def _read(setting: str, file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigError(
            setting, f"cannot read {file} ({error.strerror}): run `hotline init`, or name the file"
        ) from error
