"""Our SMPP link against a message centre nobody here wrote: the npm package "smpp"."""

import hashlib
import json
import os
import random
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest
from twisted.internet import reactor
from twisted.trial.unittest import TestCase

from notify.notices import ReceiptState
from notify.settings import SMSSettings
from notify.transports.port import Sent
from notify.transports.smpp.smsc import SMPPTransport
from tests.builders.notices import (
    T0_NS,
    an_outgoing,
)
from tests.contract.test_transport import Listening, until

pytestmark = pytest.mark.peer("node", "npm")

PEER = Path(__file__).parents[1] / "peers" / "smpp"
LONG_TEXT = "【热线证券】" + "您的账户发生成交,请留意对账单。😀" * 8


def installed() -> Path:
    """Install the peer once per lock file into a cache outside the checkout; returns its folder."""
    for binary in ("node", "npm"):
        if shutil.which(binary) is None:
            pytest.fail(f"{binary} is missing: install Node.js 20 or newer with npm")
    lock = (PEER / "package-lock.json").read_bytes()
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    folder = cache / "hotline-gateway" / f"smpp-peer-{hashlib.sha256(lock).hexdigest()[:12]}"
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=folder.parent))
        for name in ("package.json", "package-lock.json"):
            shutil.copy(PEER / name, fresh)
        done = subprocess.run(
            ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
            cwd=fresh,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        if done.returncode:
            pytest.fail(f"npm ci failed in {fresh}: {done.stderr[-2000:]}")
        try:
            fresh.rename(folder)
        except OSError:
            shutil.rmtree(fresh)  # another run was quicker
    return folder


class Peer:
    """The centre as a child process: what it tells, and what it is told."""

    def __init__(self, node_modules: Path) -> None:
        self.told: list[dict] = []
        self._process = subprocess.Popen(
            ["node", str(PEER / "server.js")],
            env=os.environ | {"NODE_PATH": str(node_modules)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def _read(self) -> None:
        for line in self._process.stdout:
            self.told.append(json.loads(line))

    def command(self, **what) -> None:
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()

    def of(self, event: str) -> list[dict]:
        return [one for one in self.told if one["event"] == event]

    def stop(self) -> None:
        self._process.stdin.close()
        self._process.wait(10)
        self._reading.join(10)
        self._process.stdout.close()


class SMPPPeerTest(TestCase):
    async def setUp(self) -> None:
        self.peer = Peer(installed() / "node_modules")
        await until(lambda: self.peer.told)
        assert self.peer.told[0]["event"] == "listening", self.peer.told
        self.settings = SMSSettings(
            port=self.peer.told[0]["port"],
            password="secret",
            throttle_first_s=0.05,
            response_timeout_s=2.0,
        )
        self.transport = SMPPTransport(self.settings, reactor, lambda: T0_NS, random.Random(1))
        self.listener = Listening()

    async def tearDown(self) -> None:
        await self.transport.stop()
        self.peer.stop()

    async def begin(self) -> None:
        await self.transport.start(self.listener)
        await self.listener.ready

    async def test_it_binds_and_unbinds(self) -> None:
        await self.begin()
        await self.transport.stop()
        await until(lambda: self.peer.of("closed"))
        assert self.peer.of("bind") == [{"event": "bind", "system_id": "hotline", "good": True}]
        assert self.peer.of("unbind")

    async def told(self, count: int) -> None:
        """Wait until the peer's own report of its submits is here: it comes by another pipe."""
        await until(lambda: len(self.peer.of("submit")) >= count)

    async def test_chinese_in_parts_arrives_whole(self) -> None:
        await self.begin()
        outcome = await self.transport.send(an_outgoing(text=LONG_TEXT, notice_id=0x1A5))
        assert isinstance(outcome, Sent), outcome
        await self.told(len(outcome.part_ids))
        submits = self.peer.of("submit")
        assert [one["id"] for one in submits] == list(outcome.part_ids)
        assert "".join(one["text"] for one in submits) == LONG_TEXT
        assert {one["data_coding"] for one in submits} == {8}
        # header: element 0, 3 octets: reference, count, number
        count = len(submits)
        assert count >= 3
        assert [one["udh"] for one in submits] == [
            [f"0003a5{count:02x}{number:02x}"] for number in range(1, count + 1)
        ]

    async def test_gsm_text_is_read_with_its_extension_characters(self) -> None:
        await self.begin()
        text = "Filled: 100 @ 10.05 [order 42] {€}~^|\\"
        await self.transport.send(an_outgoing(text=text))
        await self.told(1)
        (submit,) = self.peer.of("submit")
        assert submit["text"] == text
        assert submit["data_coding"] == 0
        assert submit["source"] == "95500"
        assert submit["destination"] == "8613800138000"

    async def test_throttled_submits_are_sent_again_and_arrive_once(self) -> None:
        await self.begin()
        self.peer.command(throttle=2)
        await until(lambda: self.peer.of("command"))
        outcome = await self.transport.send(an_outgoing(text=LONG_TEXT))
        assert isinstance(outcome, Sent), outcome
        await self.told(len(outcome.part_ids))
        assert len(self.peer.of("throttled")) == 2
        in_order = sorted(self.peer.of("submit"), key=lambda one: one["udh"])
        assert "".join(one["text"] for one in in_order) == LONG_TEXT

    async def test_its_receipts_are_read_and_answered(self) -> None:
        await self.begin()
        await self.transport.send(an_outgoing())
        await until(lambda: self.peer.of("deliver_sm_resp"))
        (receipt,) = self.listener.receipts
        assert receipt.state is ReceiptState.DELIVERED
        assert receipt.recipient == "8613800138000"
        assert self.peer.of("deliver_sm_resp")[0]["status"] == 0

    async def test_its_enquire_link_is_answered(self) -> None:
        await self.begin()
        self.peer.command(enquire=True)
        await until(lambda: self.peer.of("enquire_link_resp"))
