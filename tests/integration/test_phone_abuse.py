"""One clean call, and everything bad at once around it: the clean caller loses no frame, no word.

The gateway is a process with real sockets. Hosts of the loopback play the parts: 127.0.0.1 calls
as customers do, 127.0.0.3 is known and sends rubbish, 127.0.0.2 is a stranger.
"""

import asyncio
import contextlib
import random
import re
import socket
import sqlite3
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterable
from pathlib import Path
from secrets import randbits

import numpy as np
import pytest
from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from gateway.app.stage import Stage
from gateway.evidence.call_log import decode
from gateway.ivr.call_record import CallRecord
from gateway.media import g711
from gateway.media.rtp import RtpPacket, build
from gateway.media.sound import write_wav
from gateway.sip.softphone import CallFailed, PhoneCall, Softphone, open_softphone
from gateway.sip.uri import Uri
from gateway.sip.wire import Hop
from tests.builders.short_prompts import has_heard, record_short_prompts
from tests.peers.raw_phone import RawCall, RawPhone

CONFIG = Path(__file__).parents[2] / "config"
TORTURE = Path(__file__).parents[1] / "data" / "rfc4475"
SEED = 20261122
STRANGER, KNOWN = "127.0.0.2", "127.0.0.3"
GREETING_S = 90
WAIT_S_MAX = 120.0
NUMBER_TRIES_MAX = 6
INVITE = """\
INVITE sip:95500@127.0.0.1 SIP/2.0
Via: SIP/2.0/{transport} {host}:{port};branch=z9hG4bK{name}
From: <sip:13600000000@{host}>;tag={name}
To: <sip:95500@127.0.0.1>
Call-ID: {name}@{host}
CSeq: 1 INVITE
Max-Forwards: 70
Contact: <sip:13600000000@{host}:{port}>
Content-Type: application/sdp
Content-Length: {length}

{sdp}"""
SDP = (
    "v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8\r\n"
)
ACCOUNT, PIN = "10000001", "135790"
VICTIM = "10000002"


def invite(name: str, host: str, port: int, transport: str = "UDP") -> bytes:
    """Return an INVITE that is as it should be."""
    sdp = SDP.format(host=host)
    head = {"name": name, "host": host, "port": port, "transport": transport}
    text = INVITE.format(**head, length=len(sdp), sdp="")
    return text.replace("\n", "\r\n").encode() + sdp.encode()


class Abuse(TestCase):
    timeout = 170

    async def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder, self.random = Path(folder.name), random.Random(SEED)
        self.stage = Stage(self.folder / "stage", CONFIG)
        self.addCleanup(self.stage.stop)
        self.greeting = self.record_voice()
        await deferToThread(self.prepare)
        self.phone: Softphone = await open_softphone(reactor, "127.0.0.1", time.time_ns, randbits)
        self.addCleanup(self.phone.close)
        self.raw = RawPhone()
        self.addCleanup(self.raw.close)

    def record_voice(self) -> bytes:
        """Record the prompts, the greeting long enough for all that follows; return it."""
        studio = self.folder / "studio"
        record_short_prompts(studio)
        noise = np.random.default_rng(SEED).integers(-6_000, 6_000, GREETING_S * 8_000, np.int16)
        (studio / "zh" / "welcome.greeting.wav").write_bytes(write_wav(noise))
        return bytes(g711.encode_alaw(noise))

    def prepare(self) -> None:
        voice = {
            "recorded_path": str(self.folder / "studio"),
            "speaker": "none",
            "slow_percent": 100,
        }
        self.stage.start_far_ends()
        self.stage.write_settings(
            {
                "identity": {"number_failures_max": NUMBER_TRIES_MAX},
                "phone": {
                    "lines": [{"number": "95500", "languages": ["zh"]}],
                    "voice": voice,
                },
                "sip": {
                    "listen_port": 0,
                    "open_hosts": ["127.0.0.1", KNOWN],
                    "host_invites_per_s": 5.0,
                    "host_invites_burst": 20,
                },
            }
        )
        self.stage.init(CONFIG / "demo" / "accounts.csv")
        self.stage.start_gateway()

    @property
    def port(self) -> int:
        return self.stage.ports["gateway.sip_port"]

    async def until(self, is_true: Callable[[], bool], what: str) -> None:
        end_s = time.monotonic() + WAIT_S_MAX
        while not is_true():
            assert time.monotonic() < end_s, f"waited {WAIT_S_MAX} s until {what}"
            await deferLater(reactor, 0.05)

    def metric(self, name: str, labels: str = "") -> float:
        """Sum of a metric over the rows whose labels hold the text."""
        url = f"http://127.0.0.1:{self.stage.ports['gateway.health_port']}/metrics"
        with urllib.request.urlopen(url, timeout=30) as answer:
            text = answer.read().decode()
        rows = re.findall(rf"^{name}(?:{{([^}}]*)}})? (\S+)$", text, re.MULTILINE)
        return sum(float(value) for told, value in rows if labels in told)

    async def grown(self, name: str, labels: str, before: float, by: float) -> None:
        """Wait until a counter has grown."""

        def has_grown() -> bool:
            return self.metric(name, labels) >= before + by

        await self.until(has_grown, f"{name} {labels} grows by {by}")

    def records(self) -> list[CallRecord]:
        with sqlite3.connect(self.stage.folder / "data" / "store.sqlite") as store:
            rows = store.execute("select record from calls order by started_ns").fetchall()
        return [decode(row) for (row,) in rows]

    # The abuse

    async def test_a_clean_call_hears_every_frame_whatever_others_send(self) -> None:
        clean = await self.raw.dial(self.port, "+8613500000001")
        await self.until(lambda: clean.received > 50, "the greeting is heard")
        await self.torture()
        await self.rubbish()
        await self.strangers_flood()
        await self.known_host_floods()
        await self.strangers_inject(clean)
        await gatherResults(
            [
                Deferred.fromCoroutine(self.storms_keys()),
                Deferred.fromCoroutine(self.pins_are_guessed()),
            ],
            consumeErrors=True,
        )
        assert clean.close_reason is None
        clean.hang_up()
        await self.until(lambda: self.metric("hotline_calls_active") == 0, "all calls are over")
        await self.until(lambda: self.metric("hotline_ivr_calls") == 0, "no call is in a flow")
        assert self.stage.readiness()[0] == 200
        self.check_clean(clean)
        assert self.metric("hotline_sip_failures_total") == 0
        assert self.metric("hotline_ivr_calls_failed_total") == 0
        told = (self.stage.folder / "gateway.log").read_text(encoding="utf-8").splitlines()
        assert [line for line in told if '"level":"error"' in line or "raceback" in line] == []

    def check_clean(self, clean: RawCall) -> None:
        """Not a packet is missing, and what was heard is what the record says was said."""
        assert clean.gaps == 0
        assert clean.received > 500
        heard = bytes(clean.alaw)
        begin = heard.index(self.greeting[:160])  # frames before the first prompt are silence
        size = min(len(heard) - begin, len(self.greeting))
        assert heard[begin : begin + size] == self.greeting[:size]
        assert size > 100_000
        (record,) = [r for r in self.records() if r.ani == "+8613500000001"]
        assert record.heard[0].prompt == "welcome.greeting"
        assert record.keyed == (), "nobody else's keys are this caller's"
        assert record.figures["lost_packets"] == 0, "nor did we miss one of the caller"

    async def torture(self) -> None:
        """RFC 4475, over UDP and over TCP."""
        bad = self.metric("hotline_sip_malformed_total")
        messages = [path.read_bytes() for path in sorted(TORTURE.glob("*.dat"))]
        assert len(messages) >= 49
        await self.sends_by_udp(KNOWN, messages)
        for message in messages:
            await self.sends_by_tcp(KNOWN, message)
        await self.grown("hotline_sip_malformed_total", "", bad, 20)

    async def rubbish(self) -> None:
        """Messages cut off at any byte, with bytes changed, and bytes that never were one."""
        bad = self.metric("hotline_sip_malformed_total")
        unreadable = self.metric("hotline_sip_dropped_total", "unreadable")
        whole = invite("cut", KNOWN, 5060)
        cut = [whole[:size] for size in range(1, len(whole) - 1, 7)]
        changed = []
        for _ in range(100):
            at = self.random.randrange(200)
            changed.append(whole[:at] + self.random.randbytes(3) + whole[at + 3 : -20])
        noise = [self.random.randbytes(self.random.randrange(1, 1400)) for _ in range(200)]
        await self.sends_by_udp(KNOWN, [*cut, *changed, *noise])
        for message in (*cut[::8], *changed[::10], *noise[::20], b"\r\n" * 2_000):
            await self.sends_by_tcp(KNOWN, message)
        await self.grown("hotline_sip_malformed_total", "", bad, 20)
        await self.grown("hotline_sip_dropped_total", "unreadable", unreadable, 20)

    async def strangers_flood(self) -> None:
        """A stranger's INVITEs are not even read: no answer, no call."""
        turned = self.metric("hotline_sip_turned_away_total", "stranger_dropped")
        calls = len(self.records())
        with self.socket_of(STRANGER) as sock:
            port = sock.getsockname()[1]
            flood = [invite(f"flood{n}", STRANGER, port) for n in range(1_500)]
            await self.sends(sock, flood)
            await self.grown("hotline_sip_turned_away_total", "stranger_dropped", turned, 1_000)
            with pytest.raises(BlockingIOError):
                sock.recv(2_000)
        assert len(self.records()) == calls

    async def known_host_floods(self) -> None:
        """A host that may call has its own limit; above it it is told to come later."""
        turned = self.metric("hotline_sip_turned_away_total", "host_rate")
        with self.socket_of(KNOWN) as sock:
            port = sock.getsockname()[1]
            await self.sends(sock, [invite(f"known{n}", KNOWN, port) for n in range(300)])
            await self.grown("hotline_sip_turned_away_total", "host_rate", turned, 200)
            answers = []

            def has_503() -> bool:
                with contextlib.suppress(BlockingIOError):
                    answers.append(sock.recv(2_000).split(b"\r\n")[0])
                return b"SIP/2.0 503 Service Unavailable" in answers

            await self.until(has_503, "the flood is told 503")

    async def strangers_inject(self, clean: RawCall) -> None:
        """Rubbish, sound and keys at the port of a call, of others than its caller."""
        assert clean.media is not None
        media = (clean.media.host, clean.media.port)
        press = b"\x01\x8a\x03\x20"  # key 1, ended
        for host in ("127.0.0.1", STRANGER, KNOWN):
            with self.socket_of(host) as sock:
                for n in range(300):
                    sock.sendto(self.random.randbytes(self.random.randrange(1, 1_400)), media)
                    sound = RtpPacket(8, False, n, n * 160, 0xBAD, self.random.randbytes(160))
                    sock.sendto(build(sound), media)
                    sock.sendto(build(RtpPacket(101, True, n, n * 160, 0xBAD, press)), media)
                    if n % 30 == 0:
                        await deferLater(reactor, 0.01)

    async def storms_keys(self) -> None:
        """Hundreds of keys within a moment: taken or not, the call comes to an end of its own."""
        taken = self.metric("hotline_media_keys_total")
        mad = await self.raw.dial(self.port, "+8613500000002")
        await self.until(lambda: mad.received > 10, "the call is up")
        for _ in range(30):
            mad.press_at_once("".join(self.random.choices("0123456789*#", k=20)))
            await deferLater(reactor, 0.05)
        await self.grown("hotline_media_keys_total", "", taken, 300)
        mad.hang_up()

        def is_recorded() -> bool:
            found = [r for r in self.records() if r.ani == "+8613500000002" and r.ended_ns]
            return bool(found)

        await self.until(is_recorded, "its record is kept")

    async def pins_are_guessed(self) -> None:
        """One account from many numbers locks the account; many accounts from one the number."""
        refused = self.metric("hotline_ivr_outcomes_total", 'outcome="refused"')
        wrong = f"{VICTIM}#111222#"
        many = [f"1999000{n}#111222#" for n in range(9)]
        guesses = [(f"+861390000000{n}", wrong * 3) for n in range(2)]
        guesses += [("+8613900000009", "".join(many[n : n + 3])) for n in (0, 3, 6)]
        await gatherResults(
            [Deferred.fromCoroutine(self.call_and_key(ani, keys)) for ani, keys in guesses],
            consumeErrors=True,
        )
        await self.grown("hotline_ivr_outcomes_total", 'outcome="refused"', refused, 6)
        locked, locked_number, free = await gatherResults(
            [
                Deferred.fromCoroutine(self.call_and_key("+8613900000005", f"{VICTIM}#246801#")),
                Deferred.fromCoroutine(self.call_and_key("+8613900000009", f"{ACCOUNT}#{PIN}#")),
                Deferred.fromCoroutine(self.call_and_key("+8613900000006", f"{ACCOUNT}#{PIN}#")),
            ],
            consumeErrors=True,
        )
        assert has_heard(locked, "login.locked_out"), "the account is locked for its owner too"
        assert has_heard(locked_number, "login.locked_out"), "the number is locked"
        assert not has_heard(free, "login.locked_out"), "nobody else is"
        assert has_heard(free, "main.hint")
        assert self.metric("hotline_ivr_outcomes_total", 'outcome="locked_out"') >= 2
        for record in self.records():
            assert "111222" not in "".join(keyed.key for keyed in record.keyed)

    async def call_and_key(self, ani: str, keys: str) -> bytes:
        """Call, key all that, listen to what is said and return all that was heard."""
        to = Uri("sip", user="95500", host="127.0.0.1", port=self.port)
        call: PhoneCall = await self.phone.dial(to, ani, Hop("127.0.0.1", self.port))
        try:
            await call.press(keys)
            await call.wait_for_prompt_end()
        except CallFailed:
            assert call.is_over  # three tries, or a lock-out, end a call
        return await call.end()

    # Sockets

    def socket_of(self, host: str) -> socket.socket:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind((host, 0))
        sock.setblocking(False)
        return sock

    async def sends_by_udp(self, host: str, datagrams: Iterable[bytes]) -> None:
        with self.socket_of(host) as sock:
            await self.sends(sock, datagrams)

    async def sends(self, sock: socket.socket, datagrams: Iterable[bytes]) -> None:
        """Send without filling the gateway's buffer: what the kernel drops proves nothing."""
        for number, datagram in enumerate(datagrams):
            sock.sendto(datagram, ("127.0.0.1", self.port))
            if number % 25 == 24:
                await deferLater(reactor, 0.01)

    async def sends_by_tcp(self, host: str, data: bytes) -> None:
        """Connect, send, go away: at once or when the gateway closes."""

        async def talk() -> None:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port, local_addr=(host, 0))
            writer.write(data)
            await writer.drain()
            writer.close()

        await Deferred.fromFuture(asyncio.ensure_future(talk()))
