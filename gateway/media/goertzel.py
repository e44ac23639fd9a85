"""Key tones in the sound of many legs at once (ITU-T Q.23, Q.24): the bins of Goertzel's method.

Each 20 ms frame of a leg ends two windows of 205 samples, 10 ms apart. All windows of a tick are
one matrix product with the eight key frequencies, each also 1.5 % lower and higher, and with their
second harmonics, which speech has and a key has not. A key is told at its third window, so that
30 ms of it are enough and 20 ms are not; a hole of one lost packet does not end it. Frames must
come without holes in time: silence where nothing was sent (gateway.media.tone_line).
Not here: where frames come from, and that an event may tell of the same press (gateway.media.keys).
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from gateway.media import g711
from gateway.media.rtp import FRAME_SAMPLES, SAMPLE_RATE
from gateway.media.tones import HIGH_HZ, LOW_HZ

WINDOW: Final = 205
HOP: Final = 80
TONE_DBM0_MIN: Final = -33.0  # of the weaker tone; Q.24 wants -25 dBm of both
SHARE_MIN: Final = 0.55  # of the window's energy: a window half in the tone still counts
CLEAR_SHARE_MIN: Final = 0.80  # one window of a press is whole; vowels hardly get there
TWIST_MAX: Final = 10 ** (9 / 10)  # Q.24: 8 dB; either way
OTHERS_MAX: Final = 10 ** (-6 / 10)  # the next strongest tone of a group
HARMONIC_MAX: Final = 10 ** (-12 / 10)
HITS: Final = 3  # windows in a row that begin a press
MISSES: Final = 3  # windows in a row without its key that end it

_KEYS: Final = "123A456B789C*0#D"
_DETUNES: Final = (0.985, 1.0, 1.015)
_HISTORY: Final = WINDOW - HOP
_TONES: Final = len(LOW_HZ) + len(HIGH_HZ)
_FULL_SCALE_DBM0: Final = 3.14  # a sine that just reaches the end of the A-law scale
_FULL_SCALE: Final = 32_256.0
_NONE: Final = -1

F32 = npt.NDArray[np.float32]
I8 = npt.NDArray[np.int8]
Flags = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.intp]


def _basis() -> F32:
    """Return (2 n, WINDOW): cosines of every frequency, then sines; |X|^2 is a sine's power."""
    tones = (*LOW_HZ, *HIGH_HZ)
    hertz = [tone * detune for detune in _DETUNES for tone in tones] + [2 * tone for tone in tones]
    angle = 2 * np.pi * np.outer(hertz, np.arange(WINDOW)) / SAMPLE_RATE
    scale = np.sqrt(2) / WINDOW
    basis: F32 = (np.vstack([np.cos(angle), np.sin(angle)]) * scale).astype(np.float32)
    return basis


BASIS: Final = _basis()
_DECODED: Final[F32] = g711.decode_alaw(bytes(range(256))).astype(np.float32)
_POWER_MIN: Final = _FULL_SCALE**2 / 2 * 10 ** ((TONE_DBM0_MIN - _FULL_SCALE_DBM0) / 10)


def keys_in(windows: F32) -> tuple[I8, Flags]:
    """Return which key sounds in each window of shape (n, WINDOW), or -1, and how clearly."""
    bins = BASIS @ windows.T  # a row a frequency: what follows runs along rows
    np.square(bins, out=bins)
    half = len(bins) // 2
    power = bins[:half] + bins[half:]
    detuned = power[:-_TONES].reshape(len(_DETUNES), _TONES, -1)
    tones = detuned.max(axis=0)
    harmonics = power[-_TONES:]
    every = np.arange(len(windows))
    low, high = tones[: len(LOW_HZ)], tones[len(LOW_HZ) :]
    low_at, high_at = low.argmax(axis=0), high.argmax(axis=0)
    low_max, high_max = low[low_at, every], high[high_at, every]
    both = low_max + high_max
    low[low_at, every] = high[high_at, every] = 0  # what is left are the others of each group
    energy = np.einsum("ij,ij->i", windows, windows) / WINDOW
    overtones = harmonics[low_at, every] + harmonics[len(LOW_HZ) + high_at, every]
    is_key = (
        (np.minimum(low_max, high_max) >= _POWER_MIN)
        & (both >= SHARE_MIN * energy)
        & (low_max <= TWIST_MAX * high_max)
        & (high_max <= TWIST_MAX * low_max)
        & (low.max(axis=0) <= OTHERS_MAX * low_max)
        & (high.max(axis=0) <= OTHERS_MAX * high_max)
        & (overtones <= HARMONIC_MAX * both)
    )
    keys = np.where(is_key, len(HIGH_HZ) * low_at + high_at, _NONE).astype(np.int8)
    return keys, both >= CLEAR_SHARE_MIN * energy


class ToneReceiver:
    """The key receivers of many legs, each in a row of its own."""

    def __init__(self) -> None:
        self._free: list[int] = []
        self._history = np.zeros((0, _HISTORY), np.float32)
        self._last: I8 = np.zeros(0, np.int8)  # key of the last window
        self._run: I8 = np.zeros(0, np.int8)  # windows in a row with it
        self._clear: Flags = np.zeros(0, np.bool_)  # one of them was clear
        self._down: I8 = np.zeros(0, np.int8)  # key that is down
        self._misses: I8 = np.zeros(0, np.int8)  # windows in a row without it

    def add(self) -> int:
        """Return a row for one more leg."""
        if not self._free:
            self._grow()
        row = self._free.pop()
        self._history[row] = 0
        self._last[row] = self._down[row] = _NONE
        self._run[row] = self._misses[row] = 0
        self._clear[row] = False
        return row

    def _grow(self) -> None:
        count = len(self._last)
        room = max(16, count)
        self._history = np.vstack([self._history, np.zeros((room, _HISTORY), np.float32)])
        for name in ("_last", "_run", "_clear", "_down", "_misses"):
            state = getattr(self, name)
            setattr(self, name, np.concatenate([state, np.full(room, _NONE, state.dtype)]))
        self._free.extend(range(count, count + room))

    def remove(self, row: int) -> None:
        """Give a row back."""
        self._down[row] = _NONE
        self._free.append(row)

    def down_of(self, rows: Sequence[int]) -> list[int]:
        """Return those of the rows in which a key sounds."""
        return [row for row in rows if self._down[row] >= 0]

    def hear(self, rows: Sequence[int], frames: Sequence[bytes]) -> list[tuple[int, str]]:
        """Take one A-law frame of 20 ms for each row, no row twice; return the keys that begin."""
        at: Rows = np.array(rows, np.intp)
        codes = np.frombuffer(b"".join(frames), np.uint8).reshape(len(rows), FRAME_SAMPLES)
        line = np.concatenate([self._history[at], _DECODED.take(codes)], axis=1)
        self._history[at] = line[:, -_HISTORY:]
        windows = np.concatenate([line[:, :WINDOW], line[:, HOP : HOP + WINDOW]])
        keys, clear = keys_in(windows)
        begun: list[tuple[int, str]] = []
        for part in (slice(None, len(at)), slice(len(at), None)):
            told = keys[part]
            begun += [(int(at[n]), _KEYS[told[n]]) for n in self._step(at, told, clear[part])]
        return begun

    def _step(self, at: Rows, keys: I8, clear: Flags) -> Rows:
        """Take the next window of each row; return the places in `at` where a key begins."""
        is_same = keys == self._last[at]
        run = np.where(is_same, np.minimum(self._run[at] + 1, HITS), 1)
        clear = clear | (is_same & self._clear[at])
        down = self._down[at]
        misses = np.where(keys == down, 0, np.minimum(self._misses[at] + 1, MISSES))
        down = np.where(misses >= MISSES, _NONE, down)
        begins = (keys >= 0) & (run >= HITS) & clear & (keys != down)
        self._last[at], self._run[at], self._clear[at] = keys, run, clear
        self._down[at] = np.where(begins, keys, down)
        self._misses[at] = np.where(begins, 0, misses)
        return np.flatnonzero(begins)
