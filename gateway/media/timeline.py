"""The sound of a far end on our own 20 ms clock: late, lost and swapped packets put right.

Pure. Packets go in by their RTP timestamp, 20 ms come out per call: what is missing is silence,
also the time in which the far end sends nothing between words. Recordings and bridges live on this
line. Not here: the search for key tones (gateway.media.tone_line), the stream's figures (…rtp).
"""

from typing import Final

from gateway.media import g711
from gateway.media.rtp import FRAME_SAMPLES, SAMPLE_RATE, TS_MOD, signed_distance

JUMP_SAMPLES_MAX: Final = 2 * SAMPLE_RATE  # further away the far end's clock was set anew
SLACK_SAMPLES: Final = 2 * FRAME_SAMPLES  # packets of 40 ms and our own tick's jitter
_SILENCE: Final = g711.ALAW_SILENCE * FRAME_SAMPLES


class Timeline:
    """A jitter buffer of `delay_ms`: so long a packet may be late and is still in its place."""

    def __init__(self, delay_ms: int) -> None:
        self._delay = delay_ms * SAMPLE_RATE // 1000
        self._line = bytearray()
        self._next: int | None = None  # timestamp of the next sample to leave

    def restart(self) -> None:
        """Forget what waits: the far end begins a new stream."""
        self._line.clear()
        self._next = None

    def put(self, timestamp: int, alaw: bytes) -> None:
        """Place a packet's sound."""
        at = 0 if self._next is None else signed_distance(timestamp, self._next, TS_MOD)
        line = self._line
        # With nothing waiting a late packet is better heard late than never: its stream has
        # paused, its network has become slower, or its clock stands still while it is silent.
        is_anew = at < 0 and not line
        if self._next is None or is_anew or abs(at) > JUMP_SAMPLES_MAX:
            line.clear()
            self._next = (timestamp - self._delay) % TS_MOD
            at = self._delay
        if at < 0:
            alaw, at = alaw[-at:], 0
        if at > len(line):
            line += g711.ALAW_SILENCE * (at - len(line))
        line[at : at + len(alaw)] = alaw

    def take(self) -> bytes:
        """Return the next 20 ms."""
        if self._next is None:
            return _SILENCE
        self._next = (self._next + FRAME_SAMPLES) % TS_MOD
        line = self._line
        if not line:
            return _SILENCE
        frame = bytes(line[:FRAME_SAMPLES])
        del line[:FRAME_SAMPLES]
        return frame if len(frame) == FRAME_SAMPLES else frame + _SILENCE[len(frame) :]

    def settle(self) -> None:
        """Drop the oldest sound down to the delay, after a burst or by a faster clock over there.

        To be called when everything due was taken: what our own stall has bunched is heard whole.
        """
        excess = len(self._line) - self._delay
        if self._next is None or excess <= self._delay + SLACK_SAMPLES:
            return
        del self._line[:excess]
        self._next = (self._next + excess) % TS_MOD
