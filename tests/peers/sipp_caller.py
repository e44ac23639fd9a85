"""SIPp as a caller: runs a scenario of tests/peers/sipp against a port and says how it went.

Keys are RFC 4733 packets of SIPp's own (payload type 96), which it sends by a raw socket: that
needs root or CAP_NET_RAW.
"""

import os
import subprocess
import time
from pathlib import Path
from typing import Final

from twisted.internet import reactor
from twisted.internet.task import deferLater

from tests.peers.binaries import free_udp_port, needed_binary

SCENARIOS: Final = Path(__file__).parent / "sipp"
TIMEOUT_S: Final = 60.0


async def sipp(
    scenario: str,
    port: int,
    folder: Path,
    keys: str = "",
    calls: int = 1,
    calls_per_s: int = 10,
    service: str = "95500",
) -> None:
    """Run a scenario to its end; fails with SIPp's own error log unless every call succeeded."""
    binary = needed_binary("sipp", "sip-tester")
    assert not keys or os.geteuid() == 0, "SIPp presses keys by a raw socket: run as root"
    errors = folder / "errors.log"
    command = [binary, "-sf", str(SCENARIOS / scenario), f"127.0.0.1:{port}", "-s", service]
    command += ["-i", "127.0.0.1", "-mi", "127.0.0.1", "-p", str(free_udp_port())]
    command += ["-mp", str(free_udp_port()), "-m", str(calls), "-r", str(calls_per_s)]
    command += ["-nostdin", "-trace_err", "-error_file", str(errors), "-key", "keys", keys]
    with (folder / "screen.txt").open("wb") as out:
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=out)
    end_s = time.monotonic() + TIMEOUT_S
    try:
        while process.poll() is None:
            assert time.monotonic() < end_s, f"{scenario} did not end within {TIMEOUT_S} s"
            await deferLater(reactor, 0.02)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    log = errors.read_text(errors="replace") if errors.exists() else ""
    screen = (folder / "screen.txt").read_text(errors="replace")[-3000:]
    assert process.returncode == 0, f"{scenario}: exit {process.returncode}\n{log}\n{screen}"
