"""Our calls over SIPp as carriers: credentials asked for, trunks that fail, late answers."""

import tempfile
from pathlib import Path

import msgspec
import pytest
from twisted.trial.unittest import TestCase

from gateway.sip.dialled_call import DialledCall
from gateway.sip.edge_settings import TrunkSettings
from tests.peers.binaries import free_udp_port
from tests.peers.gateway_edge import GatewayEdge
from tests.peers.sipp_trunk import SippTrunk

pytestmark = pytest.mark.peer("sipp")


class SippTrunks(TestCase):
    timeout = 100

    async def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.told: list[str] = []

    def carrier(self, scenario: str) -> SippTrunk:
        trunk = SippTrunk(f"{scenario}.xml", self.folder / scenario)
        self.addCleanup(trunk.stop)
        return trunk

    async def place(self, *trunks: SippTrunk, **settings: object) -> DialledCall:
        """Call over these trunks, the first one first."""
        return await self.place_over(
            *(
                TrunkSettings(name=f"trunk{n}", address=trunk.address, priority=n, **settings)  # type: ignore[arg-type]
                for n, trunk in enumerate(trunks, 1)
            )
        )

    async def place_over(self, *trunks: TrunkSettings) -> DialledCall:
        quiet = tuple(msgspec.structs.replace(trunk, ping_s=0.0) for trunk in trunks)
        self.gateway = GatewayEdge(
            self.folder, trunks=quiet, own_numbers=("95500",), open_hosts=(), dial_silence_s=1.0
        )
        await self.gateway.start()
        self.addCleanup(self.gateway.stop)
        call = self.gateway.edge.dialler.place("+8613800138000", "95500", self.gateway.local)
        call.on_ringing(lambda: self.told.append("ringing"))
        call.on_answered(lambda peer: self.told.append("answered"))
        call.on_closed(lambda reason: self.told.append(reason.value))
        return call

    async def until_told(self, last: str) -> None:
        await self.gateway.until(last, lambda: self.told[-1:] == [last])

    async def test_a_carrier_that_asks_as_a_proxy_gets_credentials(self) -> None:
        await self._asked("trunk_407")

    async def test_a_carrier_that_checks_credentials_is_content(self) -> None:
        await self._asked("trunk_401")

    async def _asked(self, scenario: str) -> None:
        (self.folder / "password").write_text("s3cret\n")
        carrier = self.carrier(scenario)
        call = await self.place(carrier, username="hotline", password_file="password")
        await self.until_told("answered")
        assert (call.status, call.trunk) == (200, "trunk1")
        call.hangup()
        await carrier.succeeded()
        assert self.told == ["ringing", "answered", "local_bye"]

    async def test_a_carrier_that_does_not_know_the_password_refuses(self) -> None:
        (self.folder / "password").write_text("wrong\n")
        carrier = self.carrier("trunk_401")
        call = await self.place(carrier, username="hotline", password_file="password")
        await self.until_told("refused")
        assert call.status == 403
        await carrier.succeeded()

    async def test_a_call_that_one_trunk_cannot_carry_goes_over_the_next(self) -> None:
        full, good = self.carrier("trunk_503"), self.carrier("trunk_answers")
        call = await self.place(full, good)
        await self.until_told("answered")
        assert call.trunk == "trunk2"
        await full.succeeded()
        call.hangup()
        await good.succeeded()
        assert self.told == ["ringing", "answered", "local_bye"]

    async def test_a_late_answer_of_a_silent_trunk_is_hung_up(self) -> None:
        late, good = self.carrier("trunk_late"), self.carrier("trunk_answers")
        call = await self.place(late, good)
        await self.until_told("answered")
        assert call.trunk == "trunk2"
        await late.succeeded()
        assert not call.is_closed
        call.hangup()
        await good.succeeded()
        await self.gateway.until("no call", lambda: self.gateway.edge.agent.call_count == 0)
        assert self.told == ["ringing", "answered", "local_bye"]

    async def test_a_trunk_that_refuses_the_connection_is_passed_over(self) -> None:
        nobody = f"127.0.0.1:{free_udp_port()}"
        good = self.carrier("trunk_answers")
        call = await self.place_over(
            TrunkSettings(name="closed", address=nobody, transport="TCP", priority=1),
            TrunkSettings(name="good", address=good.address, priority=2),
        )
        await self.until_told("answered")
        assert call.trunk == "good"
        call.hangup()
        await good.succeeded()
        assert self.told == ["ringing", "answered", "local_bye"]
