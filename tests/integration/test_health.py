"""The operations port over a real socket."""

import asyncio

import aiohttp
from prometheus_client import CollectorRegistry, Counter
from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from gateway.obs.health import HealthPort, HealthSettings, Readiness


class TestHealthPort(TestCase):
    """GETs as Prometheus and an orchestrator send them."""

    async def _get(self, path: str) -> tuple[int, str]:
        async def get() -> tuple[int, str]:
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"http://127.0.0.1:{self.port.port}{path}") as response,
            ):
                return response.status, await response.text()

        return await Deferred.fromFuture(asyncio.ensure_future(get()))

    async def setUp(self) -> None:
        registry = CollectorRegistry()
        Counter("hotline_test", "A test.", registry=registry).inc(3)
        self.port = HealthPort(HealthSettings(port=0), registry)
        await self.port.start()

    async def tearDown(self) -> None:
        await self.port.stop()

    async def test_metrics_are_served(self) -> None:
        status, body = await self._get("/metrics")

        assert status == 200
        assert "hotline_test_total 3.0" in body

    async def test_ready_only_when_every_check_is(self) -> None:
        state = {"fix": Readiness(False, "log the FIX session on")}
        self.port.add_check("journal", lambda: Readiness(True))
        self.port.add_check("fix", lambda: state["fix"])

        before = await self._get("/readyz")
        state["fix"] = Readiness(True)
        after = await self._get("/readyz")

        assert before == (503, "fix: not ready: log the FIX session on\njournal: ok\n")
        assert after == (200, "fix: ok\njournal: ok\n")

    async def test_health_is_ok_while_the_process_turns(self) -> None:
        assert await self._get("/healthz") == (200, "ok\n")
