"""The one thread that touches the outbox database: work in, Deferred out, in order.

Not here: what the work is. One thread, so there is one writer and no waiting for a lock.
"""

from collections.abc import Callable
from typing import Final, ParamSpec, Protocol, TypeVar

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IReactorFromThreads
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

from risk.domain.errors import TemporaryFailure

P = ParamSpec("P")
T = TypeVar("T")

JOBS_WAITING_MAX: Final = 10_000


class WorkerBusy(TemporaryFailure):
    """More jobs wait for the outbox than may, or it is closed: try again."""

    code = "notify.worker_busy"


class Worker(Protocol):
    """Runs a job elsewhere and answers on the reactor thread."""

    def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> "Deferred[T]":
        """Call `work` and fire with its result."""


class ThreadWorker:
    """A worker on one thread of its own."""

    def __init__(self, reactor: IReactorFromThreads) -> None:
        self._reactor = reactor
        self._pool = ThreadPool(1, 1, name="outbox")
        self._waiting = 0

    def start(self) -> None:
        """Start the thread."""
        self._pool.start()

    def stop(self) -> None:
        """Finish the jobs at hand, then end the thread. Waits for it."""
        if self._pool.started:
            self._pool.stop()

    def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> "Deferred[T]":
        """Call `work` on the thread; fails with WorkerBusy when too much waits or it is stopped."""
        if self._waiting >= JOBS_WAITING_MAX or not self._pool.started:
            return fail(WorkerBusy(f"{self._waiting} jobs wait for the outbox"))
        self._waiting += 1

        def done(result: T) -> T:
            self._waiting -= 1
            return result

        job: Deferred[T] = deferToThreadPool(self._reactor, self._pool, work, *args, **kwargs)
        return job.addBoth(done)
