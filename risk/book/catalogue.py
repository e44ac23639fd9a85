"""Instruments and indices by dense row and by symbol, with the static data of the trading day.

Searches find what can be traded; indices have a listing of their own. Not here: prices
(risk.book.prices), or what a board's rules are (risk.market).
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import ClassVar, Final

import numpy as np

from risk.book.columns import (
    I8,
    I64,
    NOBODY,
    ColumnTable,
    Flags,
    Image,
    ImageValue,
    texts_digest,
    texts_image,
    texts_load,
)
from risk.domain.enums import Board, ListingStatus
from risk.domain.instrument import INDEX_BOARDS, Instrument

SEARCH_MAX: Final = 50
_LAST_CHAR: Final = "\U0010ffff"
_TEXTS: Final = ("symbol", "name_zh", "name_en", "initials")
_INITIALS_SINCE: Final = 2  # schema of the book
# ITU-T E.161: the letters of a telephone's keys
KEYPAD: Final = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "22233344455566677778889999")
_INDICES: Final = frozenset(int(board) for board in INDEX_BOARDS)
_INDEX_BOARDS: Final = np.array(sorted(_INDICES), np.int8)


class InstrumentColumns:
    """One row per instrument."""

    board: I8
    status: I8
    is_t0: Flags
    is_halted: Flags  # by reference data or the venue
    is_killed: Flags  # by us
    prev_close_e4: I64


class Instruments(InstrumentColumns, ColumnTable[InstrumentColumns]):
    """The catalogue. `version` grows with every change of a board, status or close."""

    COLUMNS: ClassVar[type[InstrumentColumns]] = InstrumentColumns

    def __init__(self, capacity: int = 0) -> None:
        super().__init__(capacity)
        self.rows: dict[str, int] = {}
        self.symbol = [""]
        self.name_zh = [""]
        self.name_en = [""]
        self.initials = [""]
        self.version = 0
        self._searched_version = -1  # that the search lists are of
        self._symbols: list[str] = []  # of what can be traded, sorted
        self._keypad: list[tuple[str, str]] = []  # keys of the initials and symbol, sorted

    def put(self, instrument: Instrument) -> int:
        """Add an instrument, or give it new static data; return its row."""
        row = self.rows.get(instrument.symbol)
        if row is None:
            row = self.rows[instrument.symbol] = self.add_row()
            self.symbol.append(instrument.symbol)
            self.name_zh.append("")
            self.name_en.append("")
            self.initials.append("")
        at = self.at
        at.board[row] = instrument.board
        at.status[row] = instrument.status
        at.is_t0[row] = instrument.is_t0
        at.is_halted[row] = instrument.is_halted
        at.prev_close_e4[row] = instrument.prev_close_e4
        self.name_zh[row] = instrument.name_zh
        self.name_en[row] = instrument.name_en
        self.initials[row] = instrument.initials
        self.version += 1
        return row

    def row_of(self, symbol: str) -> int:
        """Return the row of a symbol, 0 when it is unknown."""
        return self.rows.get(symbol, NOBODY)

    def get(self, symbol: str) -> Instrument | None:
        """Return an instrument's static data, None when the symbol is unknown."""
        row = self.rows.get(symbol)
        if row is None:
            return None
        at = self.at
        return Instrument(
            symbol,
            Board(at.board[row]),
            self.name_zh[row],
            self.name_en[row],
            at.prev_close_e4[row],
            ListingStatus(at.status[row]),
            at.is_t0[row],
            at.is_halted[row],
            self.initials[row],
        )

    def search(self, prefix: str, limit: int = SEARCH_MAX) -> list[Instrument]:
        """Return instruments whose symbol begins with `prefix`, in order, at most `limit`."""
        self._refresh()
        start = bisect_left(self._symbols, prefix)
        end = bisect_left(self._symbols, prefix + _LAST_CHAR)
        return self._listed(self._symbols[start:end], limit)

    def search_keypad(self, digits: str, limit: int = SEARCH_MAX) -> list[Instrument]:
        """Return instruments whose initials begin with these keys (PFYH is 7394), at most `limit`.

        Those that have no more initials than keys pressed come first, then by the next keys.
        """
        if not digits:
            return []
        self._refresh()
        start = bisect_left(self._keypad, (digits, ""))
        end = bisect_left(self._keypad, (digits + _LAST_CHAR, ""))
        return self._listed([symbol for _, symbol in self._keypad[start:end]], limit)

    def indices(self) -> list[Instrument]:
        """Return the indices, by code."""
        rows = np.flatnonzero(np.isin(self.board[: self.count], _INDEX_BOARDS)).tolist()
        return self._listed(sorted(self.symbol[row] for row in rows), len(rows))

    def _listed(self, symbols: Sequence[str], limit: int) -> list[Instrument]:
        shown = symbols[: min(limit, SEARCH_MAX)]
        return [found for symbol in shown if (found := self.get(symbol)) is not None]

    def _refresh(self) -> None:
        """Build the search lists anew when a listing has changed since."""
        if self._searched_version == self.version:
            return
        board = self.at.board
        rows = [(symbol, row) for symbol, row in self.rows.items() if board[row] not in _INDICES]
        self._symbols = sorted(symbol for symbol, _ in rows)
        keys = ((self.initials[row].translate(KEYPAD), symbol) for symbol, row in rows)
        self._keypad = sorted(pair for pair in keys if pair[0])
        self._searched_version = self.version

    def digest_into(self, digest: blake2b, schema: int) -> None:
        """Feed rows, keys and names to a hash."""
        super().digest_into(digest, schema)
        for texts in (self.symbol, self.name_zh, self.name_en):
            texts_digest(digest, texts)
        if schema >= _INITIALS_SINCE:
            texts_digest(digest, self.initials)

    def image(self, prefix: str) -> Image:
        """Return columns, keys and names."""
        image = super().image(prefix)
        for name in _TEXTS:
            image |= texts_image(f"{prefix}.{name}", getattr(self, name))
        return image

    def load(self, prefix: str, image: Mapping[str, ImageValue]) -> None:
        """Take columns, keys and names of an image."""
        super().load(prefix, image)
        for name in _TEXTS:
            setattr(self, name, texts_load(f"{prefix}.{name}", image))
        self.rows = {key: row for row, key in enumerate(self.symbol) if row}
        self.version += 1
