"""A real phone registers with us by digest, is called, calls, and goes away."""

import tempfile
from pathlib import Path

import pytest
from twisted.trial.unittest import TestCase

from tests.peers.agent_phone import TonePhone
from tests.peers.gateway_edge import GatewayEdge

pytestmark = pytest.mark.peer("baresip")


class RegisteredPhone(TestCase):
    async def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        # The open networks are empty: what gets in gets in as a phone.
        self.gateway = GatewayEdge(self.folder, {"agent1": "s3cret"}, open_hosts=())
        self.port = await self.gateway.start()
        self.addCleanup(self.gateway.stop)
        assert self.gateway.edge.registrar is not None
        self.registrar = self.gateway.edge.registrar

    async def phone(self, name: str = "agent1", password: str = "s3cret") -> TonePhone:
        at = f"127.0.0.1:{self.port}"
        phone = await TonePhone.begin(self.folder / f"phone-{name}", name, 440, at, password)
        self.addCleanup(phone.stop)
        return phone

    async def test_it_registers_and_takes_itself_off(self) -> None:
        phone = await self.phone()
        await self.gateway.until("the phone", lambda: self.registrar.is_registered("agent1"))
        ((uri, hop),) = self.registrar.contacts("agent1")
        assert (uri.host, hop.host) == ("127.0.0.1", "127.0.0.1")
        await phone.stop()
        await self.gateway.until(
            "its end", lambda: self.gateway.changes == [("agent1", True), ("agent1", False)]
        )

    async def test_we_call_it_where_it_registered(self) -> None:
        phone = await self.phone()
        await self.gateway.until("the phone", lambda: self.registrar.is_registered("agent1"))
        ((uri, hop),) = self.registrar.contacts("agent1")
        call = self.gateway.edge.agent.place(
            uri, "95500", hop, self.gateway.local, display="账户 10000001"
        )
        told: list[str] = []
        call.on_answered(lambda peer: told.append("answered"))
        call.on_closed(lambda reason: told.append(reason.value))
        await phone.rings()
        await phone.answer()
        await self.gateway.until("an answer", lambda: told == ["answered"])
        call.hangup()
        await self.gateway.until("no dialog", lambda: self.gateway.edge.agent.call_count == 0)
        assert told == ["answered", "local_bye"]

    async def test_it_calls_us_and_proves_whose_it_is(self) -> None:
        phone = await self.phone()
        await self.gateway.until("the phone", lambda: self.registrar.is_registered("agent1"))
        assert await phone.dial(f"sip:*81@127.0.0.1:{self.port}")
        (call,) = self.gateway.calls
        assert (call.phone, call.dnis, call.trunk) == ("agent1", "*81", "")
        phone.hang_up()
        await self.gateway.until("the end", lambda: call.is_closed)

    async def test_a_wrong_password_and_an_unknown_name_stay_outside(self) -> None:
        for name, password in (("agent1", "wrong"), ("nobody", "s3cret")):
            phone = await self.phone(name, password)
            await self.gateway.until(
                f"a refusal of {name}",
                lambda phone=phone: "401" in phone.output or "403" in phone.output,
            )
        assert self.gateway.changes == []
