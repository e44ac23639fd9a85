"""The gate on real sockets: a stranger's connection ends at once, a flood keeps nothing."""

import socket
import tempfile
from pathlib import Path

import pytest
from twisted.internet import reactor
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.task import deferLater
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

from tests.builders.sip import OFFER, a_request
from tests.peers.gateway_edge import GatewayEdge


class Line(Protocol):
    """A connection that says something, and notes what comes and how it ends."""

    def __init__(self, text: str) -> None:
        self.text, self.heard, self.end = text, b"", ""

    def connectionMade(self) -> None:
        assert self.transport is not None
        self.transport.write(self.text.encode())

    def dataReceived(self, data: bytes) -> None:
        self.heard += data

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        is_known = reason.check(ConnectionLost, ConnectionDone)
        self.end = is_known.__name__ if is_known else reason.getErrorMessage()


class Gate(TestCase):
    async def gateway(self, **settings: object) -> GatewayEdge:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        gateway = GatewayEdge(Path(folder.name), **settings)
        self.port = await gateway.start()
        self.addCleanup(gateway.stop)
        return gateway

    async def connected(self, text: str) -> Line:
        endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", self.port)
        line: Line = await connectProtocol(endpoint, Line(text))
        self.addCleanup(line.transport.abortConnection)  # type: ignore[union-attr]
        return line

    async def test_a_connection_of_a_stranger_ends_at_once(self) -> None:
        gateway = await self.gateway(open_hosts=())
        line = await self.connected(a_request("OPTIONS"))
        await gateway.until("the end", lambda: line.end)
        assert line.heard == b""
        assert len(gateway.edge.agent.transactions) == 0

    async def test_a_connection_of_somebody_known_is_answered(self) -> None:
        gateway = await self.gateway()
        via = "Via: SIP/2.0/TCP 127.0.0.1:5060;branch=z9hG4bKtcp;rport"
        line = await self.connected(a_request("OPTIONS", via=via))
        await gateway.until("an answer", lambda: line.heard)
        assert line.heard.startswith(b"SIP/2.0 200 OK")

    async def test_a_flood_of_invites_of_strangers_keeps_nothing_and_gets_nothing(self) -> None:
        gateway = await self.gateway(open_hosts=("127.0.0.2",))
        agent = gateway.edge.agent
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.bind(("127.0.0.3", 0))
            stranger.setblocking(False)
            for n in range(500):
                text = a_request(body=OFFER, branch=f"z9hG4bK{n}", call_id=f"c{n}")
                stranger.sendto(text.encode(), ("127.0.0.1", self.port))
                if n % 50 == 0:
                    await deferLater(reactor, 0)
                    assert len(agent.transactions) == 0
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as known:
                known.bind(("127.0.0.2", 0))
                known.setblocking(False)
                known.sendto(
                    a_request("OPTIONS", branch="z9hG4bKlast").encode(), ("127.0.0.1", self.port)
                )
                await gateway.until("the last one", lambda: len(agent.transactions) == 1)
                assert known.recv(4096).startswith(b"SIP/2.0 200 OK")
            with pytest.raises(BlockingIOError):
                stranger.recv(4096)
        assert gateway.calls == []
