"""SIPp calls the user agent: the ordinary call, keys, and the awkward scenarios."""

import tempfile
import time
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from gateway.sip.incoming import IncomingCall
from tests.peers.gateway_phone import GatewayPhone
from tests.peers.sipp_caller import sipp

pytestmark = pytest.mark.peer("sipp")


class SippCalls(TestCase):
    async def setUp(self) -> None:
        self.gateway = GatewayPhone()
        self.port = await self.gateway.start()
        self.addCleanup(self.gateway.stop)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    @property
    def ends(self) -> list[str]:
        return [flow.end for flow in self.gateway.flows]

    async def test_keys_arrive_and_it_hangs_up(self) -> None:
        self.gateway.hangs_up = False
        await sipp("keys_then_bye.xml", self.port, self.folder, steps=[1.2, "13", 1.0, "5#"])
        (flow,) = self.gateway.flows
        assert (flow.keys, flow.end) == ("135#", "remote_bye")
        assert (flow.call.ani, flow.call.dnis) == ("+8613900139000", "95500")

    async def test_keys_arrive_and_we_hang_up(self) -> None:
        await sipp("keys_then_wait.xml", self.port, self.folder, steps=[0.5, "20*48#"])
        (flow,) = self.gateway.flows
        assert (flow.keys, flow.end) == ("20*48#", "local_bye")

    async def test_it_gives_up_while_it_rings(self) -> None:
        self.gateway.on_call = IncomingCall.ringing
        await sipp("cancel.xml", self.port, self.folder)
        assert self.gateway.agent.call_count == 0

    async def test_it_leaves_the_offer_to_us(self) -> None:
        await sipp("late_offer.xml", self.port, self.folder)
        (flow,) = self.gateway.flows
        assert flow.end == "remote_bye"
        assert flow.call.peer is not None
        assert flow.call.peer.event_type == 96

    async def test_it_acknowledges_late(self) -> None:
        before = _repeats()
        await sipp("late_ack.xml", self.port, self.folder)
        assert _repeats() - before == 2, "after 0.5 s and 1.5 s, and no more after the ACK"
        assert self.ends == ["remote_bye"]

    async def test_it_invites_again_within_the_call(self) -> None:
        await sipp("reinvite.xml", self.port, self.folder)
        assert self.ends == ["remote_bye"]

    async def test_it_asks_for_reliable_ringing_and_early_media(self) -> None:
        def ring(call: IncomingCall) -> None:
            call.ringing()
            call.early_media(("127.0.0.1", 40_000))
            reactor.callLater(0.3, call.answer, ("127.0.0.1", 40_000))

        self.gateway.on_call = ring
        await sipp("prack.xml", self.port, self.folder)
        assert self.gateway.agent.call_count == 0

    async def test_it_holds_and_refreshes_by_update(self) -> None:
        held: list[bool] = []
        begin = self.gateway.on_call

        def watch(call: IncomingCall) -> None:
            call.on_hold(held.append)
            begin(call)

        self.gateway.on_call = watch
        await sipp("update.xml", self.port, self.folder)
        assert (held, self.ends) == ([True, False], ["remote_bye"])

    async def test_it_wants_too_brief_a_session_timer(self) -> None:
        await sipp("too_brief.xml", self.port, self.folder)
        assert self.ends == ["remote_bye"]

    async def test_it_presses_keys_by_info(self) -> None:
        keys: list[str] = []
        begin = self.gateway.on_call

        def listen(call: IncomingCall) -> None:
            call.on_key(keys.append)
            begin(call)

        self.gateway.on_call = listen
        await sipp("info_keys.xml", self.port, self.folder)
        assert keys == list("159*0")

    async def test_it_gives_up_in_the_moment_of_the_answer(self) -> None:
        await sipp("cancel_race.xml", self.port, self.folder)
        assert self.ends == ["remote_bye"]

    async def test_it_says_everything_five_times(self) -> None:
        await sipp("storm.xml", self.port, self.folder, calls=5)
        assert self.ends == ["remote_bye"] * 5

    async def test_it_calls_over_one_tcp_connection_and_over_one_per_call(self) -> None:
        for transport in ("t1", "tn"):
            for scenario in ("late_offer.xml", "update.xml", "info_keys.xml", "reinvite.xml"):
                await sipp(scenario, self.port, self.folder, calls=5, transport=transport)
        assert self.ends == ["remote_bye"] * 40
        assert {flow.call.source.transport for flow in self.gateway.flows} == {"TCP"}

    async def test_it_hears_our_hang_up_over_tcp(self) -> None:
        steps = [0.5, "20*48#"]
        await sipp("keys_then_wait.xml", self.port, self.folder, steps=steps, transport="t1")
        (flow,) = self.gateway.flows
        assert (flow.keys, flow.end) == ("20*48#", "local_bye")

    async def test_it_asks_for_what_does_not_exist(self) -> None:
        await sipp("outside_dialog.xml", self.port, self.folder)
        assert self.ends == []

    async def test_it_offers_what_we_cannot_do(self) -> None:
        await sipp("no_common_codec.xml", self.port, self.folder)
        assert self.ends == []

    async def test_fifty_calls_in_a_second_all_succeed(self) -> None:
        await sipp("late_offer.xml", self.port, self.folder, calls=50, calls_per_s=50)
        assert self.ends == ["remote_bye"] * 50
        end_s = time.monotonic() + 5.0
        while self.gateway.media.leg_count:
            assert time.monotonic() < end_s, "legs of dead calls are left"
            await deferLater(reactor, 0.02)


def _repeats() -> float:
    name = "hotline_sip_retransmissions_total"
    return REGISTRY.get_sample_value(name, {"way": "sent"}) or 0.0
