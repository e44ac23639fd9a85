"""Calls over TCP and TLS between our scripted caller and our user agent, and what strangers try."""

import contextlib
import secrets
import socket
import ssl
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from gateway.sip.softphone import CallFailed, Softphone, open_softphone
from gateway.sip.uri import Uri
from gateway.sip.wire import Hop
from tests.builders.certificates import certificates
from tests.builders.sip import OFFER, a_request
from tests.peers.gateway_phone import GatewayPhone
from tests.unit.gateway.sip.test_torture import MESSAGES

TIMEOUT_S = 10.0


class StreamCalls(TestCase):
    async def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.files = certificates(Path(folder.name))

    async def gateway(self, **settings: object) -> GatewayPhone:
        gateway = GatewayPhone(tls_port=0, tls_certificate_file=self.files.server_file, **settings)
        await gateway.start()
        self.addCleanup(gateway.stop)
        return gateway

    async def phone(self, ca_file: str = "") -> Softphone:
        phone = await open_softphone(
            reactor, "127.0.0.1", time.time_ns, secrets.randbits, ca_file or self.files.ca_file
        )
        self.addCleanup(phone.close)
        return phone

    async def until(self, is_true: Callable[[], bool], what: str) -> None:
        end_s = time.monotonic() + TIMEOUT_S
        while not is_true():
            assert time.monotonic() < end_s, f"waited {TIMEOUT_S} s until {what}"
            await deferLater(reactor, 0.02)

    def to(self, gateway: GatewayPhone, transport: str) -> tuple[Uri, Hop]:
        local = gateway.transport.local_of(transport)
        param = (("transport", transport.lower()),)
        return Uri("sip", user="95500", host=local.host, port=local.port, params=param), local

    async def test_keys_arrive_and_both_sides_hang_up_over_each_transport(self) -> None:
        gateway, phone = await self.gateway(), await self.phone()
        for transport in ("UDP", "TCP", "TLS"):
            uri, hop = self.to(gateway, transport)
            call = await phone.dial(uri, "13800138000", hop)
            await call.press("12*")
            await call.end()
            call = await phone.dial(uri, "13800138000", hop)
            await call.press("7#")
            await self.until(lambda call=call: call.is_over, "the gateway hangs up")
            await call.end()
        assert [flow.keys for flow in gateway.flows] == ["12*", "7#"] * 3
        assert [flow.end for flow in gateway.flows] == ["remote_bye", "local_bye"] * 3
        assert [flow.call.source.transport for flow in gateway.flows[::2]] == ["UDP", "TCP", "TLS"]

    async def test_twenty_calls_share_one_connection(self) -> None:
        gateway, phone = await self.gateway(peer_connections_max=1), await self.phone()
        uri, hop = self.to(gateway, "TCP")
        calls = [await phone.dial(uri, f"1{n}", hop) for n in range(20)]
        for call in calls:
            await call.end()
        assert {flow.end for flow in gateway.flows} == {"remote_bye"}
        assert len({flow.call.source for flow in gateway.flows}) == 1

    async def test_a_server_that_cannot_prove_its_name_is_not_called(self) -> None:
        gateway = await self.gateway()
        phone = await self.phone(self.files.other_ca_file)
        uri, hop = self.to(gateway, "TLS")
        with pytest.raises(CallFailed):
            await phone.dial(uri, "alice", hop)
        assert gateway.flows == []

    async def test_a_call_to_a_port_where_nobody_listens_fails_at_once(self) -> None:
        phone = await self.phone()
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            hop = Hop("127.0.0.1", taken.getsockname()[1], "TCP")
            with pytest.raises(CallFailed) as failed:
                await phone.dial(Uri("sip", "x", hop.host, hop.port), "alice", hop)
        assert "no_answer" in str(failed.value)

    async def test_a_client_without_the_certificate_that_is_asked_for_gets_no_answer(self) -> None:
        gateway = await self.gateway(tls_client_ca_file=self.files.ca_file)
        context = ssl.create_default_context(cafile=self.files.ca_file)
        answered = await self.tls_options(gateway, context)
        assert answered == b""
        context.load_cert_chain(self.files.client_file)
        answered = await self.tls_options(gateway, context)
        assert answered.startswith(b"SIP/2.0 200 OK\r\n")

    async def tls_options(self, gateway: GatewayPhone, context: ssl.SSLContext) -> bytes:
        """Return what an OPTIONS over TLS is answered with, without blocking the reactor."""

        def ask() -> bytes:
            address = ("127.0.0.1", gateway.tls_port)
            with (
                contextlib.suppress(ssl.SSLError, ConnectionError),
                socket.create_connection(address, timeout=TIMEOUT_S) as plain,
                context.wrap_socket(plain, server_hostname="127.0.0.1") as wire,
            ):
                wire.sendall(a_request("OPTIONS").encode())
                return wire.recv(4000)
            return b""

        from twisted.internet.threads import deferToThread

        return await deferToThread(ask)

    async def raw(self, gateway: GatewayPhone) -> socket.socket:
        wire = socket.create_connection(gateway.transport.local_of("TCP").address)
        wire.setblocking(False)
        self.addCleanup(wire.close)
        return wire

    async def read(self, wire: socket.socket, until: bytes = b"") -> bytes:
        """Return what arrives up to `until`, or up to the end of the connection."""
        got = b""
        end_s = time.monotonic() + TIMEOUT_S
        while not (until and until in got):
            assert time.monotonic() < end_s, f"waited {TIMEOUT_S} s, got {got!r}"
            try:
                data = wire.recv(65_536)
            except BlockingIOError:
                await deferLater(reactor, 0.01)
            except ConnectionResetError:
                return got
            else:
                if not data:
                    return got
                got += data
        return got

    async def test_answers_come_back_on_the_connection_whatever_the_via_says(self) -> None:
        gateway = await self.gateway()
        wire = await self.raw(gateway)
        via = "Via: SIP/2.0/TCP 203.0.113.9:9;branch=z9hG4bKx"
        wire.sendall(a_request("OPTIONS", via=via).encode())
        answer = await self.read(wire, b"\r\n\r\n")
        assert answer.startswith(b"SIP/2.0 200 OK\r\n")
        assert b"received=127.0.0.1" in answer

    async def test_our_bye_goes_over_the_connection_the_call_came_by(self) -> None:
        gateway = await self.gateway()
        wire = await self.raw(gateway)
        via = "Via: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKx"
        contact = "<sip:alice@127.0.0.1:9;transport=tcp>"
        wire.sendall(a_request(via=via, contact=contact, body=OFFER).encode())
        answer = await self.read(wire, b"a=sendrecv")
        tag = answer.split(b"\r\nTo: ")[-1].split(b";tag=")[1].split(b"\r\n")[0].decode()
        port = gateway.transport.local_of("TCP").port
        assert b"Contact: <sip:hotline@127.0.0.1:%d;transport=tcp>" % port in answer
        ack = a_request("ACK", via=via + "a", to_tag=tag, cseq_method="ACK")
        wire.sendall(ack.encode())
        await self.until(lambda: not gateway.flows[0].call.has_answer_in_flight, "the ACK is in")
        gateway.flows[0].call.hangup()
        bye = await self.read(wire, b"\r\n\r\n")
        assert bye.startswith(b"BYE sip:alice@127.0.0.1:9;transport=tcp SIP/2.0\r\n")
        assert b"Via: SIP/2.0/TCP 127.0.0.1:" in bye

    async def test_what_is_cut_off_or_garbage_costs_its_connection_only(self) -> None:
        gateway, phone = await self.gateway(), await self.phone()
        whole = a_request(body=OFFER).encode()
        for junk in (whole[:40], whole[:-20], b"\0" * 30_000, secrets.token_bytes(50_000)):
            wire = await self.raw(gateway)
            with contextlib.suppress(ConnectionError, BlockingIOError):
                wire.sendall(junk)
            wire.close()
        uri, hop = self.to(gateway, "TCP")
        call = await phone.dial(uri, "alice", hop)
        await call.press("1")
        await call.end()
        assert [flow.keys for flow in gateway.flows] == ["1"]

    async def test_a_length_that_is_missing_is_told_and_ends_the_connection(self) -> None:
        gateway = await self.gateway()
        wire = await self.raw(gateway)
        wire.sendall(a_request("OPTIONS").replace("Content-Length: 0\r\n", "").encode())
        assert (await self.read(wire)).startswith(b"SIP/2.0 400 Bad Request\r\n")

    async def test_every_torture_message_over_tcp_leaves_the_gateway_answering(self) -> None:
        gateway = await self.gateway()
        for path in sorted(MESSAGES.glob("*.dat")):
            wire = await self.raw(gateway)
            wire.sendall(path.read_bytes())
            wire.close()
        wire = await self.raw(gateway)
        wire.sendall(a_request("OPTIONS", call_id="after").encode())
        assert (await self.read(wire, b"\r\n\r\n")).startswith(b"SIP/2.0 200 OK\r\n")
