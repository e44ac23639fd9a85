"""One process on the asyncio reactor over uvloop: start, say it is ready, run until told to stop.

Every long-running `hotline` command is one: it prints a JSON line with its real ports when ready
and ends on SIGTERM or Ctrl-C. Not here: what runs (gateway.app.gateway and the simulated far ends).
"""

import asyncio
import errno
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import structlog
import uvloop
from twisted.internet import asyncioreactor
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.python.failure import Failure

from risk.domain.errors import HotlineError

log = structlog.get_logger("app")

Ready = dict[str, object]
Stop = Callable[[int], None]


class Runnable(Protocol):
    """What a process runs."""

    async def start(self) -> Ready:
        """Start; return what the ready line says (empty: none is printed)."""

    async def stop(self) -> None:
        """Stop cleanly."""


def run_process(make: Callable[[Any, Stop], Runnable]) -> int:
    """Run what `make(reactor, stop)` builds until `stop(exit_code)` or a signal; return the code.

    A failure to start or to stop ends the process with 1.
    """
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    asyncioreactor.install(loop)
    from twisted.internet import reactor as installed

    reactor: Any = installed
    outcome = {"exit_code": 0}
    stopping: list[Deferred[None]] = []

    def stop(exit_code: int = 0) -> None:
        outcome["exit_code"] = max(outcome["exit_code"], exit_code)
        if not stopping:
            stopping.append(Deferred.fromCoroutine(_stopped(runnable.stop)))
            stopping[0].addErrback(not_stopped).addBoth(lambda _: reactor.stop())

    def not_stopped(failure: Failure) -> None:
        failed(failure)
        # threads of what was not stopped would keep the process for ever
        reactor.addSystemEventTrigger("after", "shutdown", os._exit, 1)

    def failed(failure: Failure) -> None:
        outcome["exit_code"] = 1
        assert failure.value is not None
        known = failure.check(HotlineError, OSError, CannotListenError)
        log.error("app.failed", error=failure.getErrorMessage(), **_remedy(failure.value))
        if not known:
            log.error("app.traceback", text=failure.getTraceback())

    def not_started(failure: Failure) -> None:
        failed(failure)
        stop(1)

    runnable = make(reactor, stop)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: reactor.callFromThread(stop, 0))
    reactor.callWhenRunning(
        lambda: Deferred.fromCoroutine(_started(runnable.start)).addErrback(not_started)
    )
    reactor.run(installSignalHandlers=False)
    return outcome["exit_code"]


def _remedy(error: BaseException) -> dict[str, str]:
    """Return what to do about an error of the system, where that is known."""
    cause = error.socketError if isinstance(error, CannotListenError) else error
    if isinstance(cause, OSError) and cause.errno == errno.EADDRINUSE:
        return {"remedy": "stop what uses the port, or set another one; see `hotline doctor`"}
    return {}


async def _started(start: Callable[[], Awaitable[Ready]]) -> None:
    ready = await start()
    if not ready:
        return
    sys.stdout.write(json.dumps(ready) + "\n")
    sys.stdout.flush()


async def _stopped(stop: Callable[[], Awaitable[None]]) -> None:
    await stop()
