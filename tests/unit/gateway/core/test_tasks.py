"""Background work is tracked, keeps its context, and its failures are logged."""

import contextvars

import structlog
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from gateway.core.tasks import Tasks

WHO: contextvars.ContextVar[str] = contextvars.ContextVar("who", default="nobody")


def test_a_call_happens_later_with_the_callers_context() -> None:
    clock, seen = Clock(), []
    tasks = Tasks(clock)
    token = WHO.set("call-1")
    tasks.call_later("test", 2, lambda: seen.append(WHO.get()))
    WHO.reset(token)
    clock.advance(1)
    assert seen == []
    clock.advance(1)
    assert seen == ["call-1"]


def test_a_stopped_call_never_happens() -> None:
    clock, seen = Clock(), []
    timer = Tasks(clock).call_later("test", 2, lambda: seen.append(1))
    timer.stop()
    timer.stop()
    clock.advance(3)
    assert seen == []


def test_every_goes_on_after_a_failure_and_logs_it() -> None:
    clock, seen = Clock(), []

    def work() -> None:
        seen.append(clock.seconds())
        raise ZeroDivisionError

    with structlog.testing.capture_logs() as logs:
        timer = Tasks(clock).every("sweep", 5, work)
        for _ in range(3):
            clock.advance(5)
        timer.stop()
        clock.advance(50)
    assert seen == [5, 10, 15]
    assert [(entry["event"], entry["task"]) for entry in logs] == [("tasks.failed", "sweep")] * 3


def test_every_waits_for_a_coroutine_before_the_next_interval() -> None:
    clock, seen = Clock(), []
    gate: Deferred[None] = Deferred()

    async def work() -> None:
        seen.append(clock.seconds())
        await gate

    Tasks(clock).every("slow", 5, work)
    for _ in range(4):
        clock.advance(5)
    assert seen == [5]
    gate.callback(None)
    clock.advance(5)
    assert seen == [5, 25]


def test_the_failure_of_spawned_work_is_logged_and_not_raised() -> None:
    async def work() -> None:
        raise ZeroDivisionError

    with structlog.testing.capture_logs() as logs:
        done: list[None] = []
        Tasks(Clock()).spawn("job", work()).addCallback(done.append)
    assert done == [None]
    assert logs[0]["task"] == "job"
    assert "ZeroDivisionError" in logs[0]["traceback"]


def test_stop_ends_everything_and_starts_nothing_more() -> None:
    clock, seen = Clock(), []
    tasks = Tasks(clock)

    async def work() -> None:
        try:
            await Deferred()
        finally:
            seen.append("cancelled")

    tasks.spawn("waits", work())
    tasks.every("ticks", 1, lambda: seen.append("tick"))
    tasks.call_later("once", 1, lambda: seen.append("once"))
    with structlog.testing.capture_logs() as logs:
        tasks.stop()
        tasks.every("ticks", 1, lambda: seen.append("tick"))
        tasks.spawn("late", work())
    clock.advance(10)
    assert seen == ["cancelled"]
    assert [entry["event"] for entry in logs] == ["tasks.not_started"]
