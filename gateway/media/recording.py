"""The recording of one call: both sides on one time line, a second at a time to the disk.

Both sides get 20 ms for each 20 ms of the clock, so they stay side by side through loss, silence
and a stalled host. The newest half second waits, so that a key which began before its prompt can
still be silenced; what is on disk already is silenced there.
Not here: files (gateway.media.recording_disk).
"""

from typing import Final

from gateway.media import g711
from gateway.media.recording_disk import (
    DATA_BYTES_MAX,
    Begin,
    Finish,
    RecordingDisk,
    SilenceLeft,
    Sound,
)
from gateway.media.rtp import FRAME_SAMPLES, SAMPLE_RATE

HELD_SAMPLES: Final = SAMPLE_RATE // 2
BLOCK_SAMPLES: Final = SAMPLE_RATE
LEAD_IN_MS: Final = 250  # silenced before `secure` and before the first key typed ahead
_STAGGER: Final = 50  # recordings begun together do not reach the disk in the same tick
_SAMPLES_PER_MS: Final = SAMPLE_RATE // 1000


class Recording:
    """Collects the sound of one leg for one file."""

    def __init__(self, disk: RecordingDisk, recording_no: int, path: str, started_ns: int) -> None:
        self.path, self.started_ns = path, started_ns
        self._disk, self._no = disk, recording_no
        self._left, self._right = bytearray(), bytearray()
        self._handed = 0  # samples given to the disk
        self._due = HELD_SAMPLES + BLOCK_SAMPLES + recording_no % _STAGGER * FRAME_SAMPLES
        disk.put(Begin(recording_no, path, started_ns))

    def add_left(self, alaw: bytes) -> None:
        """Take the next sound of the far end."""
        self._left += alaw

    def add_right(self, alaw: bytes) -> None:
        """Take the next sound that the far end hears; both sides grow at the same pace."""
        self._right += alaw
        ready = min(len(self._left), len(self._right))
        if ready >= self._due:
            self._due = HELD_SAMPLES + BLOCK_SAMPLES
            self._hand_over(ready - HELD_SAMPLES)

    def silence_left_since(self, since_ns: int) -> None:
        """Silence the far end from LEAD_IN_MS before a wall-clock time until now."""
        since_ms = (since_ns - self.started_ns) // 1_000_000 - LEAD_IN_MS
        self._silence_left(max(0, since_ms * _SAMPLES_PER_MS))

    def silence_lead_in(self) -> None:
        """Silence the last LEAD_IN_MS of the far end."""
        now = self._handed + len(self._left)
        self._silence_left(max(0, now - LEAD_IN_MS * _SAMPLES_PER_MS))

    def _silence_left(self, start: int) -> None:
        if start < self._handed:
            self._disk.put(SilenceLeft(self._no, start, self._handed))
        at = max(0, start - self._handed)
        if at < len(self._left):
            self._left[at:] = g711.ALAW_SILENCE * (len(self._left) - at)

    def _hand_over(self, samples: int) -> None:
        both = bytearray(2 * samples)
        both[0::2], both[1::2] = self._left[:samples], self._right[:samples]
        del self._left[:samples]
        del self._right[:samples]
        self._disk.put(Sound(self._no, 2 * self._handed, bytes(both)))  # False: a gap in the file
        self._handed += samples

    @property
    def is_full(self) -> bool:
        """True when the file has no room for another second."""
        return 2 * self._handed >= DATA_BYTES_MAX - 4 * BLOCK_SAMPLES

    def finish(self) -> None:
        """Hand over what waits and complete the file."""
        samples = max(len(self._left), len(self._right))
        for side in (self._left, self._right):
            side += g711.ALAW_SILENCE * (samples - len(side))
        if samples:
            self._hand_over(samples)
        self._disk.put(Finish(self._no, 2 * self._handed))
