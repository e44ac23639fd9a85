"""A leg bank on a clock turned by hand, and far ends of its legs on real sockets."""

import random
import socket

from gateway.media import rtp, wire
from gateway.media.bank import LegBank, SoundRules
from gateway.media.port import LegFigures

WALL_NS = 1_795_000_000_000_000_000
TICK_S = 0.005
PAIR_TRIES = 50


class Clocked:
    """A bank whose clock is turned by hand."""

    def __init__(self, **rules: object) -> None:
        bits = random.Random(1).getrandbits
        self.bank = LegBank(bits, rules=SoundRules(**rules))  # type: ignore[arg-type]
        self.now_s = 100.0
        self.reports: list[wire.Report] = []

    @property
    def wall_ns(self) -> int:
        return WALL_NS + round(self.now_s * 1e9)

    def ask(self, *requests: wire.Request) -> None:
        for request in requests:
            self.bank.apply(request, self.now_s, self.wall_ns)

    def turn(self, seconds: float) -> None:
        for _ in range(round(seconds / TICK_S)):
            self.now_s += TICK_S
            self.bank.tick(self.now_s, self.wall_ns)
            self.reports += self.bank.take_reports()

    def of(self, kind: type[wire.Report]) -> list[wire.Report]:
        return [report for report in self.reports if isinstance(report, kind)]

    def keys(self, leg_no: int = 1) -> str:
        told = [r for r in self.reports if isinstance(r, wire.KeyPressed)]
        return "".join(report.key for report in told if report.leg_no == leg_no)

    def figures(self, leg_no: int) -> LegFigures:
        self.ask(wire.CloseLeg(leg_no))
        self.turn(TICK_S)
        (figures,) = [
            report.figures
            for report in self.reports
            if isinstance(report, wire.LegClosed) and report.leg_no == leg_no
        ]
        return figures


class Far:
    """A far end with RTP and RTCP sockets, on a leg of its own."""

    def __init__(self, clocked: Clocked, leg_no: int, event_type: int | None = 101) -> None:
        self.sock, self.rtcp_sock = a_pair()
        self.clocked, self.leg_no, self.seq = clocked, leg_no, 0
        clocked.ask(wire.OpenLeg(leg_no, False))
        clocked.turn(TICK_S)
        opened = next(
            r for r in clocked.reports if isinstance(r, wire.LegOpened) and r.leg_no == leg_no
        )
        self.leg_address = (opened.host, opened.port)
        host, port = self.sock.getsockname()
        clocked.ask(wire.SetPeer(leg_no, host, port, 8, event_type))

    def send(self, payload: bytes = b"\x11" * 160, sock: socket.socket | None = None) -> None:
        packet = rtp.RtpPacket(8, False, self.seq % 65_536, 160 * self.seq, 7, payload)
        (sock or self.sock).sendto(rtp.build(packet), self.leg_address)
        self.seq += 1

    def say(self, alaw: bytes) -> None:
        """Send sound in time, a packet each 20 ms."""
        for at in range(0, len(alaw), 160):
            self.send(alaw[at : at + 160])
            self.clocked.turn(0.02)

    def send_report(self, datagram: bytes, sock: socket.socket | None = None) -> None:
        host, port = self.leg_address
        (sock or self.rtcp_sock).sendto(datagram, (host, port + 1))

    def received(self, sock: socket.socket) -> list[bytes]:
        datagrams = []
        while True:
            try:
                datagrams.append(sock.recv(2000))
            except BlockingIOError:
                return datagrams

    def close(self) -> None:
        self.sock.close()
        self.rtcp_sock.close()


def a_pair() -> tuple[socket.socket, socket.socket]:
    """Two UDP sockets, the second on the port above the first."""
    for _ in range(PAIR_TRIES):
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        one.setblocking(False)
        other.setblocking(False)
        one.bind(("127.0.0.1", 0))
        try:
            other.bind(("127.0.0.1", one.getsockname()[1] + 1))
        except OSError:
            one.close()
            other.close()
            continue
        return one, other
    raise AssertionError("no two ports in a row are free")
