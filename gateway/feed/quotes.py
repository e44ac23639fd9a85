"""Ticks of the venue into the book's prices, the latest of an instrument only.

The FIX edge gives what one turn brought; of several ticks of one instrument the last counts. Ticks
are not journalled: what they caused is. Not here: reading FIX (fix.marketdata).
"""

from collections.abc import Callable, Iterable

import structlog

from fix.marketdata import Tick
from gateway.feed import metrics
from risk.book.account_book import AccountBook
from risk.book.prices import Quote
from risk.book.views import take_quote
from risk.domain.ids import NS

log = structlog.get_logger("feed")


class QuoteFeed:
    """The only writer of prices. Used on the reactor thread."""

    def __init__(self, book: AccountBook, now_ns: Callable[[], int]) -> None:
        self._book = book
        self._now_ns = now_ns
        self._last_ns = 0
        metrics.AGE_SECONDS.set_function(self.age_s)

    def age_s(self) -> float:
        """Return the age of the newest quote, -1 before the first."""
        return (self._now_ns() - self._last_ns) / NS if self._last_ns else -1.0

    def on_ticks(self, ticks: Iterable[Tick]) -> None:
        """Take the ticks of one turn."""
        latest = {tick.symbol: tick for tick in ticks}
        now_ns = self._now_ns()
        for symbol, tick in latest.items():
            quote = Quote(
                tick.bid_px_e4,
                tick.offer_px_e4,
                tick.last_px_e4,
                now_ns,
                tick.high_px_e4,
                tick.low_px_e4,
                tick.volume,
            )
            if not take_quote(self._book, symbol, quote):
                metrics.UNKNOWN_SYMBOLS.inc()
        metrics.TICKS.inc(len(latest))
        self._last_ns = now_ns if latest else self._last_ns
