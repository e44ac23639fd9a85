"""Instruments by dense row and by symbol, with the static data of the trading day.

Not here: prices (risk.book.prices), or what a board's rules are (risk.market).
"""

from bisect import bisect_left
from collections.abc import Mapping
from hashlib import blake2b
from typing import ClassVar, Final

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
from risk.domain.instrument import Instrument

SEARCH_MAX: Final = 50
_LAST_CHAR: Final = "\U0010ffff"


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
        self.version = 0
        self._sorted: list[str] = []

    def put(self, instrument: Instrument) -> int:
        """Add an instrument, or give it new static data; return its row."""
        row = self.rows.get(instrument.symbol)
        if row is None:
            row = self.rows[instrument.symbol] = self.add_row()
            self.symbol.append(instrument.symbol)
            self.name_zh.append("")
            self.name_en.append("")
        at = self.at
        at.board[row] = instrument.board
        at.status[row] = instrument.status
        at.is_t0[row] = instrument.is_t0
        at.is_halted[row] = instrument.is_halted
        at.prev_close_e4[row] = instrument.prev_close_e4
        self.name_zh[row] = instrument.name_zh
        self.name_en[row] = instrument.name_en
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
        )

    def search(self, prefix: str, limit: int = SEARCH_MAX) -> list[Instrument]:
        """Return instruments whose symbol begins with `prefix`, in order, at most `limit`."""
        if len(self._sorted) != len(self.rows):
            self._sorted = sorted(self.rows)
        start = bisect_left(self._sorted, prefix)
        end = bisect_left(self._sorted, prefix + _LAST_CHAR)
        symbols = self._sorted[start : min(end, start + min(limit, SEARCH_MAX))]
        return [found for symbol in symbols if (found := self.get(symbol)) is not None]

    def digest_into(self, digest: blake2b) -> None:
        """Feed rows, keys and names to a hash."""
        super().digest_into(digest)
        for texts in (self.symbol, self.name_zh, self.name_en):
            texts_digest(digest, texts)

    def image(self, prefix: str) -> Image:
        """Return columns, keys and names."""
        image = super().image(prefix)
        for name in ("symbol", "name_zh", "name_en"):
            image |= texts_image(f"{prefix}.{name}", getattr(self, name))
        return image

    def load(self, prefix: str, image: Mapping[str, ImageValue]) -> None:
        """Take columns, keys and names of an image."""
        super().load(prefix, image)
        for name in ("symbol", "name_zh", "name_en"):
            setattr(self, name, texts_load(f"{prefix}.{name}", image))
        self.rows = {key: row for row, key in enumerate(self.symbol) if row}
        self.version += 1
        self._sorted = []
