"""Which watched levels a batch of prices reaches, whatever lies between two prices.

A watch is a row (of the book's alerts), an instrument, a direction and a level: upward it is
reached by any price at or above the level, downward by any at or below. So a price that jumps
over a level reaches it, and so does the first price after a pause. Levels lie sorted per
instrument and direction; the nearest ones are columns, so that a batch which reaches nothing costs
one comparison of arrays. Not here: what becomes of a row that is reached (risk.core.alerts).
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

I64 = npt.NDArray[np.int64]

_NEVER_UP: Final = np.iinfo(np.int64).max  # no level: above every price
_CAPACITY_MIN: Final = 16


class _Ladder:
    """Rows of one instrument and direction by rising key, the first ones reached first."""

    __slots__ = ("_end", "_keys", "_rows", "_start")

    def __init__(self) -> None:
        self._keys: I64 = np.zeros(_CAPACITY_MIN, np.int64)
        self._rows: I64 = np.zeros(_CAPACITY_MIN, np.int64)
        self._start = self._end = 0

    @property
    def first(self) -> int | None:
        """The key that is reached first, None when there is none."""
        return int(self._keys[self._start]) if self._start < self._end else None

    def reached(self, key: int) -> I64:
        """Return the rows with keys up to this one."""
        keys = self._keys[self._start : self._end]
        count = int(np.searchsorted(keys, key, "right"))
        return self._rows[self._start : self._start + count].copy()

    def add(self, key: int, row: int) -> None:
        """Put a row behind those with the same key."""
        if self._end == len(self._keys):
            self._make_room()
        keys, rows, end = self._keys, self._rows, self._end
        at = self._start + int(np.searchsorted(keys[self._start : end], key, "right"))
        keys[at + 1 : end + 1] = keys[at:end]
        rows[at + 1 : end + 1] = rows[at:end]
        keys[at], rows[at] = key, row
        self._end = end + 1

    def remove(self, key: int, row: int) -> None:
        """Take a row out; one at the front, as those that were reached are, in no time."""
        if self._rows[self._start] == row:
            self._start += 1
            return
        keys, rows, end = self._keys, self._rows, self._end
        low = self._start + int(np.searchsorted(keys[self._start : end], key, "left"))
        high = self._start + int(np.searchsorted(keys[self._start : end], key, "right"))
        at = low + int(np.flatnonzero(rows[low:high] == row)[0])
        keys[at : end - 1] = keys[at + 1 : end]
        rows[at : end - 1] = rows[at + 1 : end]
        self._end = end - 1

    def fill(self, keys: I64, rows: I64) -> None:
        """Start again with these rows, already sorted by key."""
        capacity = max(_CAPACITY_MIN, len(keys) + len(keys) // 4)
        self._keys, self._rows = np.zeros(capacity, np.int64), np.zeros(capacity, np.int64)
        self._keys[: len(keys)], self._rows[: len(rows)] = keys, rows
        self._start, self._end = 0, len(keys)

    def _make_room(self) -> None:
        """Close the gap at the front and grow by a quarter."""
        used = slice(self._start, self._end)
        self.fill(self._keys[used], self._rows[used])

    def __iter__(self) -> Iterator[tuple[int, int]]:
        used = slice(self._start, self._end)
        return zip(self._keys[used].tolist(), self._rows[used].tolist(), strict=True)


class Watchlist:
    """All watches of a book, by instrument and direction."""

    def __init__(self) -> None:
        self._upward: dict[int, _Ladder] = {}
        self._downward: dict[int, _Ladder] = {}  # keys are levels below zero: highest first
        self._lowest_up: I64 = np.full(_CAPACITY_MIN, _NEVER_UP)
        self._highest_down: I64 = np.zeros(_CAPACITY_MIN, np.int64)  # 0: below every price

    def add(self, row: int, instrument_row: int, is_upward: bool, level_e4: int) -> None:
        """Watch a level above 0."""
        assert level_e4 > 0, level_e4
        self._cover(instrument_row)
        ladders = self._upward if is_upward else self._downward
        ladder = ladders.get(instrument_row)
        if ladder is None:
            ladder = ladders[instrument_row] = _Ladder()
        ladder.add(level_e4 if is_upward else -level_e4, row)
        self._note_nearest(instrument_row, is_upward, ladder)

    def remove(self, row: int, instrument_row: int, is_upward: bool, level_e4: int) -> None:
        """Watch it no longer."""
        ladder = (self._upward if is_upward else self._downward)[instrument_row]
        ladder.remove(level_e4 if is_upward else -level_e4, row)
        self._note_nearest(instrument_row, is_upward, ladder)

    def fill(
        self, row: I64, instrument_row: I64, is_upward: npt.NDArray[np.bool_], level_e4: I64
    ) -> None:
        """Start again with these watches, all at once."""
        self._upward, self._downward = {}, {}
        self._lowest_up[:], self._highest_down[:] = _NEVER_UP, 0
        if not len(row):
            return
        key = np.where(is_upward, level_e4, -level_e4)
        order = np.lexsort((row, key, instrument_row, is_upward))
        self._cover(int(instrument_row.max()))
        pair = instrument_row[order] * 2 + is_upward[order]
        starts = np.flatnonzero(np.r_[True, np.diff(pair) != 0])
        for start, end in zip(starts, [*starts[1:], len(order)], strict=True):
            at = order[start:end]
            instrument, upward = int(instrument_row[at[0]]), bool(is_upward[at[0]])
            ladder = (self._upward if upward else self._downward)[instrument] = _Ladder()
            ladder.fill(key[at], row[at])
            self._note_nearest(instrument, upward, ladder)

    def crossed(self, instrument_row: I64, low_e4: I64, high_e4: I64) -> I64:
        """Return the rows that the prices between `low_e4` and `high_e4` reach, both included.

        All (n,), each instrument once; an instrument without a price (0) reaches nothing.
        """
        known = np.minimum(instrument_row, len(self._lowest_up) - 1)
        is_far = (instrument_row != known) | (low_e4 <= 0)
        up = ~is_far & (high_e4 >= self._lowest_up[known])
        down = ~is_far & (low_e4 <= self._highest_down[known])
        found = [
            self._upward[int(instrument_row[i])].reached(int(high_e4[i]))
            for i in np.flatnonzero(up)
        ]
        found += [
            self._downward[int(instrument_row[i])].reached(-int(low_e4[i]))
            for i in np.flatnonzero(down)
        ]
        return np.concatenate(found) if found else np.zeros(0, np.int64)

    def watches(self) -> set[tuple[int, int, bool, int]]:
        """Return every watch as (row, instrument_row, is_upward, level_e4), for invariants."""
        return {
            (row, instrument_row, sign > 0, sign * key)
            for ladders, sign in ((self._upward, 1), (self._downward, -1))
            for instrument_row, ladder in ladders.items()
            for key, row in ladder
        }

    def _cover(self, instrument_row: int) -> None:
        count = len(self._lowest_up)
        if instrument_row < count:
            return
        more = max(count, instrument_row + 1 - count)
        self._lowest_up = np.concatenate([self._lowest_up, np.full(more, _NEVER_UP)])
        self._highest_down = np.concatenate([self._highest_down, np.zeros(more, np.int64)])

    def _note_nearest(self, instrument_row: int, is_upward: bool, ladder: _Ladder) -> None:
        first = ladder.first
        if is_upward:
            self._lowest_up[instrument_row] = _NEVER_UP if first is None else first
        else:
            self._highest_down[instrument_row] = 0 if first is None else -first
