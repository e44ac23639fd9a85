"""The worker process alone: it serves its control socket and never outlives it."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from gateway.media import wire
from gateway.media.bank import LegBank
from gateway.media.worker import Worker

ROOT = Path(__file__).parents[4]
TIMEOUT_S = 10.0
ARGUMENTS = ("127.0.0.1", "0", "0", "2", "0", "60", "auto")  # host, ports, legs, clock shift, sound


class _ClosingBank:
    """Notes the time it is given and closes the gateway's end."""

    leg_count = 0

    def __init__(self, theirs: socket.socket) -> None:
        self.theirs, self.told_ns = theirs, 0

    def tick(self, now_s: float, now_ns: int) -> None:
        self.told_ns = now_ns
        self.theirs.close()

    def take_reports(self) -> list[wire.Report]:
        return []


def test_keys_are_timed_by_the_gateways_shifted_clock() -> None:
    ours, theirs = socket.socketpair()
    with ours:
        ours.setblocking(False)
        bank = _ClosingBank(theirs)
        assert Worker(ours, cast(LegBank, bank), -86_400).run() == 0

    assert abs(bank.told_ns / 1e9 + 86_400 - time.time()) < TIMEOUT_S


class Started:
    """A worker and our end of its control socket."""

    def __init__(self) -> None:
        self.control, theirs = socket.socketpair()
        self.control.settimeout(TIMEOUT_S)
        self.reader = wire.FrameReader()
        self.reports: list[wire.Report] = []
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gateway.media.worker", str(theirs.fileno()), *ARGUMENTS],
                pass_fds=[theirs.fileno()],
                cwd=ROOT,
                stderr=subprocess.PIPE,
            )

    def report(self, kind: type[wire.Report]) -> wire.Report:
        """Return the next report of a kind."""
        end_s = time.monotonic() + TIMEOUT_S
        while time.monotonic() < end_s:
            for report in self.reports:
                if isinstance(report, kind):
                    self.reports.remove(report)
                    return report
            bodies = self.reader.feed(self.control.recv(65_536))
            self.reports += map(wire.read_report, bodies)
        raise AssertionError(f"no {kind.__name__} within {TIMEOUT_S} s")


@pytest.fixture(name="worker")
def _worker() -> Iterator[Started]:
    worker = Started()
    yield worker
    worker.control.close()
    worker.process.kill()
    worker.process.communicate()


def test_it_beats_and_opens_a_leg(worker: Started) -> None:
    beat = worker.report(wire.Beat)
    assert isinstance(beat, wire.Beat)
    assert beat.leg_count == 0
    worker.control.sendall(wire.frame(wire.OpenLeg(7, False)))
    opened = worker.report(wire.LegOpened)
    assert isinstance(opened, wire.LegOpened)
    assert (opened.leg_no, opened.host) == (7, "127.0.0.1")
    assert opened.port > 0


def test_it_ends_with_its_gateway(worker: Started) -> None:
    worker.report(wire.Beat)
    worker.control.close()
    assert worker.process.wait(TIMEOUT_S) == 0


def test_it_ends_at_a_frame_it_cannot_read(worker: Started) -> None:
    worker.report(wire.Beat)
    worker.control.sendall(b"\x00\x00\x00\x01\xc0")
    assert worker.process.wait(TIMEOUT_S) == 1
    assert worker.process.stderr is not None
    assert b"not a request of this release" in worker.process.stderr.read()


def test_what_is_for_a_leg_that_is_gone_is_dropped(worker: Started) -> None:
    gone: list[wire.Request] = [
        wire.Play(9, ["nothing"], 1, False),
        wire.StopPlay(9),
        wire.SetPeer(9, "192.0.2.1", 1, 8, 101),
        wire.CloseLeg(9),
        wire.ForgetClip("nothing"),
        wire.OpenLeg(1, False),
    ]
    worker.control.sendall(b"".join(map(wire.frame, gone)))
    assert isinstance(worker.report(wire.LegOpened), wire.LegOpened)
