"""Legs that one core of a media host carries: two-way G.711, recorded, searched for key tones.

The host's own tick on real loopback sockets, its time turned by hand and only its thread's CPU
counted, so that neither the far ends (in this process too) nor other users of the machine are in
the figure. The limit is a loop that only receives and sends the same packets on the same sockets.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy: one core, as in a media worker

import random
import socket
import struct
import tempfile
import time
from pathlib import Path

from gateway.media import wire
from gateway.media.bank import TICK_S, LegBank, SoundRules, ToneSearch
from tests.bench.bench import Row, benchmark

LEGS = 300
SECONDS = 6
WARM_UP_TICKS = 200
TICKS_PER_FRAME = 4


class Farm:
    """Far ends of all legs; a quarter of them speaks each tick."""

    def __init__(self, count: int) -> None:
        self.socks = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(count)]
        for sock in self.socks:
            sock.bind(("127.0.0.1", 0))
            sock.setblocking(False)
        self._sound = random.Random(1).randbytes(160)

    def speak(self, tick: int) -> None:
        number = tick // TICKS_PER_FRAME
        head = struct.pack("!BBHII", 0x80, 8, number % 65_536, 160 * number, 7)
        for sock in self.socks[tick % TICKS_PER_FRAME :: TICKS_PER_FRAME]:
            sock.send(head + self._sound)

    def listen(self) -> None:
        for sock in self.socks:
            try:
                while True:
                    sock.recv(2000)
            except BlockingIOError:
                continue

    def close(self) -> None:
        for sock in self.socks:
            sock.close()


def core_share(tone_search: ToneSearch, folder: Path | None) -> float:
    """Return the share of one core that LEGS legs take."""
    rules = SoundRules(inband_dtmf=tone_search)
    bank = LegBank(random.Random(1).getrandbits, legs_max=LEGS, rules=rules)
    farm, now_s, spent_s = Farm(LEGS), 100.0, 0.0
    bank.apply(wire.LoadClip("c", random.Random(2).randbytes(8000 * 60)), now_s, 0)
    for leg_no, sock in enumerate(farm.socks):
        begin_s = now_s + leg_no % TICKS_PER_FRAME * TICK_S
        bank.apply(wire.OpenLeg(leg_no, False), begin_s, 0)
        opened = next(r for r in bank.take_reports() if isinstance(r, wire.LegOpened))
        sock.connect((opened.host, opened.port))
        peer = wire.SetPeer(leg_no, *sock.getsockname(), 8, 101)
        for request in (peer, wire.Play(leg_no, ["c"], 1, False)):
            bank.apply(request, now_s, 0)
        if folder is not None:
            bank.apply(wire.Record(leg_no, str(folder / f"{leg_no}.wav")), now_s, 0)
    ticks = round(SECONDS / TICK_S)
    for tick in range(WARM_UP_TICKS + ticks):
        now_s += TICK_S
        farm.speak(tick)
        began_s = time.thread_time()
        bank.tick(now_s, round(now_s * 1e9))
        bank.take_reports()
        if tick >= WARM_UP_TICKS:
            spent_s += time.thread_time() - began_s
        if tick % 40 == 0:
            farm.listen()
    bank.close()
    farm.close()
    return spent_s / SECONDS


def bare_share() -> float:
    """Return the share of one core that receiving and sending the packets takes."""
    farm, spent_s = Farm(LEGS), 0.0
    ours = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in farm.socks]
    for sock, far in zip(ours, farm.socks, strict=True):
        sock.bind(("127.0.0.1", 0))
        sock.setblocking(False)
        sock.connect(far.getsockname())
        far.connect(sock.getsockname())
    packet = bytes(172)
    ticks = round(SECONDS / TICK_S)
    for tick in range(ticks):
        farm.speak(tick)
        began_s = time.thread_time()
        for sock in ours[tick % TICKS_PER_FRAME :: TICKS_PER_FRAME]:
            sock.recv(2000)
            sock.send(packet)
        spent_s += time.thread_time() - began_s
        if tick % 40 == 0:
            farm.listen()
    farm.close()
    for sock in ours:
        sock.close()
    return spent_s / SECONDS


@benchmark("media_legs")
def media_legs() -> list[Row]:
    """Plain legs, and legs with everything."""
    bare, plain = bare_share(), core_share("never", None)
    with tempfile.TemporaryDirectory() as folder:
        whole = core_share("always", Path(folder))
    return [
        row("media_legs", whole, bare, "two-way, recorded, searched for key tones"),
        row("media_legs_plain", plain, bare, "two-way"),
    ]


def row(name: str, share: float, bare: float, what: str) -> Row:
    """Return legs per core beside the bare loop's."""
    extras = {"of": what, f"core_percent_of_{LEGS}_legs": round(100 * share, 1)}
    return Row(name, LEGS / share, "legs/core", LEGS / bare, bare / share, extras)
