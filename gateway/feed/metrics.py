"""Metrics of the feed."""

from typing import Final

from prometheus_client import Counter, Gauge

TICKS: Final = Counter("hotline_feed_ticks", "Quotes taken, one per instrument and turn.")
UNKNOWN_SYMBOLS: Final = Counter(
    "hotline_feed_unknown_symbols", "Quotes of instruments that the book does not list."
)
ALERTS_FIRED: Final = Counter("hotline_feed_alerts_fired", "Price alerts that came true.")
ALERTS_WAITING: Final = Gauge(
    "hotline_feed_alerts_waiting", "Alerts that prices reached and the heart has not answered."
)
AGE_SECONDS: Final = Gauge(
    "hotline_feed_age_seconds", "Age of the newest quote of any instrument; -1 before the first."
)
