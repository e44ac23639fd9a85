"""Metrics of the feed."""

from typing import Final

from prometheus_client import Counter, Gauge

TICKS: Final = Counter("hotline_feed_ticks", "Quotes taken, one per instrument and turn.")
UNKNOWN_SYMBOLS: Final = Counter(
    "hotline_feed_unknown_symbols", "Quotes of instruments that the book does not list."
)
LAST_TICK_SECONDS: Final = Gauge(
    "hotline_feed_last_tick_seconds", "Time of the last quote (Unix seconds): its age is staleness."
)
