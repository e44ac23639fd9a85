"""linphonec registers, offered two digests or SHA-256 alone, by UDP and TCP; it calls as itself."""

import tempfile
from pathlib import Path

import pytest
from twisted.trial.unittest import TestCase

from tests.peers.gateway_edge import GatewayEdge
from tests.peers.linphone import Linphone

pytestmark = pytest.mark.peer("linphonec")


class LinphoneRegisters(TestCase):
    timeout = 100

    async def _registers(self, transport: str, *digests: str) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        gateway = GatewayEdge(
            Path(folder.name), {"agent1": "s3cret"}, open_hosts=(), digests=digests
        )
        port = await gateway.start()
        self.addCleanup(gateway.stop)
        phone = await Linphone.start(
            Path(folder.name) / "phone", "agent1", is_tcp=transport == "TCP"
        )
        self.addCleanup(phone.stop)
        at = f"127.0.0.1:{port}" + (";transport=tcp" if transport == "TCP" else "")
        phone.register("agent1", at, "s3cret")
        registrar = gateway.edge.registrar
        assert registrar is not None
        await gateway.until("the phone", lambda: registrar.is_registered("agent1"))
        ((_, hop),) = registrar.contacts("agent1")
        assert hop.transport == transport
        await phone.dial(f"sip:*81@{at}")
        (call,) = gateway.calls
        assert (call.phone, call.dnis) == ("agent1", "*81")
        phone.hang_up()
        await gateway.until("the end", lambda: call.is_closed)
        await phone.stop()
        await gateway.until("its leave", lambda: gateway.changes[-1:] == [("agent1", False)])

    async def test_by_udp_with_a_choice_of_digests(self) -> None:
        await self._registers("UDP", "SHA-256", "MD5")

    async def test_by_tcp_with_sha_256_alone(self) -> None:
        await self._registers("TCP", "SHA-256")
