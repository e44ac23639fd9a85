"""linphonec calls the user agent: a third stack, with keys by RFC 4733 and by SIP INFO."""

import tempfile
from pathlib import Path

import pytest
from twisted.trial.unittest import TestCase

from tests.peers.gateway_phone import GatewayPhone
from tests.peers.linphone import INFO_KEY_S, Linphone

pytestmark = pytest.mark.peer("linphonec")


class LinphoneCalls(TestCase):
    timeout = 100

    async def setUp(self) -> None:
        self.gateway = GatewayPhone()
        self.port = await self.gateway.start()
        self.addCleanup(self.gateway.stop)
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    async def phone(self, *, is_info: bool = False) -> Linphone:
        phone = await Linphone.start(Path(self.folder.name) / "phone", is_info=is_info)
        self.addCleanup(phone.stop)
        return phone

    async def test_its_keys_arrive_by_rfc_4733_and_it_hears_our_goodbye(self) -> None:
        phone = await self.phone()
        await phone.dial(f"sip:95500@127.0.0.1:{self.port}")
        await phone.press("100200*#")
        await phone.closed()
        (flow,) = self.gateway.flows
        assert flow.keys == "100200*#"
        assert flow.end == "local_bye"

    async def test_it_hangs_up(self) -> None:
        phone = await self.phone()
        await phone.dial(f"sip:95500@127.0.0.1:{self.port}")
        await phone.press("7")
        phone.hang_up()
        await phone.closed()
        (flow,) = self.gateway.flows
        assert (flow.keys, flow.end) == ("7", "remote_bye")

    async def test_its_keys_arrive_by_info(self) -> None:
        phone = await self.phone(is_info=True)
        await phone.dial(f"sip:95500@127.0.0.1:{self.port}")
        await phone.press("11#", key_s=INFO_KEY_S)
        await phone.closed()
        (flow,) = self.gateway.flows
        assert flow.keys == "11#"
