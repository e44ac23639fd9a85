"""Limits let a burst and then a pace through, forget what they may, and end waits in time."""

import asyncio
from typing import Any

import pytest
from twisted.internet.defer import Deferred, succeed

from gateway.web.limits import FairTurns, RateLimit, Waits


class _Seconds:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_a_burst_passes_and_then_the_pace() -> None:
    now = _Seconds()
    limit = RateLimit(2, 4, 100, now)

    assert [limit.take("a") for _ in range(4)] == [0, 0, 0, 0]
    assert limit.take("a") == pytest.approx(0.5)
    now.now_s += 0.5
    assert limit.take("a") == 0
    assert limit.take("a") == pytest.approx(0.5)
    assert limit.take("b") == 0


def test_refused_tries_do_not_push_the_next_one_away() -> None:
    now = _Seconds()
    limit = RateLimit(1, 1, 100, now)
    limit.take("a")
    for _ in range(50):
        limit.take("a")
    now.now_s += 1

    assert limit.take("a") == 0


def test_the_table_is_bounded_and_keys_at_rest_go_first() -> None:
    now = _Seconds()
    limit = RateLimit(1, 2, 100, now)
    for n in range(100):
        limit.take(n)
    now.now_s += 1.5
    for n in range(95, 100):  # these are still owing
        limit.take(n)
        limit.take(n)
    limit.take("new")

    assert len(limit._whole_at) == 6
    for n in range(1000):
        limit.take(("many", n))
        assert len(limit._whole_at) <= 100


@pytest.fixture
def loop() -> Any:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def test_a_late_answer_is_none_and_dropped_when_it_comes(loop: Any) -> None:
    now = _Seconds()
    waits = Waits(loop, 2, now)
    late: Deferred[Any] = Deferred()
    late_future = waits.for_event(late)
    now.now_s += 1
    quick_future = waits.for_event(succeed("event"))
    slow: Deferred[Any] = Deferred()
    slow_future = waits.for_event(slow)
    now.now_s += 1
    waits.sweep()
    late.callback("too late")
    slow.callback("in time")

    assert late_future.result() is None
    assert quick_future.result() == "event"
    assert slow_future.result() == "in time"
    now.now_s += 5
    waits.sweep()
    assert slow_future.result() == "in time"


def test_a_failure_reaches_who_waits(loop: Any) -> None:
    failing: Deferred[Any] = Deferred()
    future = Waits(loop, 2, _Seconds()).for_event(failing)
    failing.errback(KeyError("x"))

    with pytest.raises(KeyError):
        future.result()


def test_sources_take_turns_and_each_keeps_its_order(loop: Any) -> None:
    turns, done = FairTurns(loop), []
    for name, count in (("a", 3), ("b", 1), ("c", 2)):
        for n in range(count):
            turns.put(name, lambda text=f"{name}{n}": done.append(text))
    loop.run_until_complete(asyncio.sleep(0))

    assert done == ["a0", "b0", "c0", "a1", "c1", "a2"]
