"""Static data of one listed instrument or index, as reference data gives it for a trading day.

The code of an index is qualified by its market ("SH000001"): the digits alone may be those of a
share on another market.

Not here: prices (risk.book) or the rules of its board (risk.market).
"""

from typing import Final, NamedTuple

from risk.domain.enums import Board, ListingStatus, Venue

VENUE_OF_BOARD = {
    Board.SSE_MAIN: Venue.SSE,
    Board.SSE_STAR: Venue.SSE,
    Board.SSE_FUND: Venue.SSE,
    Board.SSE_CONVERTIBLE: Venue.SSE,
    Board.SZSE_MAIN: Venue.SZSE,
    Board.SZSE_CHINEXT: Venue.SZSE,
    Board.SZSE_FUND: Venue.SZSE,
    Board.SZSE_CONVERTIBLE: Venue.SZSE,
    Board.BSE_STOCK: Venue.BSE,
    Board.SSE_INDEX: Venue.SSE,
    Board.SZSE_INDEX: Venue.SZSE,
    Board.BSE_INDEX: Venue.BSE,
}
INDEX_BOARDS: Final = frozenset({Board.SSE_INDEX, Board.SZSE_INDEX, Board.BSE_INDEX})


class Instrument(NamedTuple):
    """One listing on one trading day. `prev_close_e4` is the base of the price limits."""

    symbol: str
    board: Board
    name_zh: str
    name_en: str
    prev_close_e4: int
    status: ListingStatus = ListingStatus.NORMAL
    is_t0: bool = False  # bought today may be sold today
    is_halted: bool = False
    initials: str = ""  # of the Chinese name, "PFYH"; letters and digits

    @property
    def is_index(self) -> bool:
        """Whether it has quotes only."""
        return self.board in INDEX_BOARDS

    @property
    def venue(self) -> Venue:
        """Exchange of the board."""
        return VENUE_OF_BOARD[self.board]
