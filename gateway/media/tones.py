"""Key tones for a far end that takes no telephone-events (ITU-T Q.23).

Not here: hearing tones (gateway.media.goertzel).
"""

import functools
from typing import Final

import numpy as np

from gateway.media import g711
from gateway.media.rtp import SAMPLE_RATE
from gateway.media.telephone_event import KEYS

TONE_MS: Final = 80  # as long as the events of `telephone_event.press` last
_LEVEL: Final = 7_000.0  # of each tone: about -10 dBm0
_PAD: Final = ("123A", "456B", "789C", "*0#D")
LOW_HZ: Final = (697, 770, 852, 941)
HIGH_HZ: Final = (1209, 1336, 1477, 1633)


@functools.cache
def key_tone(key: str) -> bytes:
    """Return a key's tone as A-law of TONE_MS. Raises ValueError for what is no key."""
    if len(key) != 1 or key not in KEYS:
        raise ValueError(f"key must be one of {KEYS}, was {key!r}")
    row = next(n for n, keys in enumerate(_PAD) if key in keys)
    time_s = np.arange(TONE_MS * SAMPLE_RATE // 1000) / SAMPLE_RATE
    pair = (LOW_HZ[row], HIGH_HZ[_PAD[row].index(key)])
    wave = sum(_LEVEL * np.sin(2 * np.pi * hertz * time_s) for hertz in pair)
    return g711.encode_alaw(np.asarray(wave).astype(np.int16))
