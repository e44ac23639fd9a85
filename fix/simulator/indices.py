"""Indices of the simulated exchange: derived from its listings, told as market data, never traded.

An index moves by the plain average of its market's moves since the close before. Real ones weigh
by capitalisation, which no listing here has. Not here: the listings themselves (listing.py).
"""

from collections.abc import Iterable, Mapping
from typing import Final

from fix.simulator.listing import Listing
from fix.simulator.messages import Depth
from risk.domain.ids import NS
from risk.domain.instrument import VENUE_OF_BOARD, Instrument

INTERVAL_NS: Final = NS
_ONE: Final = 10**9
_STEP_E4: Final = 100  # told to two decimals


class Index:
    """One index over the listings of its market."""

    def __init__(self, instrument: Instrument, members: list[Listing]) -> None:
        self.symbol = instrument.symbol
        self.prev_close_e4 = instrument.prev_close_e4
        self.last_e4 = self.high_e4 = self.low_e4 = self.volume = 0
        self._members = members

    def close_day(self) -> None:
        """End the day, before its listings end theirs: the last level becomes the close."""
        self.look()
        self.prev_close_e4 = self.last_e4 or self.prev_close_e4
        self.last_e4 = self.high_e4 = self.low_e4 = self.volume = 0

    def look(self) -> bool:
        """Compute the level anew; whether anything traded since."""
        volume = sum(member.volume for member in self._members)
        if volume == self.volume:
            return False
        self.volume = volume
        moves = [member.fair_e4 * _ONE // member.prev_close_e4 for member in self._members]
        level_e4 = self.prev_close_e4 * sum(moves) // (_ONE * len(moves))
        self.last_e4 = level_e4 // _STEP_E4 * _STEP_E4
        self.high_e4 = max(self.high_e4, self.last_e4)
        self.low_e4 = min(self.low_e4 or self.last_e4, self.last_e4)
        return True

    def depth(self, at_ns: int) -> Depth:
        """Return the market data of the moment: no orders, only a level."""
        return Depth(
            self.symbol,
            at_ns,
            max(member.phase for member in self._members),
            (),
            (),
            self.last_e4,
            self.prev_close_e4,
            self.volume,
            sum(member.turnover_e4 for member in self._members),
            self.high_e4,
            self.low_e4,
        )


class Indices:
    """All indices that have at least one listing to be derived from."""

    def __init__(self, instruments: Iterable[Instrument], listings: Mapping[str, Listing]) -> None:
        by_venue: dict[int, list[Listing]] = {}
        for listing in listings.values():
            by_venue.setdefault(VENUE_OF_BOARD[listing.board], []).append(listing)
        self._indices = {
            each.symbol: Index(each, by_venue[each.venue])
            for each in instruments
            if each.is_index and each.venue in by_venue
        }
        self._looked_ns = 0

    def close_day(self) -> None:
        """End the day of every index."""
        for index in self._indices.values():
            index.close_day()

    def changed(self, at_ns: int) -> list[Depth]:
        """Return the indices that moved, looked at once a second."""
        if at_ns - self._looked_ns < INTERVAL_NS:
            return []
        self._looked_ns = at_ns
        return [index.depth(at_ns) for index in self._indices.values() if index.look()]

    def depth(self, symbol: str, at_ns: int) -> Depth | None:
        """Return the market data of an index, None when there is no such index."""
        index = self._indices.get(symbol)
        return None if index is None else index.depth(at_ns)
