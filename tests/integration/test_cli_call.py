"""`hotline call` as a person runs it: a process, its exit code, its ladder and its WAV file."""

import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from gateway.media.sound import read_wav
from tests.builders.certificates import certificates
from tests.peers.gateway_phone import GatewayPhone

TIMEOUT_S = 20.0
COMMAND = [sys.executable, "-c", "from gateway.cli.main import main; main()", "call"]


class HotlineCall(TestCase):
    async def setUp(self) -> None:
        self.gateway = GatewayPhone()
        port = await self.gateway.start()
        self.addCleanup(self.gateway.stop)
        self.uri = f"sip:95500@127.0.0.1:{port}"
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def begin(self, *arguments: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    async def until(self, is_true: Callable[[], bool], what: str) -> None:
        end_s = time.monotonic() + TIMEOUT_S
        while not is_true():
            assert time.monotonic() < end_s, f"waited {TIMEOUT_S} s until {what}"
            await deferLater(reactor, 0.02)

    async def ended(self, process: "subprocess.Popen[str]") -> tuple[int, str, str]:
        await self.until(lambda: process.poll() is not None, "the command ends")
        out, err = process.communicate()
        return process.returncode, out, err

    async def test_keys_are_pressed_and_the_sound_is_kept(self) -> None:
        wav = self.folder / "heard.wav"
        process = self.begin(
            self.uri, "--keys", "|12*#|", "--from", "13900139000", "--wav", str(wav)
        )
        code, out, err = await self.ended(process)
        assert (code, err) == (0, "")
        assert self.gateway.flows[0].keys == "12*#"
        assert self.gateway.flows[0].call.ani == "+8613900139000"
        assert "-->  INVITE (SDP)" in out
        assert "<--  BYE" in out
        pcm, rate = read_wav(wav.read_bytes())
        assert rate == 8000
        assert 2.0 < len(pcm) / rate < 6.0

    async def test_it_calls_by_tcp_and_by_tls_when_the_address_says_so(self) -> None:
        files = certificates(self.folder)
        gateway = GatewayPhone(tls_port=0, tls_certificate_file=files.server_file)
        port = await gateway.start()
        self.addCleanup(gateway.stop)
        by_tcp = f"sip:95500@127.0.0.1:{port};transport=tcp"
        by_tls = f"sips:95500@127.0.0.1:{gateway.tls_port}"
        for arguments in ((by_tcp,), (by_tls, "--ca", files.ca_file)):
            code, _, err = await self.ended(self.begin(*arguments, "--keys", "1#"))
            assert (code, err) == (0, "")
        assert [flow.keys for flow in gateway.flows] == ["1#", "1#"]
        assert [flow.call.source.transport for flow in gateway.flows] == ["TCP", "TLS"]
        code, _, err = await self.ended(self.begin(by_tls))
        assert code == 1, "nobody else vouches for it"
        code, _, err = await self.ended(self.begin(f"{self.uri};transport=sctp"))
        assert (code, "udp, tcp or tls" in err) == (2, True)

    async def test_a_refused_call_ends_with_one_and_says_why(self) -> None:
        self.gateway.on_call = lambda call: call.refuse(486)
        code, out, err = await self.ended(self.begin(self.uri))
        assert code == 1
        assert "486 Busy Here" in out
        assert "softphone.call_failed" in err

    async def test_interrupting_it_hangs_up(self) -> None:
        process = self.begin(self.uri, "--hold", "60")
        await self.until(lambda: bool(self.gateway.flows), "the call is up")
        await self.until(lambda: self.gateway.flows[0].leg is not None, "it is answered")
        await deferLater(reactor, 0.3)
        process.send_signal(signal.SIGINT)
        code, _, _ = await self.ended(process)
        assert code == 130
        await self.until(lambda: self.gateway.flows[0].end != "", "the BYE arrives")
        assert self.gateway.flows[0].end == "remote_bye"

    async def test_wrong_arguments_are_named(self) -> None:
        for arguments, problem in (
            ((self.uri, "--keys", "12x"), "keys must be 0-9 * # A-D"),
            (("mailto:x",), "must be sip:number@host"),
            (("sip:x@no-such-host.invalid",), "check its name"),
            ((self.uri, "--from", "a b"), "user part of a SIP URI"),
        ):
            code, _, err = await self.ended(self.begin(*arguments))
            assert code in (1, 2), arguments
            assert problem in err
