"""`hotline venue` as a child process on free loopback ports, steered by its control port."""

import json
import os
import signal
import socket
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from risk.domain.ids import CHINA

ROOT = Path(__file__).parents[2]
READY_TIMEOUT_S = 30.0
OPEN_MARKET = datetime(2026, 11, 23, 10, 0, tzinfo=CHINA)  # a Monday, continuous trading


def open_market_shift_s() -> int:
    """Return the [clock] shift that makes it 10:00 of a trading day now."""
    return int((OPEN_MARKET - datetime.now(CHINA)).total_seconds())


class VenueProcess:
    """One run of the simulated exchange."""

    def __init__(self, folder: Path, *options: str, port: int = 0) -> None:
        command = [sys.executable, "-c", "from gateway.cli.main import main; main()", "venue"]
        command += ["--folder", str(folder), "--port", str(port), "--no-flow", *options]
        command += ["--clock-shift-s", str(open_market_shift_s())]
        self._log = (folder.parent / "venue.log").open("ab")
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=self._log,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, (folder.parent / "venue.log").read_text()[-2000:]
        ready = json.loads(line)
        self.port, self.control_port = ready["port"], ready["control_port"]

    def ask(self, line: str) -> Any:
        """Send a control line and return what it answers."""
        address = ("127.0.0.1", self.control_port)
        with (
            socket.create_connection(address, READY_TIMEOUT_S) as link,
            link.makefile("rw") as file,
        ):
            file.write(line + "\n")
            file.flush()
            answer = json.loads(file.readline())
        assert "ok" in answer, answer
        return answer["ok"]

    def orders(self) -> list[dict[str, Any]]:
        """Return the orders the venue has."""
        return list(self.ask("orders"))

    def stop(self) -> None:
        """End it politely."""
        self.process.send_signal(signal.SIGTERM)
        self._reap()

    def kill(self) -> None:
        """End it without a word."""
        self.process.kill()
        self._reap()

    def _reap(self) -> None:
        self.process.wait(READY_TIMEOUT_S)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._log.close()
