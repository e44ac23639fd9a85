"""A process ends, whatever becomes of its start and stop."""

import subprocess
import sys

import pytest

PROGRAM = """
import threading
from gateway.app.process import run_process

class Runnable:
    async def start(self):
        threading.Thread(target=threading.Event().wait).start()
        raise OSError("no port")

    async def stop(self):
        raise RuntimeError("was never started")

raise SystemExit(run_process(lambda reactor, stop: Runnable()))
"""


@pytest.mark.timeout(30)
def test_a_process_that_can_neither_start_nor_stop_ends_with_1() -> None:
    program = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(program, check=False, capture_output=True, timeout=20)
    assert done.returncode == 1
    assert b"no port" in done.stdout + done.stderr
