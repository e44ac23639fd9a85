"""`/metrics`, `/healthz` and `/readyz` on the operations port.

Healthy: the process turns. Ready: every registered check says so (recovered, journal writable, FIX
logged on or market closed, ...). Not here: what is measured (metrics.py of each floor).
"""

import asyncio
from collections.abc import Callable
from typing import Annotated, NamedTuple

import msgspec
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from twisted.internet.defer import Deferred


class HealthSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[health] in hotline.toml."""

    host: Annotated[str, msgspec.Meta(description="Address the operations port listens on.")] = (
        "127.0.0.1"
    )
    port: Annotated[
        int, msgspec.Meta(ge=0, le=65535, description="Operations port; 0 takes a free one.")
    ] = 9464


class Readiness(NamedTuple):
    """One check's answer: `remedy` says what to do when it is not ready."""

    is_ready: bool
    remedy: str = ""


class HealthPort:
    """The HTTP port operations and Prometheus read."""

    def __init__(self, settings: HealthSettings, registry: CollectorRegistry = REGISTRY) -> None:
        self._settings = settings
        self._registry = registry
        self._checks: dict[str, Callable[[], Readiness]] = {}
        self._runner: web.AppRunner | None = None
        self.port = 0

    def add_check(self, name: str, check: Callable[[], Readiness]) -> None:
        """Register a readiness check; `check` runs on the reactor thread and must be quick."""
        self._checks[name] = check

    def readiness(self) -> dict[str, Readiness]:
        """Return every check's answer now."""
        return {name: check() for name, check in self._checks.items()}

    async def _metrics(self, _request: web.Request) -> web.Response:
        body = generate_latest(self._registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _healthz(self, _request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _readyz(self, _request: web.Request) -> web.Response:
        answers = self.readiness()
        is_ready = all(answer.is_ready for answer in answers.values())
        lines = [
            f"{name}: {'ok' if answer.is_ready else 'not ready: ' + answer.remedy}"
            for name, answer in sorted(answers.items())
        ]
        return web.Response(text="\n".join(lines) + "\n", status=200 if is_ready else 503)

    def start(self) -> Deferred[None]:
        """Listen; `port` then holds the real port."""
        return Deferred.fromFuture(asyncio.ensure_future(self._start()))

    async def _start(self) -> None:
        application = web.Application()
        application.router.add_get("/metrics", self._metrics)
        application.router.add_get("/healthz", self._healthz)
        application.router.add_get("/readyz", self._readyz)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._settings.host, self._settings.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    def stop(self) -> Deferred[None]:
        """Stop listening."""
        return Deferred.fromFuture(asyncio.ensure_future(self._stop()))

    async def _stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
