"""Durable events to everyone who asked for them, in the order of their numbers.

Not here: a queue. A subscriber is called on the reactor thread in the turn that releases a batch;
one that must not miss events across a restart reads the journal from its own cursor first
(gateway.journal.reader.events_after) and subscribes in the same turn.
"""

from collections.abc import Callable, Sequence
from typing import Final

import structlog

from gateway.core import metrics
from risk.domain.events import Event

log = structlog.get_logger("core")

SUBSCRIBERS_MAX: Final = 64

Numbered = list[tuple[int, Event]]
Take = Callable[[Numbered], None]


class Bus:
    """Publishes durable events. `durable_seq` is the number of the last one published."""

    def __init__(self, durable_seq: int = 0) -> None:
        self.durable_seq = durable_seq
        self._subscribers: dict[str, Take] = {}

    def subscribe(self, name: str, take: Take) -> Callable[[], None]:
        """Call `take([(event_seq, event), ...])` for every later batch; returns the way to stop.

        `name` labels metrics and logs: it names a component, never a connection or customer.
        An exception of `take` is logged and counted, and the other subscribers go on.
        """
        assert name not in self._subscribers, f"{name} is subscribed already"
        assert len(self._subscribers) < SUBSCRIBERS_MAX, "subscribe once per component"
        self._subscribers[name] = take

        def unsubscribe() -> None:
            self._subscribers.pop(name, None)

        return unsubscribe

    def publish(self, first_seq: int, events: Sequence[Event]) -> None:
        """Give consecutive events, the first numbered `first_seq`, to every subscriber."""
        if not events:
            return
        assert first_seq == self.durable_seq + 1, f"{first_seq} follows {self.durable_seq}"
        self.durable_seq += len(events)
        for name, take in list(self._subscribers.items()):
            try:
                take(list(enumerate(events, first_seq)))
            except Exception:
                metrics.SUBSCRIBER_FAILURES.labels(name).inc()
                log.exception(
                    "bus.subscriber_failed",
                    subscriber=name,
                    first_seq=first_seq,
                    event_count=len(events),
                )
