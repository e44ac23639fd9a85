"""Kamailio with the configuration that we ship, in front of phone processes on loopback."""

import subprocess
import time
from pathlib import Path
from typing import Final

from twisted.internet import reactor
from twisted.internet.task import deferLater

from tests.peers.binaries import free_udp_port, needed_binary

CONFIG: Final = Path(__file__).parents[2] / "config" / "kamailio" / "kamailio.cfg"
START_S_MAX: Final = 15.0
STOP_S_MAX: Final = 5.0


class Kamailio:
    """One Kamailio in the foreground. `stop` in every case."""

    def __init__(self, folder: Path, port: int, process: "subprocess.Popen[bytes]") -> None:
        self.port = port
        self._folder, self._process = folder, process

    @classmethod
    async def start(cls, folder: Path, phone_ports: list[int]) -> "Kamailio":
        """Start over phones on these ports of the loopback and wait until it listens."""
        binary = needed_binary("kamailio", "kamailio")
        phones = folder / "phones.list"
        phones.write_text("".join(f"1 sip:127.0.0.1:{port} 0 0\n" for port in phone_ports))
        port = free_udp_port()
        defines = [f"HOTLINE_LISTEN=udp:127.0.0.1:{port}", f'HOTLINE_PHONES="{phones}"']
        command = [binary, "-DD", "-E", "-f", str(CONFIG), "-Y", str(folder)]
        command += ["-P", str(folder / "kamailio.pid"), "-m", "32", "-M", "4"]
        for define in defines:
            command += ["-A", define]
        with (folder / "kamailio.txt").open("wb") as out:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        proxy = cls(folder, port, process)
        end_s = time.monotonic() + START_S_MAX
        while not (folder / "kamailio.pid").exists():
            assert process.poll() is None, f"kamailio ended: {proxy.output}"
            assert time.monotonic() < end_s, f"kamailio did not start: {proxy.output}"
            await deferLater(reactor, 0.05)
        return proxy

    @property
    def output(self) -> str:
        """What it printed so far."""
        return (self._folder / "kamailio.txt").read_text(errors="replace")[-4000:]

    async def stop(self) -> None:
        """End it and its children."""
        self._process.terminate()
        end_s = time.monotonic() + STOP_S_MAX
        while self._process.poll() is None:
            if time.monotonic() > end_s:
                self._process.kill()
            await deferLater(reactor, 0.02)
