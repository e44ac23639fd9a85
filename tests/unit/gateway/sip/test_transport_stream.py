"""Connections within their limits: many, slow, silent, and peers that do not read."""

from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransportWithDisconnection

from gateway.sip.errors import SipNotSent
from gateway.sip.rates import Rates
from gateway.sip.settings import SipSettings
from gateway.sip.transport_stream import (
    FIRST_MESSAGE_S_MAX,
    MESSAGE_S_MAX,
    UNREAD_BYTES_MAX,
    SipConnection,
    StreamTransport,
)
from gateway.sip.wire import Hop
from tests.builders.sip import a_request

BYE = a_request("BYE", to_tag="x").encode()


class Wire(StringTransportWithDisconnection):
    """A connection's far end; `is_aborted` once we ended it at once."""

    is_aborted = False

    def setTcpNoDelay(self, enabled: bool) -> None:
        pass

    def abortConnection(self) -> None:
        self.is_aborted = True
        if self.connected:
            super().loseConnection()


class House:
    """A stream transport on a virtual clock, and what it told."""

    def __init__(self, **settings: object) -> None:
        self.clock = Clock()
        self.messages: list[tuple[bytes, Hop]] = []
        self.cuts: list[Hop] = []
        self.settings = SipSettings(**settings)  # type: ignore[arg-type]
        per_s, burst = self.settings.peer_datagrams_per_s, self.settings.peer_datagrams_burst
        self.streams = StreamTransport(
            "TCP", self.settings, self.clock, Rates(per_s, burst, self.clock),
            lambda data, hop: self.messages.append((data, hop)), self.cuts.append,
        )  # fmt: skip
        self.ports = iter(range(40_000, 50_000))

    def connect(self, host: str = "192.0.2.1") -> tuple[SipConnection, Wire]:
        connection = self.streams.factory.buildProtocol(None)
        assert isinstance(connection, SipConnection)
        wire = Wire(peerAddress=IPv4Address("TCP", host, next(self.ports)))
        wire.protocol = connection
        connection.makeConnection(wire)
        return connection, wire

    def wait(self, seconds: float) -> None:
        for _ in range(round(seconds)):
            self.clock.advance(1)


def test_a_message_comes_with_its_connection_and_the_answer_goes_over_it() -> None:
    house = House()
    connection, wire = house.connect()
    connection.dataReceived(BYE[:30])
    connection.dataReceived(BYE[30:])
    assert house.messages == [(BYE, Hop("192.0.2.1", 40_000, "TCP"))]
    assert house.streams.reaches(connection.hop)
    house.streams.send(b"answer", connection.hop)
    assert wire.value() == b"answer"


def test_a_ping_gets_a_pong_and_counts_as_a_sign_of_life() -> None:
    house = House()
    connection, wire = house.connect()
    connection.dataReceived(b"\r\n\r\n")
    assert (wire.value(), house.messages) == (b"\r\n", [])
    house.wait(FIRST_MESSAGE_S_MAX + 5)
    assert not wire.is_aborted


def test_a_peer_that_says_nothing_is_cut_off() -> None:
    house = House()
    _, wire = house.connect()
    house.wait(FIRST_MESSAGE_S_MAX)
    assert not wire.is_aborted
    house.wait(2)
    assert wire.is_aborted
    assert house.clock.getDelayedCalls() == []


def test_a_message_that_never_ends_is_cut_off_however_it_drips() -> None:
    house = House()
    connection, wire = house.connect()
    connection.dataReceived(BYE)
    for _ in range(round(MESSAGE_S_MAX) + 2):
        connection.dataReceived(b"X")
        house.wait(1)
    assert wire.is_aborted


def test_an_idle_connection_is_closed_and_one_in_use_is_not() -> None:
    house = House(connection_idle_s=30.0)
    connection, wire = house.connect()
    connection.dataReceived(BYE)
    for _ in range(4):
        house.wait(20)
        house.streams.send(b"x", connection.hop)
    assert not wire.is_aborted
    house.wait(32)
    assert wire.is_aborted
    assert not house.streams.reaches(connection.hop)


def test_one_connection_more_than_a_host_may_have_is_refused_and_others_are_not() -> None:
    house = House(peer_connections_max=2)
    wires = [house.connect()[1] for _ in range(3)]
    assert [wire.is_aborted for wire in wires] == [False, False, True]
    assert not house.connect("192.0.2.2")[1].is_aborted
    wires[0].loseConnection()
    assert not house.connect()[1].is_aborted, "one has gone"


def test_all_hosts_together_may_have_so_many_connections() -> None:
    house = House(connections_max=3)
    wires = [house.connect(f"192.0.2.{n}")[1] for n in range(5)]
    assert [wire.is_aborted for wire in wires] == [False, False, False, True, True]


def test_a_peer_that_does_not_read_is_cut_off_before_it_costs_memory() -> None:
    house = House()
    connection, wire = house.connect()
    connection.dataReceived(BYE)
    connection.pauseProducing()
    sent = 0
    try:
        while sent <= UNREAD_BYTES_MAX:
            house.streams.send(b"x" * 1000, connection.hop)
            sent += 1000
    except SipNotSent:
        pass
    assert wire.is_aborted
    assert sent <= UNREAD_BYTES_MAX


def test_what_cannot_be_cut_into_messages_ends_the_connection_behind_its_answer() -> None:
    house = House()
    connection, wire = house.connect()
    connection.dataReceived(BYE.replace(b"Content-Length", b"Content-Longth") + BYE)
    assert len(house.messages) == 1
    assert not wire.connected
    assert not wire.is_aborted


def test_a_flood_over_one_connection_is_dropped_above_the_rate() -> None:
    house = House(peer_datagrams_per_s=10.0, peer_datagrams_burst=20)
    connection, _ = house.connect()
    connection.dataReceived(BYE * 50)
    assert len(house.messages) == 20


def test_the_end_of_a_connection_is_told() -> None:
    house = House()
    connection, wire = house.connect()
    wire.loseConnection()
    assert house.cuts == [connection.hop]


def test_stopping_closes_what_is_open() -> None:
    house = House()
    _, wire = house.connect()
    done: list[object] = []
    house.streams.stop().addCallback(done.append)
    assert (wire.connected, done) == (False, [None])
    assert house.clock.getDelayedCalls() == []
