"""Rate limits in bounded tables, and waits for the heart that end in time.

A limit is GCRA: one number a key, the time at which the key's credit is whole again.
Not here: which limits apply to whom (gateway.web.guard).
"""

from asyncio import AbstractEventLoop, Future
from collections import deque
from collections.abc import Callable, Hashable
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from risk.domain.events import Event

_EVICT_SHARE: Final = 10  # a full table lets go of at least a tenth of its keys


class RateLimit:
    """`per_s` and `burst` for each of at most `keys_max` keys."""

    def __init__(
        self, per_s: float, burst: int, keys_max: int, seconds: Callable[[], float]
    ) -> None:
        self._interval_s = 1 / per_s
        self._credit_s = burst / per_s
        self._keys_max = keys_max
        self._seconds = seconds
        self._whole_at: dict[Hashable, float] = {}

    def take(self, key: Hashable) -> float:
        """Return 0 when the key may go on, else the seconds it has to wait."""
        now_s = self._seconds()
        whole_at_s = self._whole_at.get(key)
        if whole_at_s is None:
            if len(self._whole_at) >= self._keys_max:
                self._let_go(now_s)
            whole_at_s = now_s
        whole_at_s = max(whole_at_s, now_s) + self._interval_s
        over_s = whole_at_s - now_s - self._credit_s
        if over_s > 1e-9:  # rounding of sums is no offence
            return over_s
        self._whole_at[key] = whole_at_s
        return 0.0

    def _let_go(self, now_s: float) -> None:
        """Forget keys whose credit is whole; when too few are, the oldest ones too."""
        kept = {key: at_s for key, at_s in self._whole_at.items() if at_s > now_s}
        surplus = len(kept) - self._keys_max + max(1, self._keys_max // _EVICT_SHARE)
        for key in list(kept)[: max(0, surplus)]:
            del kept[key]
        self._whole_at = kept


class Waits:
    """Answers of the heart that somebody waits for, each at most `timeout_s`.

    All wait equally long, so they end in the order they began: one queue and one timer for all.
    """

    def __init__(
        self, loop: AbstractEventLoop, timeout_s: float, seconds: Callable[[], float]
    ) -> None:
        self._loop = loop
        self._timeout_s = timeout_s
        self._seconds = seconds
        self._queue: deque[tuple[float, Callable[[], None]]] = deque()

    def for_event(self, reply: Deferred[Event]) -> "Future[Event | None]":
        """Return a future of the reply, or of None when it is late. A late reply is dropped."""
        future: Future[Any] = self._loop.create_future()

        def fired(event: Event) -> None:
            if not future.done():
                future.set_result(event)

        def failed(failure: Failure) -> None:
            if not future.done() and failure.value is not None:
                future.set_exception(failure.value)

        reply.addCallbacks(fired, failed)
        if not future.done():
            self.at_timeout(lambda: None if future.done() else future.set_result(None))
        return future

    def at_timeout(self, call: Callable[[], None]) -> None:
        """Call after the time-out, in any case: the callee knows whether it still matters."""
        self._queue.append((self._seconds() + self._timeout_s, call))

    def sweep(self) -> None:
        """End what is late; called a few times a second."""
        now_s = self._seconds()
        while self._queue and self._queue[0][0] <= now_s:
            self._queue.popleft()[1]()


class FairTurns:
    """Work of many sources, done at the end of the reactor's turn: one piece of each by turns.

    Who sends many orders at once stands in nobody's way; and the risk core, which decides orders
    of different accounts together, gets them mixed. The order of one source is kept.
    """

    def __init__(self, loop: AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: dict[Hashable, deque[Callable[[], None]]] = {}

    def put(self, source: Hashable, work: Callable[[], None]) -> None:
        """Do `work` at the end of this turn. Sources bound how much they put."""
        if not self._waiting:
            self._loop.call_soon(self._run)
        self._waiting.setdefault(source, deque()).append(work)

    def _run(self) -> None:
        waiting, self._waiting = list(self._waiting.values()), {}
        while waiting:
            for one in waiting:
                one.popleft()()
            waiting = [one for one in waiting if one]
