"""The latest prices of each instrument, for the price cage and for showing.

Prices are not journalled (their consequences are), so they belong to no fingerprint and no image:
after a start they are unknown until the first tick. Rows are those of the catalogue.
"""

from typing import ClassVar, NamedTuple

from risk.book.columns import I64, NOBODY, ColumnTable


class PriceColumns:
    """One row per instrument; 0 = unknown."""

    bid_e4: I64
    ask_e4: I64
    last_e4: I64
    recv_ns: I64
    high_e4: I64
    low_e4: I64
    volume: I64


class Quote(NamedTuple):
    """Latest prices of one instrument, 0 = there is none."""

    bid_e4: int
    ask_e4: int
    last_e4: int
    recv_ns: int
    high_e4: int = 0  # of the day, like the next two
    low_e4: int = 0
    volume: int = 0  # shares traded


class Prices(PriceColumns, ColumnTable[PriceColumns]):
    """Latest prices by instrument row."""

    COLUMNS: ClassVar[type[PriceColumns]] = PriceColumns

    def cover(self, count: int) -> None:
        """Have at least `count` rows."""
        self.reserve(1 << (count - 1).bit_length())
        self.count = max(self.count, count)

    def put(self, row: int, quote: Quote) -> None:
        """Take a tick for an instrument row of the catalogue."""
        assert NOBODY < row < self.count, row
        at = self.at
        at.bid_e4[row], at.ask_e4[row], at.last_e4[row], at.recv_ns[row] = quote[:4]
        at.high_e4[row], at.low_e4[row], at.volume[row] = quote[4:]

    def get(self, row: int) -> Quote:
        """Return the latest prices of an instrument row."""
        at = self.at
        return Quote(
            at.bid_e4[row],
            at.ask_e4[row],
            at.last_e4[row],
            at.recv_ns[row],
            at.high_e4[row],
            at.low_e4[row],
            at.volume[row],
        )
