"""A named thread pool with a bounded queue: work in, Deferred out.

Not here: what the work is. Only the reactor thread may call `run` and `stop`.
"""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IReactorFromThreads
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

from risk.domain.errors import TemporaryFailure

P = ParamSpec("P")
T = TypeVar("T")


class ThreadsBusy(TemporaryFailure):
    """The pool has as much waiting as it may, or is stopping: try again shortly."""

    code = "store.threads_busy"


class BoundedThreads:
    """`count` threads and at most `pending_max` pieces of work, running ones included."""

    def __init__(
        self, reactor: IReactorFromThreads, name: str, count: int, pending_max: int
    ) -> None:
        self.name = name
        self.pending = 0
        self._reactor = reactor
        self._pending_max = pending_max
        self._pool = ThreadPool(1, count, name=name)

    def start(self) -> None:
        """Start the threads."""
        self._pool.start()

    def stop(self) -> None:
        """Finish what is queued, then end the threads. Waits for them."""
        if self._pool.started:
            self._pool.stop()

    def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Deferred[T]:
        """Call `work` on a thread. Fails with ThreadsBusy when the queue is full."""
        if self.pending >= self._pending_max or not self._pool.started:
            return fail(
                ThreadsBusy(f"{self.pending} pieces of work are waiting in {self.name}: try again")
            )
        self.pending += 1
        done: Deferred[T] = deferToThreadPool(self._reactor, self._pool, work, *args, **kwargs)
        return done.addBoth(self._ended)

    def _ended(self, result: Any) -> Any:
        self.pending -= 1
        return result
