"""Thirty callers of SIPp and two agents who answer at once and hang up as they like."""

import random
import tempfile
from pathlib import Path

import pytest
from twisted.internet import reactor
from twisted.internet.defer import DeferredList, ensureDeferred
from twisted.internet.task import LoopingCall
from twisted.trial.unittest import TestCase

from gateway.callcenter import events
from gateway.callcenter.events import AgentState
from tests.peers.agent_house import PASSWORDS, AgentHouse, a_centre_of_two
from tests.peers.agent_phone import TonePhone, until
from tests.peers.sipp_caller import sipp

pytestmark = pytest.mark.peer("baresip", "sipp")

# calls, calls per second, seconds after the 0: some leave while it rings, some wait, some talk
CROWDS = ((12, 4, 0.2), (10, 2, 2.0), (8, 2, 5.0))
HANG_UP_EVERY_S = 0.7


class ManyCallers(TestCase):
    async def test_no_caller_is_left_over_and_no_agent_stuck(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        folder = Path(temporary.name)
        house = AgentHouse(folder, a_centre_of_two(wrap_up_s=0.2, quiet_s=5.0))
        house.says_goodbye = False  # the callers do
        port = await house.start()
        self.addCleanup(house.stop)
        agents = [await self.agent(folder, port, phone) for phone in PASSWORDS]
        states = house.centre.desk.agent_states
        await until(lambda: set(states().values()) == {AgentState.READY}, "agents are ready")
        rng = random.Random(7)
        hanging_up = LoopingCall(lambda: rng.choice(agents).hang_up())
        hanging_up.clock = reactor
        hanging_up.start(HANG_UP_EVERY_S, now=False)
        self.addCleanup(hanging_up.stop)
        crowds = []
        for number, (calls, calls_per_s, stays_s) in enumerate(CROWDS):
            (folder / f"crowd{number}").mkdir()
            run = sipp(
                "keys_by_info.xml", port, folder / f"crowd{number}", ("0", stays_s),
                calls=calls, calls_per_s=calls_per_s, ani=f"1390013900{number}",
            )  # fmt: skip
            crowds.append(ensureDeferred(run))
        for succeeded, failure in await DeferredList(crowds, consumeErrors=True):
            assert succeeded, failure
        await until(lambda: house.is_empty, f"all is over: {house.told[-3:]}")
        await until(lambda: set(states().values()) == {AgentState.READY}, "agents are free again")
        counts = {kind: len(house.of(kind)) for kind in (events.CallQueued, events.CallLeftQueue)}
        callers = sum(calls for calls, _, _ in CROWDS)
        assert counts == {events.CallQueued: callers, events.CallLeftQueue: callers}
        assert len(house.of(events.AgentConnected)) == len(house.of(events.AgentEnded)) > 5
        assert house.centre.desk.timer_count == 0

    async def agent(self, folder: Path, port: int, phone: str) -> TonePhone:
        """Start a phone that answers by itself."""
        at = f"127.0.0.1:{port}"
        agent = await TonePhone.begin(folder / phone, phone, 1_000, at, PASSWORDS[phone], "auto")
        self.addCleanup(agent.stop)
        return agent
