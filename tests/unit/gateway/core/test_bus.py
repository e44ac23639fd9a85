"""Subscribers hear durable events in order, whatever another one does."""

import pytest

from gateway.core.bus import Bus
from risk.domain.events import DayStarted, Event

EVENTS: list[Event] = [DayStarted(1, 20261123), DayStarted(2, 20261124)]


def test_every_subscriber_hears_every_event_with_its_number() -> None:
    bus = Bus(durable_seq=9)
    told: dict[str, list[tuple[int, Event]]] = {"a": [], "b": []}
    for name, heard in told.items():
        bus.subscribe(name, heard.extend)
    bus.publish(10, EVENTS)
    bus.publish(12, EVENTS[:1])
    assert told["a"] == [(10, EVENTS[0]), (11, EVENTS[1]), (12, EVENTS[0])]
    assert told["b"] == told["a"]
    assert bus.durable_seq == 12


def test_a_subscriber_that_fails_hurts_nobody() -> None:
    bus = Bus()
    told: list[tuple[int, Event]] = []

    def fails(numbered: list[tuple[int, Event]]) -> None:
        numbered.clear()
        raise ZeroDivisionError

    bus.subscribe("bad", fails)
    bus.subscribe("good", told.extend)
    bus.publish(1, EVENTS)
    bus.publish(3, EVENTS)
    assert [seq for seq, _ in told] == [1, 2, 3, 4]


def test_who_unsubscribed_hears_no_more_and_may_do_so_while_called() -> None:
    bus = Bus()
    calls: list[int] = []

    def once(numbered: list[tuple[int, Event]]) -> None:
        calls.append(len(numbered))
        stop()

    stop = bus.subscribe("once", once)
    bus.publish(1, EVENTS)
    bus.publish(3, EVENTS)
    stop()
    assert calls == [2]


def test_a_gap_in_the_numbers_is_a_bug() -> None:
    with pytest.raises(AssertionError, match="5 follows 0"):
        Bus().publish(5, EVENTS)


def test_a_name_is_taken_once() -> None:
    bus = Bus()
    bus.subscribe("a", print)
    with pytest.raises(AssertionError, match="subscribed already"):
        bus.subscribe("a", print)
