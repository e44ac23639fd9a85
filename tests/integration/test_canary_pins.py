"""A PIN that is nowhere else is keyed by every way a phone has, then searched for everywhere.

In logs on debug, journal, databases, call records, kept messages and recordings as bytes; and in
recordings as sound, through a DTMF decoder nobody here wrote, which must hear the other keys.
"""

import sqlite3
import subprocess
import tempfile
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from twisted.internet import reactor
from twisted.internet.defer import ensureDeferred, gatherResults
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from gateway.app.stage import Stage
from gateway.evidence.call_log import RECORDINGS, decode
from gateway.evidence.transcript import transcript
from gateway.ivr.call_record import CallRecord
from tests.builders.tones import alaw_of, dialled, silence
from tests.peers.binaries import needed_binary
from tests.peers.sipp_caller import sipp

pytestmark = pytest.mark.peer("sipp", "multimon-ng", "sox")

CONFIG = Path(__file__).parents[2] / "config"
ACCOUNT = "20000007"
PIN = "739182"
SCRIPT: list[float | str] = [4.0, "1", 9.0, f"{ACCOUNT}#", 3.0, f"{PIN}#", 9.0, "5", 6.0]
RECORD_S_MAX = 20.0


def tones(script: list[float | str]) -> bytes:
    """Return the script as A-law sound: silence, and 120 ms of two tones with 80 ms after a key."""
    parts = [
        silence(1000 * step) if isinstance(step, float) else dialled(step, on_ms=120)
        for step in script
    ]
    return alaw_of(np.concatenate(parts))


def keys_heard(recording: Path, channel: int) -> str:
    """Return the keys that multimon-ng hears in one channel of a recording."""
    raw = recording.with_suffix(f".{channel}.raw")
    sox = [needed_binary("sox", "sox"), str(recording), "-t", "raw", "-e", "signed", "-b", "16"]
    subprocess.run([*sox, "-r", "22050", str(raw), "remix", str(channel)], check=True, timeout=60)
    decoder = [needed_binary("multimon-ng", "multimon-ng"), "-q", "-a", "DTMF", "-t", "raw"]
    ran = subprocess.run(
        [*decoder, str(raw)], check=True, capture_output=True, text=True, timeout=60
    )
    raw.unlink()
    return "".join(line.split()[1] for line in ran.stdout.splitlines() if line.startswith("DTMF"))


class CanaryPins(TestCase):
    timeout = 240

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        accounts = self.folder / "accounts.csv"
        lines = (CONFIG / "demo" / "accounts.csv").read_text(encoding="utf-8").splitlines()
        columns = lines[0].split(",")
        row = dict(zip(columns, lines[1].split(","), strict=True))
        row |= {"account_no": ACCOUNT, "phone_pin": PIN, "web_password": "Canary-Bird-2026"}
        accounts.write_text(
            f"{lines[0]}\n{','.join(row[name] for name in columns)}\n", encoding="utf-8"
        )
        self.stage = Stage(self.folder / "stage", CONFIG)
        self.addCleanup(self.stage.stop)
        self.stage.start_far_ends()
        self.stage.write_settings(
            {"gateway": {"log_level": "debug"}, "media": {"inband_dtmf": "always"}}
        )
        self.stage.init(accounts)
        self.stage.start_gateway()

    async def call(self, scenario: str, ani: str, steps: list[float | str]) -> CallRecord:
        """Let SIPp call and return the record of its call."""
        folder = self.folder / ani
        folder.mkdir()
        (folder / "keys.al").write_bytes(tones(SCRIPT))
        port = self.stage.ports["gateway.sip_port"]
        await sipp(scenario, port, folder, steps=steps, ani=ani)
        until = time.monotonic() + RECORD_S_MAX
        while time.monotonic() < until:
            with closing(sqlite3.connect(self.stage.folder / "data" / "store.sqlite")) as store:
                rows = store.execute("select record from calls where is_bound = 1").fetchall()
            found = [record for record in (decode(row[0]) for row in rows) if ani in record.ani]
            if found:
                return found[0]
            await deferLater(reactor, 0.2)
        raise AssertionError(f"no record of the call of {ani}")

    async def test_a_pin_is_in_no_artefact_and_no_recording(self) -> None:
        length_s = len(tones(SCRIPT)) / 8000
        records = await gatherResults(
            [
                ensureDeferred(self.call("keys_then_bye.xml", "13900139001", SCRIPT)),
                ensureDeferred(self.call("keys_by_info.xml", "13900139002", SCRIPT)),
                ensureDeferred(self.call("keys_by_sound.xml", "13900139003", [length_s])),
            ]
        )
        for record in records:
            assert record.account_no == ACCOUNT, "\n".join(transcript(record))
            assert record.recording_sha256
            taken = "".join(each.key for each in record.keyed)
            assert (taken[0], taken[-1]) == ("1", "5"), taken
        self.stage.stop()

        files = [path for path in self.stage.folder.rglob("*") if path.is_file()]
        spellings = [PIN.encode(), PIN.encode("utf-16-le"), int(PIN).to_bytes(4, "big")]
        spellings += [mark.join(PIN).encode() for mark in (" ", ",", ", ")]
        guilty = [path.name for path in files if any(s in path.read_bytes() for s in spellings)]
        assert guilty == []
        recordings = self.stage.folder / "data" / RECORDINGS
        by_sound = records[2]
        heard = keys_heard(recordings / by_sound.recording, 1)
        assert heard.startswith(f"1{ACCOUNT[:-2]}"), "the decoder hears keys that are no secret"
        assert heard.endswith("5")
        assert f"{ACCOUNT}##".startswith(heard[1:-1]), "and none between account and menu"
        for record in records:
            for channel in (1, 2):
                assert not set(PIN) <= set(keys_heard(recordings / record.recording, channel))
