"""Our scripted caller against our user agent over real sockets."""

import contextlib
import secrets
import socket
import time
from collections.abc import Callable

import numpy as np
import pytest
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from gateway.media import g711
from gateway.sip.incoming import IncomingCall
from gateway.sip.softphone import CallFailed, Softphone, open_softphone, parse_script
from gateway.sip.uri import Uri
from gateway.sip.wire import Hop
from tests.builders.sip import a_request
from tests.peers.gateway_phone import TONE, GatewayPhone
from tests.unit.gateway.sip.test_torture import MESSAGES

TIMEOUT_S = 10.0


class SoftphoneCalls(TestCase):
    async def setUp(self) -> None:
        self.gateway = GatewayPhone()
        self.port = await self.gateway.start()
        self.addCleanup(self.gateway.stop)
        self.phone: Softphone = await open_softphone(
            reactor, "127.0.0.1", time.time_ns, secrets.randbits
        )
        self.addCleanup(self.phone.close)
        self.hop = Hop("127.0.0.1", self.port)
        self.uri = Uri("sip", user="95500", host="127.0.0.1", port=self.port)

    async def until(self, is_true: Callable[[], bool], what: str) -> None:
        end_s = time.monotonic() + TIMEOUT_S
        while not is_true():
            assert time.monotonic() < end_s, f"waited {TIMEOUT_S} s until {what}"
            await deferLater(reactor, 0.02)

    async def test_a_scripted_call_hears_the_prompt_and_its_keys_arrive(self) -> None:
        call = await self.phone.dial(self.uri, "13800138000", self.hop)
        await call.run(parse_script("|100*25#|"))
        heard = await call.end()
        (flow,) = self.gateway.flows
        assert flow.keys == "100*25#"
        assert flow.call.ani == "+8613800138000"
        assert flow.call.dnis == "95500"
        assert flow.end == "local_bye"
        loud = np.abs(g711.decode_alaw(heard).astype(int)) > 400
        assert 1.8 < loud.sum() / 8000 * (np.pi / (np.pi - 0.1)) < 2.1, "two seconds of tone"
        assert TONE[:4000] in heard

    async def test_the_caller_may_hang_up_in_the_middle(self) -> None:
        call = await self.phone.dial(self.uri, "alice", self.hop)
        await call.press("12")
        await call.end()
        await self.until(lambda: self.gateway.flows[0].end != "", "the gateway knows")
        assert self.gateway.flows[0].end == "remote_bye"
        await self.until(lambda: self.gateway.media.leg_count == 0, "the leg is closed")

    async def test_a_refused_call_fails_with_its_status(self) -> None:
        self.gateway.on_call = lambda call: call.refuse(486)
        with pytest.raises(CallFailed, match="486") as failed:
            await self.phone.dial(self.uri, "alice", self.hop)
        assert any("486 Busy Here" in line for line in failed.value.ladder_lines)

    async def test_an_unanswered_call_is_cancelled(self) -> None:
        calls: list[IncomingCall] = []

        def ring(call: IncomingCall) -> None:
            calls.append(call)
            call.ringing()

        self.gateway.on_call = ring
        with pytest.raises(CallFailed):
            await self.phone.dial(self.uri, "alice", self.hop, ring_s_max=0.3)
        await self.until(lambda: calls[0].is_closed, "the CANCEL arrives")
        assert calls[0].close_reason is not None
        assert calls[0].close_reason.value == "cancelled"

    async def test_keys_after_the_far_end_hung_up_fail(self) -> None:
        call = await self.phone.dial(self.uri, "alice", self.hop)
        await call.run(parse_script("#|"))
        await self.until(lambda: call.is_over, "the gateway hangs up")
        with pytest.raises(CallFailed):
            await call.press("1")
        await call.end()

    async def test_twenty_calls_at_once_all_get_their_keys_through(self) -> None:
        calls = [await self.phone.dial(self.uri, f"1380000{n:04d}", self.hop) for n in range(20)]
        presses = [Deferred.fromCoroutine(call.press(f"{n:02d}*")) for n, call in enumerate(calls)]
        for press in presses:
            await press
        for call in calls:
            await call.end()
        keys = {flow.call.ani: flow.keys for flow in self.gateway.flows}
        assert keys == {f"+861380000{n:04d}": f"{n:02d}*" for n in range(20)}

    async def test_a_closed_socket_ends_the_calls_and_their_legs(self) -> None:
        call = await self.phone.dial(self.uri, "alice", self.hop)
        await self.gateway.transport.stop()
        assert self.gateway.flows[0].end == "transport_lost"
        await self.until(lambda: self.gateway.media.leg_count == 0, "the leg is closed")
        await call.end()

    async def test_a_flood_from_one_host_does_not_reach_callers_of_another(self) -> None:
        gateway = GatewayPhone(peer_datagrams_per_s=20.0, peer_datagrams_burst=40)
        port = await gateway.start()
        self.addCleanup(gateway.stop)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.bind(("127.0.0.2", 0))
            stranger.setblocking(False)
            for n in range(100):
                text = a_request("OPTIONS", branch=f"z9hG4bKflood{n}", call_id=str(n))
                stranger.sendto(text.encode(), ("127.0.0.1", port))
            call = await self.phone.dial(self.uri, "alice", Hop("127.0.0.1", port))
            await call.press("1#")
            await call.end()
            answers = 0
            with contextlib.suppress(BlockingIOError):
                while stranger.recv(2000):
                    answers += 1
        assert gateway.flows[0].keys == "1#"
        assert 40 <= answers <= 80

    async def test_every_torture_message_leaves_the_gateway_answering(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            for path in sorted(MESSAGES.glob("*.dat")):
                data = path.read_bytes()
                stranger.sendto(data, self.hop.address)
                stranger.sendto(data[: len(data) // 2], self.hop.address)
            call = await self.phone.dial(self.uri, "alice", self.hop)
            await call.press("1#")
            await call.end()
        assert self.gateway.flows[-1].keys == "1#"

    async def test_garbage_does_not_reach_other_callers(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            for size in (0, 1, 100, 20_000):
                stranger.sendto(secrets.token_bytes(size), self.hop.address)
            stranger.sendto(b"INVITE sip:x SIP/2.0\r\nVia: nonsense\r\n\r\n", self.hop.address)
            call = await self.phone.dial(self.uri, "alice", self.hop)
            await call.press("1#")
            await call.end()
        assert self.gateway.flows[0].keys == "1#"
