"""Runs one coroutine on a reactor of its own, for commands that wait for something once.

Not here: long-running processes (gateway.app.process).
"""

import contextlib
from collections.abc import Coroutine
from typing import Any, Final

import uvloop
from twisted.internet import asyncioreactor
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ReactorNotRunning
from twisted.python.failure import Failure

EXIT_INTERRUPTED: Final = 130


def run_on_reactor(work: Coroutine[Deferred[Any], Any, int]) -> int:
    """Run the coroutine and return its exit code; its failure is raised. Once in a process.

    Ctrl-C cancels it; then the code is EXIT_INTERRUPTED.
    """
    asyncioreactor.install(uvloop.new_event_loop())
    from twisted.internet import reactor as installed

    reactor: Any = installed
    outcome: list[int | Failure] = []
    running: Deferred[int] = Deferred.fromCoroutine(work)

    def stop() -> None:
        with contextlib.suppress(ReactorNotRunning):  # interrupted: it is stopping already
            reactor.stop()

    def interrupted() -> Deferred[object]:
        if not outcome:
            running.cancel()
        return ended

    ended: Deferred[object] = running.addBoth(outcome.append)
    ended.addBoth(lambda _: reactor.callWhenRunning(stop))
    reactor.addSystemEventTrigger("before", "shutdown", interrupted)
    reactor.run()
    (result,) = outcome
    if isinstance(result, Failure):
        if result.check(CancelledError):
            return EXIT_INTERRUPTED
        result.raiseException()
    return result
