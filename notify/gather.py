"""Group commit: what comes while a transaction runs goes together into the next one.

Not here: what a transaction writes, or trying again when it fails.
"""

from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from notify.worker import Worker

T = TypeVar("T")
R = TypeVar("R")

GROUP_MAX: Final = 256


class Gathered(Generic[T, R]):
    """Hands items in groups to `work`, one group at a time; `work` returns a result for each."""

    def __init__(self, worker: Worker, work: Callable[[list[T]], list[R]]) -> None:
        self._worker = worker
        self._work = work
        self._waiting: list[tuple[T, Deferred[R]]] = []
        self._is_running = False

    def put(self, item: T) -> Deferred[R]:
        """Fire with the item's result when its group is done, or with the group's failure."""
        done: Deferred[R] = Deferred()
        self._waiting.append((item, done))
        self._next()
        return done

    def _next(self) -> None:
        if self._is_running or not self._waiting:
            return
        self._is_running = True
        group, self._waiting = self._waiting[:GROUP_MAX], self._waiting[GROUP_MAX:]
        running = self._worker.run(self._work, [item for item, _ in group])
        running.addCallbacks(
            self._succeeded, self._failed, callbackArgs=(group,), errbackArgs=(group,)
        )

    def _succeeded(self, results: list[R], group: list[tuple[T, Deferred[R]]]) -> None:
        self._is_running = False
        for (_, done), result in zip(group, results, strict=True):
            done.callback(result)
        self._next()

    def _failed(self, failure: Failure, group: list[tuple[Any, Deferred[R]]]) -> None:
        self._is_running = False
        for _, done in group:
            done.errback(failure)
        self._next()
