"""Keypad digits as RTP telephone-events, received and sent (RFC 4733 §2.3, §2.5).

Not here: tones in the sound itself, SIP INFO, or what a digit means.
"""

import struct
from collections import deque
from typing import Final, NamedTuple

from gateway.media.rtp import FRAME_SAMPLES, TS_MOD, RtpPacket, signed_distance

KEYS: Final = "0123456789*#ABCD"
PAYLOAD: Final = struct.Struct("!BBH")
SEGMENT_SAMPLES_MAX: Final = 0xFFFF
END_COPIES: Final = 3
END_BIT: Final = 0x80
_VOLUME: Final = 10  # -10 dBm0
_PRESS_FRAMES: Final = 4  # 80 ms down
_PAUSE_FRAMES: Final = 2  # with the end copies 100 ms up
_SEEN_MAX: Final = 8
_LATE_SAMPLES_MAX: Final = 16_000  # 2 s; further back the far clock was set anew


class KeyReceiver:
    """Turns event packets into keys, one per press, at the first packet seen of it.

    A press is known by its source and RTP timestamp: repeated, reordered and lost packets,
    also of the end, make no second key. A press longer than 8 s continues in segments. A marker
    after an end begins a new press whatever its timestamp (replayed captures, restarted clocks).
    """

    def __init__(self) -> None:
        self._ssrc = -1
        self._seen: deque[int] = deque(maxlen=_SEEN_MAX)
        self._key = ""
        self._timestamp = 0
        self._ended = True

    def receive(self, packet: RtpPacket) -> str | None:
        """Return the key that `packet` begins, or None."""
        if len(packet.payload) < PAYLOAD.size:
            return None
        event, flags, _duration = PAYLOAD.unpack_from(packet.payload)
        if event >= len(KEYS):
            return None  # flash hook, fax and modem tones
        if packet.ssrc != self._ssrc:
            self._ssrc = packet.ssrc
            self._seen.clear()
            self._ended = True
        if not (packet.marker and self._ended) and self._is_old(packet.timestamp):
            if packet.timestamp == self._timestamp:
                self._ended = self._ended or bool(flags & END_BIT)
            return None
        is_continued = (
            not self._ended
            and KEYS[event] == self._key
            and packet.timestamp == (self._timestamp + SEGMENT_SAMPLES_MAX) % TS_MOD
        )
        self._seen.append(packet.timestamp)
        self._key, self._timestamp = KEYS[event], packet.timestamp
        self._ended = bool(flags & END_BIT)
        return None if is_continued else self._key

    @property
    def is_down(self) -> bool:
        """True from the first packet of a press to its end, as far as packets came."""
        return not self._ended

    def _is_old(self, timestamp: int) -> bool:
        if not self._seen or timestamp in self._seen:
            return bool(self._seen)
        # Overtaken by a later press: telling it now would swap digits.
        return -_LATE_SAMPLES_MAX < signed_distance(timestamp, self._seen[-1], TS_MOD) < 0


class EventPayload(NamedTuple):
    """One packet of a press: RFC 4733 payload and RTP marker bit."""

    payload: bytes
    marker: bool


def press(key: str) -> list[EventPayload | None]:
    """Return what to send in each 20 ms frame for one key, None for a frame of pause.

    All packets carry the RTP timestamp of the first frame; the end is sent three times, each in
    a frame of its own (RFC 4733 §2.5.1.4). Raises ValueError for what is no key.
    """
    if len(key) != 1 or key not in KEYS:
        raise ValueError(f"key must be one of {KEYS}, was {key!r}")
    event = KEYS.index(key)
    frames: list[EventPayload | None] = [
        EventPayload(PAYLOAD.pack(event, _VOLUME, FRAME_SAMPLES * n), n == 1)
        for n in range(1, _PRESS_FRAMES + 1)
    ]
    last = EventPayload(
        PAYLOAD.pack(event, END_BIT | _VOLUME, FRAME_SAMPLES * (_PRESS_FRAMES + 1)), False
    )
    return frames + [last] * END_COPIES + [None] * _PAUSE_FRAMES
