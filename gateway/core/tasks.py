"""Background work: tracked, with the caller's context, and with its failures logged.

Not here: work in threads or processes.
"""

import contextvars
from collections.abc import Callable, Coroutine
from typing import Any, Final

import structlog
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from gateway.core import metrics

log = structlog.get_logger("core")

TASKS_MAX: Final = 100_000


class Timer:
    """A call that will happen, once or repeatedly, until `stop()`."""

    def __init__(self, on_stop: Callable[["Timer"], None]) -> None:
        self.delayed: IDelayedCall | None = None
        self.is_stopped = False
        self._on_stop = on_stop

    def stop(self) -> None:
        """Make sure it does not happen (again). Harmless when already over."""
        self.is_stopped = True
        if self.delayed is not None and self.delayed.active():
            self.delayed.cancel()
        self.delayed = None
        self._on_stop(self)


class Tasks:
    """Everything in the background of one component or of the whole gateway."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._timers: set[Timer] = set()
        self._running: dict[Deferred[None], str] = {}
        self._is_stopped = False

    def spawn(self, name: str, work: Coroutine[Deferred[Any], Any, Any]) -> "Deferred[None]":
        """Run a coroutine in the background; its failure is logged under `name`, never lost.

        The returned Deferred fires with None when it is over, whatever the outcome; cancelling
        it cancels the coroutine. It inherits the caller's context variables.
        """
        if self._is_stopped or len(self._running) >= TASKS_MAX:
            work.close()
            log.warning("tasks.not_started", task=name, running=len(self._running))
            done: Deferred[None] = Deferred()
            done.callback(None)
            return done
        running: Deferred[None] = Deferred.fromCoroutine(work)
        self._running[running] = name

        def over(result: object) -> None:
            self._running.pop(running, None)
            if isinstance(result, Failure) and not result.check(CancelledError):
                _log_failure(name, result)

        running.addBoth(over)
        return running

    def call_later(self, name: str, delay_s: float, call: Callable[[], object]) -> Timer:
        """Call once after `delay_s` seconds, with the caller's context variables."""
        timer = Timer(self._timers.discard)
        context = contextvars.copy_context()

        def run() -> None:
            timer.stop()
            self._guarded(name, context, call)

        self._start(timer, delay_s, run)
        return timer

    def every(self, name: str, interval_s: float, call: Callable[[], object]) -> Timer:
        """Call every `interval_s` seconds, the first time after one interval.

        The next call is planned when this one has returned, so a slow one never piles up. When
        it returns a coroutine, that runs to its end before the next interval starts.
        """
        timer = Timer(self._timers.discard)
        context = contextvars.copy_context()

        def again(_: object = None) -> None:
            if not timer.is_stopped:
                self._start(timer, interval_s, run)

        def run() -> None:
            result = self._guarded(name, context, call)
            if isinstance(result, Coroutine):
                context.run(self.spawn, name, result).addCallback(again)
            else:
                again()

        self._start(timer, interval_s, run)
        return timer

    def stop(self) -> None:
        """Stop all timers and cancel all running work; later work is not started."""
        self._is_stopped = True
        for timer in list(self._timers):
            timer.stop()
        for running in list(self._running):
            running.cancel()

    def _start(self, timer: Timer, delay_s: float, run: Callable[[], None]) -> None:
        if self._is_stopped:
            return
        self._timers.add(timer)
        timer.delayed = self._clock.callLater(delay_s, run)

    def _guarded(
        self, name: str, context: contextvars.Context, call: Callable[[], object]
    ) -> object:
        try:
            return context.run(call)
        except Exception:
            _log_failure(name, Failure())
            return None


def _log_failure(name: str, failure: Failure) -> None:
    metrics.TASK_FAILURES.inc()
    error = failure.value
    log.error(
        "tasks.failed",
        task=name,
        code=getattr(error, "code", "bug"),
        error=repr(error),
        traceback=failure.getTraceback(),
    )
