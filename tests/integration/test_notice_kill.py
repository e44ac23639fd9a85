"""SIGKILL the sending process at random moments: every fill is told, planned once, in order."""

import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from notify.letters import trace_of_events
from notify.notices import NoticeState
from notify.outbox import Outbox
from notify.simulator.fake_smsc import FakeSMSC, SMSCSettings
from notify.tables import open_outbox
from tests.contract.test_transport import until

ROOT = Path(__file__).parents[2]
FILLS = 400
KILLS = 6
WINDOW = 8


class NoticeKillTest(TestCase):
    timeout = 120

    async def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.smsc = FakeSMSC(reactor, time.time_ns, SMSCSettings(receipt_delay_s=0.2))
        self.smsc.listen()

    async def tearDown(self) -> None:
        await self.smsc.stop()

    def begin(self) -> subprocess.Popen:
        return subprocess.Popen(
            [
                sys.executable,
                str(ROOT / "tests" / "peers" / "notice_sender.py"),
                str(self.folder),
                str(self.smsc.port),
                str(FILLS),
            ],
            env={"PYTHONPATH": str(ROOT), "PATH": ""},
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
        )

    async def test_no_notice_is_lost_and_none_planned_twice(self) -> None:
        rng = random.Random(20261122)
        for _ in range(KILLS):
            child, before = self.begin(), self.smsc.submits
            await until(lambda before=before: self.smsc.submits > before, timeout_s=20)
            await deferLater(reactor, rng.uniform(0.0, 0.15))
            child.kill()
            child.wait()
        child = self.begin()
        await until(lambda: child.poll() is not None, timeout_s=60)
        assert child.returncode == 0

        outbox = Outbox(open_outbox(self.folder / "outbox.sqlite"))
        traces = trace_of_events(outbox, range(1, FILLS + 1))
        outbox.close()
        assert [trace.event_seq for trace in traces] == list(range(1, FILLS + 1))
        assert {trace.state for trace in traces} == {NoticeState.SENT}
        told = [int(message.text.rsplit("编号")[1][:-1]) for message in self.smsc.messages]
        assert set(told) == set(range(1, FILLS + 1))
        assert len(told) - FILLS <= KILLS * WINDOW
        for mobile in range(20):
            mine = list(dict.fromkeys(number for number in told if number % 20 == mobile))
            assert mine == sorted(mine)
