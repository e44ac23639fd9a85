"""Row of an (account, instrument) pair: an open-addressing hash table in two columns.

About 24 bytes a pair, where a dict of integers needs over 100, and it is searched for a whole
batch at once. Linear probing, at most half full, nothing is ever removed. The places depend on
the order of insertion only, never on a random seed.
"""

from typing import Final

import numpy as np

from risk.book.columns import I32, I64

INSTRUMENT_BITS: Final = 24
_FIBONACCI: Final = 0x9E3779B97F4A7C15  # 2**64 / golden ratio: spreads dense keys evenly
_FIBONACCI_U64: Final = np.uint64(_FIBONACCI)
_MASK64: Final = 2**64 - 1
_SLOT_BITS_MIN: Final = 8
_FEW: Final = 24  # keys that are looked up faster one at a time


def pair_key(account_row: int, instrument_row: int) -> int:
    """Return the key of a pair; 0 is no pair, as row 0 of accounts is nobody."""
    return account_row << INSTRUMENT_BITS | instrument_row


class PairIndex:
    """Pair key to row. Rows are above 0; 0 means not found."""

    def __init__(self, slot_bits: int = _SLOT_BITS_MIN) -> None:
        self._resize(max(slot_bits, _SLOT_BITS_MIN))

    def _resize(self, slot_bits: int) -> None:
        self._count = 0
        self._shift = 64 - slot_bits
        self._mask = (1 << slot_bits) - 1
        self._keys = np.zeros(1 << slot_bits, dtype=np.int64)
        self._rows = np.zeros(1 << slot_bits, dtype=np.int32)
        self._key_at = self._keys.data
        self._row_at = self._rows.data

    @property
    def nbytes(self) -> int:
        """Bytes of both columns."""
        return self._keys.nbytes + self._rows.nbytes

    def columns(self) -> tuple[I64, I32, int, int]:
        """Return keys and rows by slot, and how a slot is found: multiply, shift right, mask."""
        return self._keys, self._rows, self._shift, self._mask

    def get(self, key: int) -> int:
        """Return the row of a pair, 0 when there is none."""
        slot = (key * _FIBONACCI & _MASK64) >> self._shift
        keys = self._key_at
        while (found := keys[slot]) != key:
            if not found:
                return 0
            slot = slot + 1 & self._mask
        return self._row_at[slot]

    def find(self, keys: I64) -> I64:
        """Return (n,) rows of (n,) pair keys, 0 where there is none."""
        slot = ((keys.view(np.uint64) * _FIBONACCI_U64) >> np.uint64(self._shift)).view(np.int64)
        found = self._keys[slot]
        row = self._rows[slot].astype(np.int64)
        astray = np.flatnonzero(found != keys)
        while len(astray) > _FEW:
            astray = astray[found[astray] != 0]
            slot[astray] = slot[astray] + 1 & self._mask
            found[astray] = self._keys[slot[astray]]
            row[astray] = self._rows[slot[astray]]
            astray = astray[found[astray] != keys[astray]]
        for i in astray.tolist():
            row[i] = self.get(int(keys[i]))
        return row

    def add(self, key: int, row: int) -> None:
        """Remember the row of a pair that is not in the table yet."""
        if 2 * (self._count + 1) > len(self._keys):
            self._grow()
        slot = (key * _FIBONACCI & _MASK64) >> self._shift
        while self._key_at[slot]:
            slot = slot + 1 & self._mask
        self._key_at[slot] = key
        self._row_at[slot] = row
        self._count += 1

    def _grow(self) -> None:
        used = np.flatnonzero(self._keys)
        self.fill(self._keys[used], self._rows[used].astype(np.int64), 64 - self._shift + 1)

    def fill(self, keys: I64, rows: I64, slot_bits: int = _SLOT_BITS_MIN) -> None:
        """Start again with these pairs, all at once: each pass seats one pair per free slot."""
        while 2 * (len(keys) + 1) > 1 << slot_bits:
            slot_bits += 1
        self._resize(slot_bits)
        self._count = len(keys)
        slot = (keys.view(np.uint64) * _FIBONACCI_U64 >> np.uint64(self._shift)).view(np.int64)
        while len(keys):
            free = np.flatnonzero(self._keys[slot] == 0)
            seat, first = np.unique(slot[free], return_index=True)
            self._keys[seat] = keys[free[first]]
            self._rows[seat] = rows[free[first]]
            left = np.ones(len(keys), dtype=np.bool_)
            left[free[first]] = False
            keys, rows, slot = keys[left], rows[left], slot[left] + 1 & self._mask
