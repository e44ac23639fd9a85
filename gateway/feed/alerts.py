"""Prices that reach customers' alerts: found in each turn's ticks, sent to the heart once each.

An alert that is reached is asked to fire until the heart has answered, never twice at a time. What
the heart has not made durable is found again by the next price, also after a restart: the first
price then finds every alert that was reached while nobody looked.
Not here: whether it fires (risk.core.alerts), who is told (notify.plan).
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
import structlog
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from gateway.core.ports import AcceptanceStopped, OutcomeUnknown
from gateway.feed import metrics
from risk.book.account_book import AccountBook
from risk.domain.commands import Command, FireAlert, RearmAlert
from risk.domain.events import Event
from risk.domain.service_events import AlertFired

log = structlog.get_logger("feed")

IN_FLIGHT_MAX: Final = 256  # one batch of the heart: orders do not queue behind a landslide

Submit = Callable[[Command], "Deferred[Event]"]


class AlertFeed:
    """Asks the heart to fire the alerts that prices reach. Used on the reactor thread."""

    def __init__(self, book: AccountBook, submit: Submit) -> None:
        self._book = book
        self._submit = submit
        self._asked: set[int] = set()  # numbers of alerts that wait or are in flight
        self._waiting: deque[FireAlert | RearmAlert] = deque()
        self._in_flight = 0
        metrics.ALERTS_WAITING.set_function(lambda: len(self._waiting) + self._in_flight)

    def on_prices(self, prices: Mapping[int, Sequence[int]], now_ns: int) -> None:
        """Take the prices (above 0) of one turn, by instrument row, in the order they came."""
        count = len(prices)
        rows = np.fromiter(prices, np.int64, count)
        low_e4 = np.fromiter(map(min, prices.values()), np.int64, count)
        high_e4 = np.fromiter(map(max, prices.values()), np.int64, count)
        for row in self._book.alerts.watchlist.crossed(rows, low_e4, high_e4).tolist():
            self._reached(row, prices, now_ns)
        self._send()

    def _reached(self, row: int, prices: Mapping[int, Sequence[int]], now_ns: int) -> None:
        alerts = self._book.alerts
        at = alerts.at
        alert_no = at.alert_no[row]
        if alert_no in self._asked:
            return
        is_upward, level_e4 = alerts.watch_of(row)
        of = prices[at.instrument_row[row]]
        first_e4 = next(px for px in of if (px >= level_e4 if is_upward else px <= level_e4))
        kind = FireAlert if at.is_armed[row] else RearmAlert
        account_no = self._book.accounts.account_no[at.account_row[row]]
        request_id = f"alert:{alert_no}:{now_ns}"
        self._asked.add(alert_no)
        self._waiting.append(kind(request_id, account_no, alert_no, first_e4, now_ns))

    def _send(self) -> None:
        while self._waiting and self._in_flight < IN_FLIGHT_MAX:
            command = self._waiting.popleft()
            self._in_flight += 1
            answered = self._submit(command)
            answered.addCallbacks(self._answered, self._failed, callbackArgs=(command,))
            answered.addErrback(lambda failure: log.error("feed.bug", error=str(failure)))

    def _answered(self, event: Event, command: FireAlert | RearmAlert) -> None:
        if isinstance(event, AlertFired):
            metrics.ALERTS_FIRED.inc()
        self._asked.discard(command.alert_no)
        self._in_flight -= 1
        self._send()

    def _failed(self, failure: Failure) -> None:
        """The heart has stopped for good: the next life finds the same alerts."""
        failure.trap(AcceptanceStopped, OutcomeUnknown)
        self._waiting.clear()
        self._in_flight -= 1
