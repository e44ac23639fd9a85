"""Metrics of the process itself."""

from typing import Final

from prometheus_client import Histogram

REACTOR_LAG_SECONDS: Final = Histogram(
    "hotline_reactor_lag_seconds",
    "How late a timer of the reactor fires: what every door waits at the least.",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2),
)
