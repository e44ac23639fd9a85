"""From the middle of an order to a person and back, over the product's own call flows."""

import tempfile
import time
from pathlib import Path

import pytest
from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from gateway.callcenter.events import AgentState, CallerShown
from gateway.ivr.actions.table import phone_actions
from gateway.ivr.door import PhoneDoor
from gateway.ivr.settings import PhoneSettings
from gateway.media import g711
from gateway.media.speech import Qty
from gateway.sip.incoming import IncomingCall
from risk.domain.enums import Language
from tests.builders.phone import ACCOUNT_NO, PIN, phone_ports
from tests.peers.agent_house import PASSWORDS, AgentHouse
from tests.peers.agent_phone import TonePhone, likeness, tone_s, until

pytestmark = pytest.mark.peer("baresip")

CALLER_HZ, LI_HZ = 600, 1_000
TALK_S, AFTER_S = 1.5, 6.0


class HotlineHouse(AgentHouse):
    """Its callers meet the phone door, with a fake heart behind it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        settings = PhoneSettings()
        actions = phone_actions(phone_ports(), settings, self.voice, reactor, time.time_ns)
        self.door = PhoneDoor(
            *(settings, self.media, self.voice, actions, reactor, time.time_ns),
            desk=self.centre.desk,
        )

    async def begin(self) -> None:
        await self.door.start()

    def take(self, call: IncomingCall) -> None:
        self.door.call_received(call)

    async def stop(self) -> None:
        self.centre.stop()
        await self.door.stop()
        await super().stop()


class AgentsOfTheHotline(TestCase):
    async def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        self.house = HotlineHouse(self.folder)
        self.port = await self.house.start()
        self.addCleanup(self.house.stop)

    async def test_a_caller_in_an_order_gets_a_person_and_then_goes_on_with_it(self) -> None:
        at = f"127.0.0.1:{self.port}"
        li = await TonePhone.begin(self.folder / "li", "1001", LI_HZ, at, PASSWORDS["1001"])
        self.addCleanup(li.stop)
        states = self.house.centre.desk.agent_states
        await until(lambda: states()["li"] is AgentState.READY, "li is registered")
        caller = await TonePhone.begin(self.folder / "caller", "13800138000", CALLER_HZ)
        self.addCleanup(caller.stop)
        assert await caller.dial(f"sip:95500@{at}")
        await caller.press(f"1{ACCOUNT_NO}#{PIN}#")
        await caller.press("1600000")
        await deferLater(reactor, 1.0)
        await caller.press("10*05#")
        await caller.press("*0")
        shown = await li.rings()
        assert "verified, account ending 0300 was buying 600000 10.05" in str(shown)
        await li.answer()
        await deferLater(reactor, TALK_S)
        li.hang_up()
        await until(lambda: self.house.centre.desk.call_count == 0, "the desk is done")
        await deferLater(reactor, AFTER_S)  # the flow goes on where it was
        caller.hang_up()
        await until(lambda: self.house.is_empty, "all is over")
        (card,) = [event.card for event in self.house.told if isinstance(event, CallerShown)]
        assert (card.account_no, card.is_verified) == (ACCOUNT_NO, True)
        assert PIN not in repr(card)
        heard = caller.heard()
        assert tone_s(heard, LI_HZ) > TALK_S / 2
        asked = self.house.voice.clips("order.qty_buy", {"most": Qty(100)}, Language.ZH)[-1]
        after_talk = heard[-int(AFTER_S * 8000) :]
        assert likeness(after_talk, g711.decode_alaw(asked.alaw)[:8000]) > 0.95
