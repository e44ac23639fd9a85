"""Reference client of the branch wire: pipelined requests, reconnect, resend, pushed events.

Every order and cancel is kept until it has an outcome and is sent again after a reconnect with the
same client_seq, so it happens once. What is asked in one turn of the reactor leaves in one write.
Not here: keeping client_seq across restarts of the branch's program (pass `first_client_seq`).
"""

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any, Final, NamedTuple

import structlog
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from twisted.application.internet import ClientService
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.interfaces import IAddress, IOpenSSLClientConnectionCreator
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.ssl import Certificate, optionsForClientTLS
from twisted.python.failure import Failure

from gateway.branch import wire
from gateway.branch.frames import ANSWER_BYTES_MAX, FrameReader, WireError, framed
from gateway.core.tasks import Tasks, Timer
from risk.domain.errors import TemporaryFailure

log = structlog.get_logger("branch")

RETRY_S: Final = 1.0
SILENT_HEARTBEATS_MAX: Final = 3
UNSENT_MAX: Final = 1_000_000  # requests without outcome

Outcome = wire.Accepted | wire.CancelTaken | wire.Denied | wire.Invalid
QueryAnswer = (
    wire.OrderList | wire.PositionList | wire.CashState | wire.QuoteState | wire.QueryDenied
)
OnEvent = Callable[[wire.OrderEvent], None]


class Disconnected(TemporaryFailure):
    """The connection was lost before a query was answered: ask again."""

    code = "branch.disconnected"


class BranchIdentity(NamedTuple):
    """Who the branch is: its code, its certificate and key, and the authority of the gateway."""

    branch_code: str
    certificate_file: Path
    key_file: Path
    ca_file: Path


def development_identity(keys_folder: Path, branch_code: str) -> BranchIdentity:
    """Return the identity that `hotline init` made for a branch."""
    name = f"branch_{branch_code}"
    return BranchIdentity(
        branch_code,
        keys_folder / f"{name}.pem",
        keys_folder / f"{name}.key",
        keys_folder / "branch_ca.pem",
    )


def client_options(
    identity: BranchIdentity, server_name: str = "localhost"
) -> IOpenSSLClientConnectionCreator:
    """Return TLS that trusts the authority alone, checks the door's name, shows who we are."""
    authority = Certificate.loadPEM(identity.ca_file.read_bytes())
    own = {
        "privateKey": serialization.load_pem_private_key(identity.key_file.read_bytes(), None),
        "certificate": x509.load_pem_x509_certificate(identity.certificate_file.read_bytes()),
    }
    options: IOpenSSLClientConnectionCreator = optionsForClientTLS(
        server_name, trustRoot=authority, extraCertificateOptions=own
    )
    return options


class _Connection(Protocol):
    """One connection of the client."""

    transport: Any

    def __init__(self, client: "BranchClient") -> None:
        self._client = client
        self._frames = FrameReader(ANSWER_BYTES_MAX)

    def connectionMade(self) -> None:
        """Say hello."""
        self._client.connected(self)

    def dataReceived(self, data: bytes) -> None:
        """Hand messages on."""
        try:
            for frame in self._frames.feed(data):
                self._client.received(wire.decode_answer(frame))
        except (WireError, *wire.UNREADABLE) as error:
            log.error("branch.client.wire", error=str(error))
            self.transport.abortConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Tell the client."""
        self._client.lost(reason)


class _Connections(Factory):
    noisy = False

    def __init__(self, client: "BranchClient") -> None:
        self._client = client

    def buildProtocol(self, addr: IAddress | None) -> _Connection:
        return _Connection(self._client)


class BranchClient:
    """A branch's side of the door. All methods run on the reactor thread.

    `on_event` gets pushed order events, each once per connection in order of event_seq.
    """

    def __init__(
        self,
        reactor: Any,  # IReactorTCP and IReactorTime: the one real reactor
        host: str,
        port: int,
        identity: BranchIdentity,
        on_event: OnEvent = lambda event: None,
        first_client_seq: int = 1,
        retry_s: float = RETRY_S,
    ) -> None:
        endpoint = wrapClientTLS(client_options(identity), HostnameEndpoint(reactor, host, port))
        self._service = ClientService(
            endpoint, _Connections(self), retryPolicy=lambda _: retry_s, clock=reactor
        )
        self._tasks = Tasks(reactor)
        self._beats = Timer(lambda timer: None)
        self._clock = reactor
        self._retry_s = retry_s
        self._branch_code = identity.branch_code
        self._on_event = on_event
        self._client_seqs = count(first_client_seq)
        self._query_nos = count(1)
        self._requests: dict[int, tuple[bytes, Deferred[Outcome]]] = {}
        self._queries: dict[int, Deferred[QueryAnswer]] = {}
        self._connection: _Connection | None = None
        self._out: list[bytes] = []
        self._is_flush_planned = False
        self._welcomed: Deferred[wire.Welcome] = Deferred()
        self._heard_s = 0.0
        self._last_event_seq = 0
        self._last_day = 0
        self.welcome: wire.Welcome | None = None
        self.refused: wire.Refused | None = None  # the last one

    def start(self) -> "Deferred[wire.Welcome]":
        """Connect, and keep connecting; fires at the first welcome."""
        self._service.startService()
        return self._welcomed

    async def stop(self) -> None:
        """Disconnect for good. Requests without outcome stay without."""
        self._tasks.stop()
        await self._service.stopService()

    def order(
        self,
        account_no: str,
        symbol: str,
        side: wire.Side,
        qty: int,
        price: str,
        trace_id: str = "",
    ) -> "Deferred[Outcome]":
        """Ask for an order; fires with its outcome, however many reconnects that takes."""
        client_seq = next(self._client_seqs)
        return self._ask(
            client_seq,
            wire.Order(self._day(), client_seq, account_no, symbol, side, qty, price, trace_id),
        )

    def cancel(self, account_no: str, cl_ord_id: str) -> "Deferred[Outcome]":
        """Ask to cancel an order; fires when the request is taken or denied."""
        client_seq = next(self._client_seqs)
        return self._ask(client_seq, wire.Cancel(self._day(), client_seq, account_no, cl_ord_id))

    def orders(self, account_no: str) -> "Deferred[QueryAnswer]":
        """Ask for an account's orders of the day. Fails with Disconnected."""
        return self._query(wire.Orders(next(self._query_nos), account_no))

    def positions(self, account_no: str) -> "Deferred[QueryAnswer]":
        """Ask for an account's holdings. Fails with Disconnected."""
        return self._query(wire.Positions(next(self._query_nos), account_no))

    def cash(self, account_no: str) -> "Deferred[QueryAnswer]":
        """Ask for an account's cash. Fails with Disconnected."""
        return self._query(wire.Cash(next(self._query_nos), account_no))

    def quote(self, symbol: str) -> "Deferred[QueryAnswer]":
        """Ask for the latest prices. Fails with Disconnected."""
        return self._query(wire.Quote(next(self._query_nos), symbol))

    def connected(self, connection: _Connection) -> None:
        """A connection is there: say hello before anything else."""
        self._connection = connection
        self._out.clear()
        hello = wire.Hello(wire.WIRE_VERSION, self._branch_code, self._last_event_seq)
        connection.transport.write(framed([wire.encode(hello)]))

    def lost(self, reason: Failure) -> None:
        """The connection is lost; the service makes a new one."""
        self._connection, self.welcome = None, None
        queries, self._queries = self._queries, {}
        for waiting in queries.values():
            waiting.errback(Disconnected(reason.getErrorMessage()))

    def received(self, message: wire.Answer) -> None:
        """Take one message of the gateway."""
        self._heard_s = self._clock.seconds()
        if isinstance(message, Outcome):
            self._settle(message)
        elif isinstance(message, wire.OrderEvent):
            self._last_event_seq = message.event_seq
            self._on_event(message)
        elif isinstance(message, wire.Failed):
            self._tasks.call_later("branch.again", self._retry_s, self._again_of(message))
        elif isinstance(message, QueryAnswer):
            self._queries.pop(message.query_no).callback(message)
        elif isinstance(message, wire.Welcome):
            self._welcome(message)
        elif isinstance(message, wire.DayStarted):
            self._last_day = message.day
        elif isinstance(message, wire.Refused):
            self.refused = message
            log.warning("branch.client.refused", code=message.code, text=message.text)

    def _welcome(self, welcome: wire.Welcome) -> None:
        """The door is open: send what has no outcome yet, oldest first, in one write."""
        self.welcome = welcome
        self._last_day = welcome.day
        self._last_event_seq = self._last_event_seq or welcome.last_event_seq
        self._out = [data for data, _ in self._requests.values()]
        self._flush()
        self._beats.stop()
        self._beats = self._tasks.every("branch.beat", welcome.heartbeat_s, self._beat)
        if not self._welcomed.called:
            self._welcomed.callback(welcome)

    def _beat(self) -> None:
        """Say that we are alive, and cut a gateway that is not."""
        welcome, connection = self.welcome, self._connection
        if welcome is None or connection is None:
            return
        if self._clock.seconds() - self._heard_s > SILENT_HEARTBEATS_MAX * welcome.heartbeat_s:
            connection.transport.abortConnection()
            return
        self._send(wire.encode(wire.Heartbeat()))

    def _settle(self, outcome: Outcome) -> None:
        if isinstance(outcome, wire.Invalid) and outcome.query_no:
            self._queries.pop(outcome.query_no).errback(ValueError(outcome.text))
            return
        _, waiting = self._requests.pop(outcome.client_seq, (b"", None))
        if waiting is not None:
            waiting.callback(outcome)

    def _again_of(self, failed: wire.Failed) -> Callable[[], None]:
        def again() -> None:
            data, _ = self._requests.get(failed.client_seq, (b"", None))
            if data and self.welcome is not None:
                self._send(data)

        return again

    def _day(self) -> int:
        assert self._last_day, "no trading day: wait for start(), and for the gateway's day"
        return self._last_day

    def _ask(self, client_seq: int, request: wire.Order | wire.Cancel) -> "Deferred[Outcome]":
        assert len(self._requests) < UNSENT_MAX, "too many requests without outcome"
        data = wire.encode(request)
        waiting: Deferred[Outcome] = Deferred()
        self._requests[client_seq] = data, waiting
        if self.welcome is not None:
            self._send(data)
        return waiting

    def _query(self, query: Any) -> "Deferred[QueryAnswer]":
        waiting: Deferred[QueryAnswer] = Deferred()
        if self.welcome is None:
            waiting.errback(Disconnected("there is no connection"))
            return waiting
        self._queries[query.query_no] = waiting
        self._send(wire.encode(query))
        return waiting

    def _send(self, data: bytes) -> None:
        self._out.append(data)
        if not self._is_flush_planned:
            self._is_flush_planned = True
            self._clock.callLater(0, self._flush)

    def _flush(self) -> None:
        self._is_flush_planned = False
        if self._connection is not None and self.welcome is not None and self._out:
            out, self._out = self._out, []
            self._connection.transport.write(framed(out))
