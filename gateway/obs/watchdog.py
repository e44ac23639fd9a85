"""The watch over the reactor: how late its turns are.

A sample every SAMPLE_S; lateness beyond LATE_S is logged, since every door waits for it. Not here:
finding the slow call (py-spy on the running process does that without our help).
"""

from typing import Final

import structlog
from prometheus_client import REGISTRY, CollectorRegistry, Histogram
from twisted.internet.interfaces import IDelayedCall, IReactorTime

SAMPLE_S: Final = 0.1
LATE_S: Final = 0.05

log = structlog.get_logger("obs.watchdog")


class ReactorWatch:
    """Measures `hotline_reactor_lag_seconds`."""

    def __init__(self, clock: IReactorTime, registry: CollectorRegistry = REGISTRY) -> None:
        self._clock = clock
        self._due = 0.0
        self._call: IDelayedCall | None = None
        self._lag = Histogram(
            "hotline_reactor_lag_seconds",
            "How late a timer of the reactor fires: what every door waits at the least.",
            buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2),
            registry=registry,
        )

    def start(self) -> None:
        """Begin sampling."""
        self._due = self._clock.seconds() + SAMPLE_S
        self._call = self._clock.callLater(SAMPLE_S, self._sample)

    def _sample(self) -> None:
        late_s = max(0.0, self._clock.seconds() - self._due)
        self._lag.observe(late_s)
        if late_s > LATE_S:
            log.warning("reactor.late", late_ms=round(late_s * 1000))
        self.start()

    def stop(self) -> None:
        """End sampling."""
        if self._call is not None and self._call.active():
            self._call.cancel()
