"""Scanners at the gate: sipvicious finds no server, and no name of a phone."""

import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from tests.peers.gateway_edge import GatewayEdge

pytestmark = pytest.mark.peer("sipvicious_svmap", "sipvicious_svwar")


TIMEOUT_S = 40.0


class Scanners(TestCase):
    timeout = 100

    async def gateway(self, **settings: object) -> GatewayEdge:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        gateway = GatewayEdge(self.folder, {"100": "s3cret"}, **settings)
        self.port = await gateway.start()
        self.addCleanup(gateway.stop)
        return gateway

    async def scan(self, name: str, *arguments: str) -> str:
        """Run a scanner against us to its end and return what it says."""
        binary = shutil.which(name)
        assert binary is not None, f"{name} is missing: pip install sipvicious==0.3.8 in a venv"
        command = [binary, "-p", str(self.port), "-v", *arguments, "127.0.0.1"]
        with (self.folder / "out.txt").open("wb") as out:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                env={"HOME": str(self.folder), "PATH": "/usr/bin:/bin"}, cwd=self.folder,
            )  # fmt: skip
        end_s = time.monotonic() + TIMEOUT_S
        try:
            while process.poll() is None:
                assert time.monotonic() < end_s, f"{name} did not end within {TIMEOUT_S:g} s"
                await deferLater(reactor, 0.02)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        return (self.folder / "out.txt").read_text(errors="replace")

    async def test_a_server_that_drops_strangers_is_not_found(self) -> None:
        gateway = await self.gateway(open_hosts=(), phone_hosts=("192.0.2.0/24",))
        told = await self.scan("sipvicious_svmap")
        assert "hotline" not in told
        assert len(gateway.edge.agent.transactions) == 0
        assert gateway.calls == []

    async def test_an_open_server_is_found_so_that_the_scanner_works(self) -> None:
        await self.gateway(open_hosts=("127.0.0.0/8",))
        assert "hotline" in await self.scan("sipvicious_svmap")

    async def test_it_cannot_tell_the_name_of_a_phone_from_any_other(self) -> None:
        await self.gateway(open_hosts=())
        told = await self.scan("sipvicious_svwar", "-e", "98-103", "-m", "REGISTER", "--force")
        assert "SIP device found" in told, "it was answered"
        assert "found nothing" in told, "401 to any name: it knows that it cannot go on"

    async def test_it_cannot_tell_by_invites_either(self) -> None:
        gateway = await self.gateway(open_hosts=())
        told = await self.scan("sipvicious_svwar", "-e", "98-103", "-m", "INVITE", "--force")
        assert "SIP device found" in told, "it was answered"
        assert "found nothing" in told
        assert gateway.calls == []
        assert len(gateway.edge.agent.transactions) == 0
