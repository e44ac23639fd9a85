"""A far end of a leg, and a test case with one media host: plain sockets that speak RTP."""

import random
import socket
import time
from collections.abc import Callable

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from gateway.media import rtp, telephone_event
from gateway.media.bank import LegBank, SoundRules
from gateway.media.hosts import MediaHost, ReactorHost, WorkerHost
from gateway.media.link import HostedMedia
from gateway.media.port import Codec, Digit, Leg, LegEvent, RtpPeer

TIMEOUT_S = 10.0


def a_tone(seed: int, frames: int) -> bytes:
    """A-law sound that is unlike silence and unlike other seeds."""
    rng = random.Random(seed)
    return bytes(rng.choice(b"\x10\x20\x30\x90\xa0") for _ in range(160 * frames))


def most_of(sound: bytes, heard: bytes) -> bool:
    """Whether most frames of a sound were heard: a busy machine may lose some on the way."""
    frames = [sound[at : at + 160] for at in range(0, len(sound), 160)]
    return sum(frame in heard for frame in frames) > 0.6 * len(frames)


class FarEnd:
    """The other party: a plain UDP socket that speaks RTP."""

    def __init__(self, codec: Codec = Codec.PCMA) -> None:
        self.codec = codec
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.sock.setblocking(False)
        self.seq = 65_530
        self.packets: list[rtp.RtpPacket] = []

    @property
    def peer(self) -> RtpPeer:
        return RtpPeer("127.0.0.1", self.sock.getsockname()[1], self.codec, 101)

    def send(self, leg: Leg, payload_type: int, timestamp: int, payload: bytes) -> None:
        packet = rtp.RtpPacket(payload_type, False, self.seq, timestamp, 7, payload)
        self.seq = (self.seq + 1) % rtp.SEQ_MOD
        self.sock.sendto(rtp.build(packet), leg.local_address)

    def press(self, leg: Leg, key: str, timestamp: int) -> None:
        for frame in telephone_event.press(key):
            if frame is not None:
                self.send(leg, 101, timestamp, frame.payload)

    def read(self) -> list[rtp.RtpPacket]:
        while True:
            try:
                packet = rtp.parse(self.sock.recv(2000))
            except BlockingIOError:
                return self.packets
            assert packet is not None
            self.packets.append(packet)

    def sound(self) -> bytes:
        return b"".join(p.payload for p in self.read() if p.payload_type == self.codec)


class OneHost:
    """A media host and a far end; a class that inherits names the host."""

    host: MediaHost
    legs_max = 3
    rules = SoundRules()

    def make_host(self) -> MediaHost:
        raise NotImplementedError

    async def setUp(self) -> None:
        self.host = self.make_host()
        self.media = HostedMedia([self.host], reactor)
        self.events: list[LegEvent] = []
        await self.media.start()
        self.far = self.a_far_end()

    def tearDown(self) -> Deferred[None]:
        return self.media.stop()

    def a_far_end(self, codec: Codec = Codec.PCMA) -> FarEnd:
        far = FarEnd(codec)
        self.addCleanup(far.sock.close)  # type: ignore[attr-defined]
        return far

    async def until(self, is_true: Callable[[], bool], what: str) -> None:
        end_s = time.monotonic() + TIMEOUT_S
        while not is_true():
            assert time.monotonic() < end_s, f"waited {TIMEOUT_S} s until {what}; {self.events}"
            await deferLater(reactor, 0.01)

    def of(self, kind: type[LegEvent]) -> list[LegEvent]:
        return [event for event in self.events if isinstance(event, kind)]

    def keys(self) -> str:
        return "".join(event.key for event in self.events if isinstance(event, Digit))


class OnReactor(OneHost):
    """Media on this reactor."""

    def make_host(self) -> MediaHost:
        bits = random.Random(1).getrandbits
        bank = LegBank(bits, legs_max=self.legs_max, rules=self.rules)
        return ReactorHost(bank, reactor, time.time_ns)


class InWorker(OneHost):
    """Media in a worker process."""

    def make_host(self) -> MediaHost:
        return WorkerHost(reactor, "127.0.0.1", (0, 0), self.legs_max, rules=self.rules)
