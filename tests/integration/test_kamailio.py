"""Kamailio spreads calls over two phone processes; one of them is killed while calls are up."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from twisted.internet import reactor
from twisted.internet.defer import DeferredList, ensureDeferred
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from tests.peers.kamailio import Kamailio
from tests.peers.sipp_caller import sipp

pytestmark = pytest.mark.peer("kamailio", "sipp")

STAYS_S = 6.0


class PhoneProcess:
    """One phone process and what it printed of its calls."""

    def __init__(self, file: Path) -> None:
        self._file = file
        with file.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.peers.phone_process"],
                stdin=subprocess.DEVNULL,
                stdout=out,
                cwd=Path(__file__).parents[2],
            )

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._file.read_text().splitlines()]

    async def port(self) -> int:
        while not self.lines():
            assert self.process.poll() is None, "the phone process ended"
            await deferLater(reactor, 0.05)
        return int(self.lines()[0]["port"])

    @property
    def ends(self) -> list[str]:
        return [line["end"] for line in self.lines()[1:]]

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait()


class BehindKamailio(TestCase):
    timeout = 120

    async def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.phones = [PhoneProcess(self.folder / f"phone{n}.jsonl") for n in range(2)]
        for phone in self.phones:
            self.addCleanup(phone.stop)
        ports = [await phone.port() for phone in self.phones]
        self.proxy = await Kamailio.start(self.folder, ports)
        self.addCleanup(self.proxy.stop)

    async def calls(self, name: str, count: int, steps: list[float]) -> None:
        folder = self.folder / name
        folder.mkdir()
        await sipp("through_proxy.xml", self.proxy.port, folder, steps=steps, calls=count)

    async def test_calls_are_spread_and_each_stays_where_it_began(self) -> None:
        await self.calls("spread", 20, [0.5])
        assert [phone.ends for phone in self.phones] == [["remote_bye"] * 10] * 2

    async def test_a_killed_phone_process_takes_only_its_own_calls_along(self) -> None:
        dying, living = self.phones
        held = ensureDeferred(self.calls("held", 10, [STAYS_S]))
        outcome = DeferredList([held], consumeErrors=True)
        await deferLater(reactor, STAYS_S / 2)
        dying.process.kill()
        await self.calls("after", 20, [0.2])
        ((is_whole, _),) = await outcome
        assert not is_whole, "the killed process's calls were lost, and SIPp says so"
        assert living.ends == ["remote_bye"] * 25, "5 that were up, and all 20 that came after"
