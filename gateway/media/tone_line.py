"""The sound of one leg as the search for key tones takes it: frames by the far end's own clock.

Packets count in the order they come, whenever they come: a network or a host that stalls makes no
pause in a tone. What is missing by the RTP timestamp is silence, so tones are parted also by a far
end that sends nothing between them; if its clock stands still meanwhile, the marker bit parts them.
Not here: the time line that people listen to (gateway.media.timeline).
"""

from collections import deque
from typing import Final

from gateway.media import g711
from gateway.media.rtp import FRAME_SAMPLES, SAMPLE_RATE, TS_MOD, RtpPacket, signed_distance

JUMP_SAMPLES_MAX: Final = 2 * SAMPLE_RATE  # further away the far end's clock was set anew
PAUSE_SAMPLES: Final = 3 * FRAME_SAMPLES  # enough to end a press; longer ones are cut to it
WAITING_MAX: Final = 2 * JUMP_SAMPLES_MAX
FRAMES_PER_TICK_MAX: Final = 8  # thirty times as fast as is spoken: no leg takes another's time


class ToneLine:
    """Cuts packets into frames of 20 ms."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._next: int | None = None  # timestamp after the last packet

    def put(self, packet: RtpPacket, alaw: bytes) -> None:
        """Take a packet; one that is late or repeated is left out."""
        gap = 0 if self._next is None else signed_distance(packet.timestamp, self._next, TS_MOD)
        if abs(gap) > JUMP_SAMPLES_MAX or (packet.marker and gap <= 0):
            gap = PAUSE_SAMPLES
        if gap < 0 or len(self._line) > WAITING_MAX:
            return
        self._line += g711.ALAW_SILENCE * min(gap, PAUSE_SAMPLES) + alaw
        self._next = (packet.timestamp + len(alaw)) % TS_MOD

    def take(self) -> deque[bytes]:
        """Return the whole frames that are there, FRAMES_PER_TICK_MAX at most."""
        frames: deque[bytes] = deque()
        count = min(len(self._line) // FRAME_SAMPLES, FRAMES_PER_TICK_MAX)
        whole = count * FRAME_SAMPLES
        for at in range(0, whole, FRAME_SAMPLES):
            frames.append(bytes(self._line[at : at + FRAME_SAMPLES]))
        del self._line[:whole]
        return frames
