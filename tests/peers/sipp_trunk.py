"""SIPp as a carrier: runs a scenario of tests/peers/sipp on a port and says how it went."""

import subprocess
import time
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.task import deferLater

from tests.peers.binaries import free_udp_port, needed_binary
from tests.peers.sipp_caller import SCENARIOS, TIMEOUT_S


class SippTrunk:
    """One SIPp process that takes one call. `stop` in every case."""

    def __init__(self, scenario: str, folder: Path) -> None:
        folder.mkdir()
        self.port = free_udp_port()
        self._scenario, self._folder = scenario, folder
        command = [needed_binary("sipp", "sip-tester"), "-sf", str(SCENARIOS / scenario)]
        command += ["-i", "127.0.0.1", "-mi", "127.0.0.1", "-p", str(self.port)]
        command += ["-mp", str(free_udp_port()), "-m", "1", "-nostdin", "-trace_err"]
        command += ["-error_file", str(folder / "errors.log")]
        with (folder / "screen.txt").open("wb") as out:
            self._process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=out)

    @property
    def address(self) -> str:
        """Where our calls go."""
        return f"127.0.0.1:{self.port}"

    async def succeeded(self) -> None:
        """Wait for the end of its call; fails with its own error log unless it went as written."""
        end_s = time.monotonic() + TIMEOUT_S
        while self._process.poll() is None:
            assert time.monotonic() < end_s, f"{self._scenario} did not end within {TIMEOUT_S} s"
            await deferLater(reactor, 0.02)
        log = self._folder / "errors.log"
        text = log.read_text(errors="replace") if log.exists() else ""
        screen = (self._folder / "screen.txt").read_text(errors="replace")[-3000:]
        assert self._process.returncode == 0, f"{self._scenario}: {text}\n{screen}"

    def stop(self) -> None:
        """End the process, however it is."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
