"""baresip calls the user agent: keys arrive, sound is heard, both sides hang up."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from twisted.trial.unittest import TestCase

from gateway.media import g711
from gateway.media.port import Codec
from tests.builders.certificates import certificates
from tests.peers.baresip import Baresip
from tests.peers.gateway_phone import TONE, GatewayPhone

pytestmark = pytest.mark.peer("baresip")


class BaresipCalls(TestCase):
    async def setUp(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.files = certificates(Path(self.folder.name))
        self.gateway = GatewayPhone(tls_port=0, tls_certificate_file=self.files.server_file)
        self.port = await self.gateway.start()
        self.addCleanup(self.gateway.stop)

    async def phone(self, codec: str = "PCMA", transport: str = "udp") -> Baresip:
        phone = await Baresip.start(
            Path(self.folder.name) / f"{codec}-{transport}",
            codec=codec,
            transport=transport,
            ca_file=self.files.ca_file if transport == "tls" else "",
        )
        self.addCleanup(phone.stop)
        return phone

    async def test_its_keys_arrive_and_it_hears_the_prompt(self) -> None:
        phone = await self.phone()
        assert await phone.dial(f"sip:95500@127.0.0.1:{self.port}")
        await phone.press("100200300#")
        await phone.closed()
        (flow,) = self.gateway.flows
        assert flow.keys == "100200300#"
        assert flow.end == "local_bye"
        assert flow.call.ani == "+8613800138000"
        assert _likeness(phone.heard(), g711.decode_alaw(TONE)) > 0.99

    async def test_it_hangs_up_and_speaks_mu_law(self) -> None:
        phone = await self.phone("PCMU")
        assert await phone.dial(f"sip:95500@127.0.0.1:{self.port}")
        await phone.press("7*")
        phone.hang_up()
        await phone.closed()
        (flow,) = self.gateway.flows
        assert (flow.keys, flow.end) == ("7*", "remote_bye")
        assert flow.call.peer is not None
        assert flow.call.peer.codec is Codec.PCMU

    async def test_it_calls_by_tcp_and_by_tls_and_either_side_hangs_up(self) -> None:
        ports = {"tcp": self.port, "tls": self.gateway.tls_port}
        for transport, port in ports.items():
            phone = await self.phone(transport=transport)
            for keys, end in (("12#", "local_bye"), ("34", "remote_bye")):
                assert await phone.dial(f"sip:95500@127.0.0.1:{port};transport={transport}")
                await phone.press(keys)
                if end == "remote_bye":
                    phone.hang_up()
                await phone.closed()
                flow = self.gateway.flows[-1]
                assert (flow.keys, flow.end) == (keys, end)
                assert flow.call.source.transport == transport.upper()

    async def test_it_resumes_after_we_held_it(self) -> None:
        phone = await self.phone()
        assert await phone.dial(f"sip:95500@127.0.0.1:{self.port}")
        (flow,) = self.gateway.flows
        flow.call.hold()
        await phone.press("1")
        flow.call.unhold()
        await phone.press("2")
        phone.hang_up()
        await phone.closed()
        ladder = flow.call.ladder.text()
        assert ladder.count("-->  INVITE (SDP)") == 2
        assert ladder.count("<--  200 OK to INVITE (SDP)") == 2
        assert (flow.keys, flow.end) == ("2", "remote_bye"), "held, it sends nothing"

    async def test_a_refused_call_ends_at_once(self) -> None:
        self.gateway.on_call = lambda call: call.refuse(404)
        phone = await self.phone()
        assert not await phone.dial(f"sip:95500@127.0.0.1:{self.port}")


def _likeness(heard: np.ndarray, prompt: np.ndarray) -> float:
    """Return the highest correlation of half a second of the prompt within what was heard."""
    part = prompt[2000:6000].astype(float)
    heard = heard.astype(float)
    dots = np.correlate(heard, part, "valid")
    power = np.convolve(heard**2, np.ones(len(part)), "valid")
    return float((dots / np.sqrt(np.maximum(power, 1.0) * (part**2).sum())).max())
