"""The room as one part: feature codes, metrics, and what its settings must say."""

from collections.abc import Callable
from typing import Any

import pytest
import structlog
from prometheus_client import REGISTRY
from twisted.internet.task import Clock

from gateway.callcenter.centre import CallCentre, call_centre
from gateway.callcenter.events import AgentState
from gateway.callcenter.settings import CallCenterSettings
from gateway.media.port import PlayDone
from gateway.sip.calls import CloseReason
from gateway.sip.desk_port import DESK_TOKEN, CallerCard
from gateway.sip.wire import Hop
from risk.domain.errors import ConfigError
from tests.builders.call_desk import (
    TWO_AGENTS,
    MemoryCall,
    MemoryLeg,
    MemoryMedia,
    MemoryPhones,
    WordVoice,
)
from tests.builders.centre import START_NS

LI = Hop("192.0.2.20", 1001)


class Registered(MemoryPhones):
    """A registrar of two phones."""

    def __init__(self) -> None:
        super().__init__()
        self.tell: Callable[[str, bool], None] = lambda name, is_on: None

    def has(self, username: str) -> bool:
        return username in ("1001", "1002")

    def on_change(self, callback: Callable[[str, bool], None]) -> None:
        self.tell = callback


class DialledIn(MemoryCall):
    """An agent's call to a feature code."""

    def __init__(self, dnis: str, phone: str) -> None:
        super().__init__()
        self.dnis, self.phone = dnis, phone
        self.local: object = None
        self.refused = 0

    def answer(self, local: object = None) -> None:
        self.local = local

    def refuse(self, status: int) -> None:
        self.refused = status
        self.close(CloseReason.REFUSED)


class Room:
    def __init__(self) -> None:
        self.clock, self.phones, self.media = Clock(), Registered(), MemoryMedia()
        self.centre = CallCentre(
            TWO_AGENTS,
            self.media,  # type: ignore[arg-type]
            WordVoice(),  # type: ignore[arg-type]
            self.phones,  # type: ignore[arg-type]
            self.phones,
            self.clock,
            lambda: START_NS + int(self.clock.seconds() * 1e9),
        )
        self.centre.start()
        self.phones.registered["1001"] = LI
        self.phones.tell("1001", True)
        self.clock.advance(0)

    def dial(self, dnis: str, phone: str = "1001") -> tuple[bool, DialledIn]:
        call = DialledIn(dnis, phone)
        was_taken = self.centre.call_received(call)  # type: ignore[arg-type]
        self.clock.advance(0)
        return was_taken, call

    @property
    def li(self) -> AgentState:
        return self.centre.desk.agent_states()["li"]


def value(name: str, **labels: str) -> Any:
    return REGISTRY.get_sample_value(name, labels)


def test_an_agent_dials_away_and_back_and_hears_it() -> None:
    room = Room()
    for dnis, state, prompt in (
        ("*82", AgentState.AWAY, "agent.now_away zh"),
        ("*81", AgentState.READY, "agent.now_ready zh"),
    ):
        was_taken, call = room.dial(dnis)
        leg = room.media.legs[-1]
        assert (was_taken, room.li, leg.heard) == (True, state, [prompt])
        leg.on_event(PlayDone(DESK_TOKEN))
        assert call.hangups == 1
        assert leg.is_closed


@pytest.mark.parametrize(
    ("dnis", "phone"), [("95500", "1001"), ("*83", "1001"), ("*82", ""), ("*82", "1009")]
)
def test_other_calls_are_left_to_the_phone_door(dnis: str, phone: str) -> None:
    room = Room()
    was_taken, _ = room.dial(dnis, phone)
    assert (was_taken, room.li) == (False, AgentState.READY)


def test_a_wish_counts_also_when_nothing_can_be_said() -> None:
    room = Room()
    room.media.is_refusing = True
    _, call = room.dial("*82")
    assert (room.li, call.refused) == (AgentState.AWAY, 503)


def test_an_agent_without_a_phone_is_a_mistake_in_the_settings() -> None:
    phones = Registered()
    phones.has = lambda username: username == "1001"  # type: ignore[method-assign]
    around = (MemoryMedia(), WordVoice(), phones)
    with pytest.raises(ConfigError, match=r"'wang' has phone '1002': add it to \[\[sip\.phones"):
        call_centre(TWO_AGENTS, *around, phones, Clock(), lambda: 0)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="'li' has phone"):
        call_centre(TWO_AGENTS, *around, None, Clock(), lambda: 0)  # type: ignore[arg-type]
    nobody = CallCenterSettings(queues=TWO_AGENTS.queues)
    assert call_centre(nobody, *around, None, Clock(), lambda: 0) is None  # type: ignore[arg-type]


def test_the_log_tells_what_happens_and_hides_what_was_keyed() -> None:
    room = Room()
    with structlog.testing.capture_logs() as logs:
        card = CallerCard(
            "c1", "138", "95500", "", account_no="100200301234", draft={"symbol": "600000"}
        )
        room.centre.desk.enqueue(card, MemoryLeg(lambda _: None), MemoryCall("c1"))  # type: ignore[arg-type]
        room.clock.advance(0)
    told = [line["event"].removeprefix("callcenter.") for line in logs]
    assert told == ["call_queued", "agent_rung", "caller_shown", "agent_changed"]
    assert logs[-1]["state"] == "ringing"
    assert "100200301234" not in repr(logs)
    assert "600000" not in repr(logs)


def test_metrics_follow_a_caller_from_queue_to_end() -> None:
    room = Room()
    left = value("hotline_acd_calls_left_total", queue="trading", end="served") or 0
    assert value("hotline_acd_agents", state="ready") == 1
    assert value("hotline_acd_agents", state="offline") == 1
    waiting = value("hotline_acd_calls_waiting", queue="trading") or 0
    for n in (1, 2):
        call_no = f"c{n}"
        card = CallerCard(call_no, "138", "95500", "trading")
        room.centre.desk.enqueue(card, MemoryLeg(lambda _: None), MemoryCall(call_no))  # type: ignore[arg-type]
    room.clock.advance(0)
    room.clock.advance(7)
    assert value("hotline_acd_calls_waiting", queue="trading") == waiting + 2
    assert value("hotline_acd_longest_wait_seconds") == 7
    room.phones.calls["1001"].answer()
    room.clock.advance(0)
    assert value("hotline_acd_calls_waiting", queue="trading") == waiting + 1
    assert value("hotline_acd_agents", state="talking") == 1
    room.phones.calls["1001"].close(CloseReason.REMOTE_BYE)
    room.clock.advance(0)
    assert value("hotline_acd_calls_left_total", queue="trading", end="served") == left + 1
    assert room.centre.figures.queues["trading"].answered == 1
    room.centre.stop()
    assert value("hotline_acd_calls_waiting", queue="trading") == waiting
    assert value("hotline_acd_agents", state="offline") == 2
