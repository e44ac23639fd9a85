"""Key tones as a telephone makes them, by the book (ITU-T Q.23), for tests."""

import numpy as np
import numpy.typing as npt

from gateway.media import g711

ALL_KEYS = "1234567890*#ABCD"
_PAD = ("123A", "456B", "789C", "*0#D")
_LOW, _HIGH = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
_FULL_SCALE, _FULL_SCALE_DBM0 = 32_256.0, 3.14

Sound = npt.NDArray[np.float64]


def silence(ms: float) -> Sound:
    """Nothing."""
    return np.zeros(round(8 * ms))


def tone(key: str, ms: float, low_dbm0: float, high_dbm0: float, detune: float = 1.0) -> Sound:
    """Two sines of a key."""
    row = next(n for n, keys in enumerate(_PAD) if key in keys)
    time_s = np.arange(round(8 * ms)) / 8000
    total = np.zeros(len(time_s))
    pairs = ((_LOW[row], low_dbm0), (_HIGH[_PAD[row].index(key)], high_dbm0))
    for hertz, dbm0 in pairs:
        top = _FULL_SCALE * 10 ** ((dbm0 - _FULL_SCALE_DBM0) / 20)
        total += top * np.sin(2 * np.pi * hertz * detune * time_s)
    return total


def dialled(
    keys: str,
    on_ms: float = 80,
    off_ms: float = 80,
    low_dbm0: float = -10,
    high_dbm0: float = -10,
    detune: float = 1.0,
) -> Sound:
    """Keys one after the other, each followed by a pause."""
    parts = [tone(key, on_ms, low_dbm0, high_dbm0, detune) for key in keys]
    pause = silence(off_ms)
    return np.concatenate([part for key in parts for part in (key, pause)] or [pause])


def alaw_of(sound: Sound) -> bytes:
    """A-law, filled to whole frames of 20 ms."""
    clipped = np.clip(sound, -32_768, 32_767).astype(np.int16)
    alaw = g711.encode_alaw(clipped)
    return alaw + g711.ALAW_SILENCE * (-len(alaw) % 160)
