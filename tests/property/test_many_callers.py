"""Many callers press keys in all three ways at once, on a host that now and then stalls.

Whatever way a caller's phone takes, with events lost and packets bunched: every key once, in order.
"""

import random
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.media import telephone_event, wire
from gateway.media.g711 import ALAW_SILENCE
from gateway.media.rtp import RtpPacket, build
from tests.builders.bank import TICK_S, Clocked, Far
from tests.builders.tones import alaw_of, dialled

WAYS: Final = ("event", "tone", "info", "all")
KEYS: Final = "0123456789*#"
CALLERS: Final = 8
LOSS: Final = 0.02
Slot = tuple[bytes | None, tuple[str, int] | None, str]  # sound, packet of an event, key by INFO
QUIET: Final[Slot] = (ALAW_SILENCE * 160, None, "")


class Caller:
    """A far end that plays out its presses, one slot of 20 ms after the other."""

    def __init__(self, clocked: Clocked, leg_no: int, rng: random.Random) -> None:
        self.far, self.clocked, self.rng = Far(clocked, leg_no), clocked, rng
        self.way = WAYS[leg_no % len(WAYS)]
        self.keys = "".join(rng.choice(KEYS) for _ in range(rng.randint(1, 10)))
        self.slots = [QUIET] * rng.randint(1, 10)
        for key in self.keys:
            self.slots += self._press(key) + [QUIET] * rng.randint(4, 9)
        self.timestamp, self.begun_at = rng.getrandbits(32), 0

    def _press(self, key: str) -> list[Slot]:
        frames = self.rng.randint(4, 7)
        tone = alaw_of(dialled(key, 20 * frames, 0))
        sounds = [tone[at : at + 160] for at in range(0, len(tone), 160)]
        packets = [(key, n) for n in range(7)]
        if self.way == "event":
            return [(None, packet, "") for packet in packets]
        if self.way == "tone":
            return [(sound, None, "") for sound in sounds]
        if self.way == "info":
            return [*[QUIET] * frames, (QUIET[0], None, key)]
        both = [(sounds[n] if n < frames else None, packet, "") for n, packet in enumerate(packets)]
        return [*both, (QUIET[0], None, key)]

    def send_slot(self, number: int) -> None:
        sound, packet, key = self.slots[number] if number < len(self.slots) else QUIET
        if sound is not None:
            self._send(8, False, self.timestamp, sound)
        if packet is not None:
            if packet[1] == 0:
                self.begun_at = self.timestamp
            frame = telephone_event.press(packet[0])[packet[1]]
            assert frame is not None
            if self.rng.random() >= LOSS:
                self._send(101, frame.marker, self.begun_at, frame.payload)
        if key:
            self.clocked.ask(wire.InfoKey(self.far.leg_no, key))
        self.timestamp += 160

    def _send(self, payload_type: int, marker: bool, timestamp: int, payload: bytes) -> None:
        seq, self.far.seq = self.far.seq % 65_536, self.far.seq + 1
        packet = RtpPacket(payload_type, marker, seq, timestamp % (1 << 32), 7, payload)
        self.far.sock.sendto(build(packet), self.far.leg_address)


@given(seed=st.integers(0, 2**32), stall_ms=st.sampled_from([0, 0, 40, 150, 400]))
@settings(max_examples=25, deadline=None)
def test_every_key_is_told_once_and_in_order(seed: int, stall_ms: int) -> None:
    rng = random.Random(seed)
    clocked = Clocked(inband_dtmf="always")
    callers = [Caller(clocked, leg_no, rng) for leg_no in range(1, CALLERS + 1)]
    try:
        spoken, end = 0, max(len(caller.slots) for caller in callers) + 30
        began_s = clocked.now_s
        while spoken < end:
            is_stalled = stall_ms and rng.random() < 0.02
            clocked.now_s += (stall_ms / 1000 if is_stalled else 0) + TICK_S
            while spoken < end and began_s + spoken * 0.02 <= clocked.now_s:
                for caller in callers:
                    caller.send_slot(spoken)
                spoken += 1
            clocked.now_s -= TICK_S
            clocked.turn(TICK_S)
        clocked.turn(0.5)
        told = {caller.far.leg_no: clocked.keys(caller.far.leg_no) for caller in callers}
        assert told == {caller.far.leg_no: caller.keys for caller in callers}
    finally:
        clocked.bank.close()
        for caller in callers:
            caller.far.close()
