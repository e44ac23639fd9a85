"""Calls of ours to SIPp as the far end: early media with PRACK, hold, REFER, over UDP."""

import tempfile
from pathlib import Path

import pytest
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from gateway.media.port import RtpPeer
from gateway.sip.uri import Uri
from gateway.sip.wire import Hop
from tests.peers.gateway_phone import GatewayPhone
from tests.peers.sipp_trunk import SippTrunk

pytestmark = pytest.mark.peer("sipp")


class OutgoingCalls(TestCase):
    async def setUp(self) -> None:
        self.gateway = GatewayPhone()
        await self.gateway.start()
        self.addCleanup(self.gateway.stop)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    async def test_it_is_heard_early_held_referred_and_hung_up(self) -> None:
        trunk = SippTrunk("carrier_prack.xml", self.folder / "carrier")
        self.addCleanup(trunk.stop)
        told: list[object] = []
        answered: Deferred[RtpPeer] = Deferred()
        held: Deferred[RtpPeer] = Deferred()
        referred: Deferred[int] = Deferred()
        to = Uri("sip", "13800138000", "127.0.0.1", trunk.port)
        hop = Hop("127.0.0.1", trunk.port)
        call = self.gateway.agent.place(to, "95500", hop, ("127.0.0.1", 40_000))
        call.on_early(lambda peer: told.append("early"))
        call.on_answered(answered.callback)
        call.on_closed(lambda reason: told.append(reason.value))
        peer = await answered.addTimeout(20, reactor)
        call.on_peer(held.callback)
        call.hold()
        assert (await held.addTimeout(20, reactor)).port == peer.port
        call.on_refer_progress(referred.callback)
        call.refer(Uri("sip", "8001", "127.0.0.1"))
        assert await referred.addTimeout(20, reactor) == 200
        call.hangup()
        await trunk.succeeded()
        assert told == ["early", "local_bye"]
