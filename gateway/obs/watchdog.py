"""The watch over the reactor: how late its turns are.

A sample every SAMPLE_S; lateness beyond LATE_S is logged, since every door waits for it. Not here:
finding the slow call (py-spy on the running process does that without our help).
"""

from typing import Final

import structlog
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from gateway.obs import metrics

SAMPLE_S: Final = 0.1
LATE_S: Final = 0.05

log = structlog.get_logger("obs.watchdog")


class ReactorWatch:
    """Measures `hotline_reactor_lag_seconds`."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._due = 0.0
        self._call: IDelayedCall | None = None

    def start(self) -> None:
        """Begin sampling."""
        self._due = self._clock.seconds() + SAMPLE_S
        self._call = self._clock.callLater(SAMPLE_S, self._sample)

    def _sample(self) -> None:
        late_s = max(0.0, self._clock.seconds() - self._due)
        metrics.REACTOR_LAG_SECONDS.observe(late_s)
        if late_s > LATE_S:
            log.warning("reactor.late", late_ms=round(late_s * 1000))
        self.start()

    def stop(self) -> None:
        """End sampling."""
        if self._call is not None and self._call.active():
            self._call.cancel()
