"""Agents with real phones: baresip registers, rings, talks, holds, passes on, and dies."""

import os
import signal
import tempfile
from pathlib import Path

import numpy as np
import pytest
from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from gateway.callcenter import events
from gateway.callcenter.events import AgentState, RingEnd, TalkEnd
from gateway.callcenter.music import RINGBACK_HZ
from gateway.media import g711
from gateway.media.hosts import WorkerHost
from gateway.media.link import HostedMedia
from gateway.media.speech import Count, Number
from gateway.media.wav import HEADER_BYTES
from gateway.sip.desk_port import TicketEnd
from risk.domain.enums import Language
from tests.peers.agent_house import PASSWORDS, AgentHouse
from tests.peers.agent_phone import TonePhone, likeness, tone_s, until

pytestmark = pytest.mark.peer("baresip")

TALK_S, HELD_S, PLACE_S, APOLOGY_S = 1.5, 1.5, 6.0, 4.0
CALLER_HZ, LI_HZ, WANG_HZ = 600, 1_000, 1_700


class AgentsTest(TestCase):
    """What the tests below share."""

    media: HostedMedia | None = None

    async def setUp(self) -> None:
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.folder = Path(self.temporary.name)
        self.house = AgentHouse(self.folder, media=self.media)
        self.port = await self.house.start()
        self.addCleanup(self.house.stop)

    async def agent(self, phone: str, tone_hz: int, transport: str = "udp") -> TonePhone:
        """Start an agent's phone and wait until the agent is ready."""
        at = f"127.0.0.1:{self.port};transport={transport}"
        agent = await TonePhone.begin(self.folder / phone, phone, tone_hz, at, PASSWORDS[phone])
        self.addCleanup(agent.stop)
        name = {"1001": "li", "1002": "wang"}[phone]
        await until(
            lambda: self.state(name) is AgentState.READY, f"{phone} is registered: {agent.output}"
        )
        return agent

    async def caller(self) -> TonePhone:
        """Call and press 0."""
        caller = await TonePhone.begin(self.folder / "caller", "13800138000", CALLER_HZ)
        self.addCleanup(caller.stop)
        assert await caller.dial(f"sip:95500@127.0.0.1:{self.port}")
        await caller.press("0")
        return caller

    def state(self, agent: str) -> AgentState:
        return self.house.centre.desk.agent_states()[agent]

    async def empty(self) -> None:
        """Wait until nothing of any call is left."""
        await until(lambda: self.house.is_empty, f"all is over: {self.house.told[-3:]}")

    async def both_talk(self, name: str) -> None:
        """Wait until the caller is joined with this agent, and let them talk."""
        await until(lambda: self.house.visitors[0].agents[-1:] == [name], f"{name} is joined")
        await deferLater(reactor, TALK_S)

    async def talk_with_li(self) -> tuple[TonePhone, TonePhone]:
        """Return the phones of li and of a caller who talk."""
        li = await self.agent("1001", LI_HZ)
        caller = await self.caller()
        await li.rings()
        await li.answer()
        await self.both_talk("li")
        return li, caller


class Agents(AgentsTest):
    async def test_caller_and_agent_hear_each_other_and_the_agent_sees_who_calls(self) -> None:
        li = await self.agent("1001", LI_HZ)
        caller = await self.caller()
        shown = await li.rings()
        assert "13800138000" in shown["peeruri"]
        assert "verified, account ending 1234 was buying 600000 200" in str(shown)
        await li.answer()
        await self.both_talk("li")
        li.hang_up()
        await caller.closed()
        await self.empty()
        assert self.house.visitors[0].end is TicketEnd.SERVED
        assert caller.tone_heard_s(LI_HZ) > TALK_S / 2
        assert li.tone_heard_s(CALLER_HZ) > TALK_S / 2

    async def test_the_recording_of_the_call_goes_on_with_both_sides(self) -> None:
        li, caller = await self.talk_with_li()
        li.do("hold")
        await until(lambda: len(self.house.of(events.AgentHeld)) == 1, "the caller is held")
        li.do("resume")
        await until(lambda: len(self.house.of(events.AgentHeld)) == 2, "the agent is back")
        await deferLater(reactor, TALK_S)
        caller.hang_up()
        await self.empty()
        await until(lambda: self.house.recorded != [], "the recording is complete")
        (recorded,) = self.house.recorded
        alaw = np.frombuffer(Path(recorded.path).read_bytes()[HEADER_BYTES:], np.uint8)
        alaw = alaw[: len(alaw) // 2 * 2]
        left, right = (g711.decode_alaw(alaw[side::2].tobytes()) for side in (0, 1))
        assert tone_s(left, CALLER_HZ) > 2 * TALK_S
        assert tone_s(right, LI_HZ) > 1.2 * TALK_S
        assert tone_s(right, RINGBACK_HZ) > 0

    async def test_a_caller_who_waits_hears_music_and_the_place_and_then_the_agent(self) -> None:
        li = await self.agent("1001", LI_HZ)
        wang = await self.agent("1002", WANG_HZ)
        self.house.centre.desk.agent_wishes("1001", False)
        caller = await self.caller()
        await wang.rings()
        wang.hang_up()  # busy for a while: nobody is free now
        await until(lambda: self.house.visitors[0].places == [1], "the place is told")
        await deferLater(reactor, PLACE_S)
        self.house.centre.desk.agent_wishes("1001", True)
        await li.rings()
        await li.answer()
        await self.both_talk("li")
        caller.hang_up()
        await self.empty()
        said = self.house.voice.clips(
            "agent.place", {"place": Number(1), "minutes": Count(3)}, Language.ZH
        )
        heard = caller.heard()
        assert likeness(heard, g711.decode_alaw(said[0].alaw)) > 0.95
        assert tone_s(heard, RINGBACK_HZ) > 0.5
        assert tone_s(heard, LI_HZ) > TALK_S / 2

    async def test_hold_gives_the_caller_music_until_the_agent_is_back(self) -> None:
        li, caller = await self.talk_with_li()
        li.do("hold")
        await until(lambda: len(self.house.of(events.AgentHeld)) == 1, "the caller is held")
        await deferLater(reactor, HELD_S)
        li.do("resume")
        await until(lambda: len(self.house.of(events.AgentHeld)) == 2, "the agent is back")
        await deferLater(reactor, TALK_S)
        caller.hang_up()
        await self.empty()
        assert tone_s(caller.heard(), RINGBACK_HZ) > 0.5
        assert tone_s(caller.heard(), LI_HZ) > 1.2 * TALK_S
        (ended,) = self.house.of(events.AgentEnded)
        assert isinstance(ended, events.AgentEnded)
        assert ended.why is TalkEnd.CALLER_GONE
        assert ended.held_ms >= 1000 * HELD_S

    async def test_a_phone_that_declines_is_followed_by_the_next(self) -> None:
        li = await self.agent("1001", LI_HZ)
        wang = await self.agent("1002", WANG_HZ)
        caller = await self.caller()
        await li.rings()
        li.hang_up()
        await wang.rings()
        await wang.answer()
        await self.both_talk("wang")
        wang.hang_up()
        await caller.closed()
        await self.empty()
        (ended,) = self.house.of(events.RingEnded)
        assert isinstance(ended, events.RingEnded)
        assert (ended.agent, ended.why) == ("li", RingEnd.BUSY)  # what baresip says to decline
        assert caller.tone_heard_s(WANG_HZ) > TALK_S / 2

    async def test_a_phone_that_died_unnoticed_is_passed_by(self) -> None:
        li = await self.agent("1001", LI_HZ)
        wang = await self.agent("1002", WANG_HZ)
        li.kill()  # its registration lives on
        caller = await self.caller()
        await wang.rings()
        caller.hang_up()
        await self.empty()
        first, _ = self.house.of(events.RingEnded)
        assert isinstance(first, events.RingEnded)
        assert (first.agent, first.why) == ("li", RingEnd.UNREACHABLE)

    async def test_a_caller_who_gives_up_stops_the_ringing(self) -> None:
        li = await self.agent("1001", LI_HZ)
        caller = await self.caller()
        await li.rings()
        caller.hang_up()
        await li.closed()
        await self.empty()
        assert self.house.visitors[0].end is TicketEnd.CALLER_GONE

    async def test_an_agent_whose_phone_dies_in_the_talk_is_followed_by_the_next(self) -> None:
        li, caller = await self.talk_with_li()
        wang = await self.agent("1002", WANG_HZ)
        li.kill()
        await wang.rings()
        await deferLater(reactor, APOLOGY_S)
        await wang.answer()
        await self.both_talk("wang")
        caller.hang_up()
        await self.empty()
        ended = [(e.agent, e.why) for e in self.house.told if isinstance(e, events.AgentEnded)]
        assert ended == [("li", TalkEnd.LINK_LOST), ("wang", TalkEnd.CALLER_GONE)]
        said = self.house.voice.clips("agent.lost", {}, Language.ZH)
        assert likeness(caller.heard(), g711.decode_alaw(said[0].alaw)[:8000]) > 0.95
        assert tone_s(caller.heard(), WANG_HZ) > TALK_S / 2

    async def test_keys_of_the_agent_pass_the_caller_to_another(self) -> None:
        li, caller = await self.talk_with_li()
        wang = await self.agent("1002", WANG_HZ)
        await li.press("*1102#")
        await wang.rings()
        await li.closed()
        await wang.answer()
        await self.both_talk("wang")
        wang.hang_up()
        await caller.closed()
        await self.empty()
        assert tone_s(caller.heard(), WANG_HZ) > TALK_S / 2

    async def test_the_transfer_button_passes_the_caller_to_another(self) -> None:
        li, caller = await self.talk_with_li()
        wang = await self.agent("1002", WANG_HZ)
        li.do("transfer", f"sip:102@127.0.0.1:{self.port}")
        await wang.rings()
        await li.closed()
        await wang.answer()
        await self.both_talk("wang")
        caller.hang_up()
        await self.empty()
        whys = [e.why for e in self.house.told if isinstance(e, events.AgentEnded)]
        assert whys == [TalkEnd.TRANSFERRED, TalkEnd.CALLER_GONE]

    async def test_an_agent_dials_away_and_back(self) -> None:
        li = await self.agent("1001", LI_HZ)
        for code, state in (("*82", AgentState.AWAY), ("*81", AgentState.READY)):
            assert await li.dial(f"sip:{code}@127.0.0.1:{self.port}")
            await li.closed()
            assert self.state("li") is state
        await self.empty()

    async def test_a_phone_on_tcp_talks_and_is_gone_with_its_connection(self) -> None:
        li = await self.agent("1001", LI_HZ, "tcp")
        caller = await self.caller()
        await li.rings()
        await li.answer()
        await self.both_talk("li")
        caller.hang_up()
        await self.empty()
        await until(lambda: self.state("li") is AgentState.READY, "li is free again")
        li.kill()
        await until(lambda: self.state("li") is AgentState.OFFLINE, "li is gone")


class AgentsOverWorkers(AgentsTest):
    async def setUp(self) -> None:
        self.host = WorkerHost(reactor, "127.0.0.1", (0, 0), 100)
        self.media = HostedMedia([self.host], reactor)
        await super().setUp()

    async def test_a_lost_media_worker_ends_the_talk_and_leaves_nothing(self) -> None:
        li, caller = await self.talk_with_li()
        os.kill(self.host.pid, signal.SIGKILL)
        await li.closed()
        await caller.closed()
        await self.empty()
        (ended,) = self.house.of(events.AgentEnded)
        assert isinstance(ended, events.AgentEnded)
        assert ended.why in (TalkEnd.CALLER_GONE, TalkEnd.LINK_LOST)
        await until(lambda: self.state("li") is AgentState.READY, "li is free again")
