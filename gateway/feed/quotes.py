"""Ticks of the venue into the book's prices, the latest of an instrument only, and to its alerts.

The FIX edge gives what one turn brought; of several ticks of one instrument the last counts, while
alerts hear every price, also a new high or low of the day that lay between two ticks. Ticks are
not journalled: what they caused is. Not here: reading FIX (fix.marketdata).
"""

from collections.abc import Callable, Iterable, Sequence

import structlog

from fix.marketdata import Tick
from gateway.feed import metrics
from gateway.feed.alerts import AlertFeed
from risk.book.account_book import AccountBook
from risk.book.prices import Quote
from risk.domain.ids import NS

log = structlog.get_logger("feed")


class QuoteFeed:
    """The only writer of prices. Used on the reactor thread."""

    def __init__(self, book: AccountBook, alerts: AlertFeed, now_ns: Callable[[], int]) -> None:
        self._book = book
        self._alerts = alerts
        self._now_ns = now_ns
        self._last_ns = 0
        metrics.AGE_SECONDS.set_function(self.age_s)

    def age_s(self) -> float:
        """Return the age of the newest quote, -1 before the first."""
        return (self._now_ns() - self._last_ns) / NS if self._last_ns else -1.0

    def on_ticks(self, ticks: Iterable[Tick]) -> None:
        """Take the ticks of one turn."""
        came: dict[str, list[Tick]] = {}
        for tick in ticks:
            came.setdefault(tick.symbol, []).append(tick)
        now_ns = self._now_ns()
        heard: dict[int, list[int]] = {}
        rows, at = self._book.instruments.rows, self._book.prices.at
        for symbol, its in came.items():
            row = rows.get(symbol)
            if row is None:
                metrics.UNKNOWN_SYMBOLS.inc()
                continue
            quote = _quote(its[-1], now_ns)
            prices = _prices(at.high_e4[row], at.low_e4[row], its, quote)
            if prices:
                heard[row] = prices
            self._book.prices.put(row, quote)
        metrics.TICKS.inc(len(came))
        self._last_ns = now_ns if came else self._last_ns
        if heard:
            self._alerts.on_prices(heard, now_ns)


def _quote(tick: Tick, now_ns: int) -> Quote:
    return Quote(
        tick.bid_px_e4,
        tick.offer_px_e4,
        tick.last_px_e4,
        now_ns,
        tick.high_px_e4,
        tick.low_px_e4,
        tick.volume,
    )


def _prices(
    high_before_e4: int, low_before_e4: int, ticks: Sequence[Tick], now: Quote
) -> list[int]:
    """Return the prices since the last look: every last one, and what no tick showed."""
    prices = [tick.last_px_e4 for tick in ticks if tick.last_px_e4]
    if high_before_e4 and now.high_e4 > high_before_e4:
        prices.append(now.high_e4)
    if low_before_e4 and 0 < now.low_e4 < low_before_e4:
        prices.append(now.low_e4)
    return prices
