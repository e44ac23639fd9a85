"""The web door on a real heart: risk core, journal on disk, identity, and an HTTP client.

`WebCase` is a trial test case whose asyncio parts run on the reactor's own loop.
"""

import asyncio
import tempfile
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import aiohttp
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.trial import unittest

from gateway.identity.registry import Identity
from gateway.identity.settings import IdentitySettings
from gateway.journal.heart import Heart, open_heart
from gateway.journal.settings import JournalSettings
from gateway.journal.storage import DiskStorage
from gateway.web.server import WebDoor
from gateway.web.settings import WebSettings
from risk.book.account_book import AccountBook
from risk.book.prices import Quote
from risk.book.views import take_quote
from risk.checks.moment import HouseLimits, TradingRules
from risk.core.step import step
from risk.domain import commands as c
from risk.domain.enums import Board, ExecType, OrdStatus, Side
from risk.domain.errors import HotlineError
from risk.domain.ids import NS
from tests.builders.identity import PASSWORD, PIN, SetClock, a_customer, an_identity, quick_settings
from tests.builders.rulebooks import the_rulebook

NOW_NS = 1_795_399_200 * NS  # Monday 2026-11-23 10:00 in China: continuous trading
DAY = 20261123
A, B = "10000001", "10000002"
CASH_E4 = 1_000_000 * 10_000
GENEROUS = HouseLimits(duplicate_window_s=0, account_per_s=100_000, branch_per_s=1_000_000)


class WebRig:
    """Heart, identity and door over one folder; opened again over it after `stop`."""

    def __init__(self, folder: Path, house: HouseLimits = GENEROUS, **web: Any) -> None:
        self.folder = folder
        self.clock = SetClock(NOW_NS)
        self.failures: list[HotlineError] = []
        self.house = house
        self.settings = WebSettings(**{"port": 0, "cookie_secure": False, **web})
        self.identity_settings: IdentitySettings = quick_settings(failures_max=3, lock_s=60)
        self.identity: Identity
        self.heart: Heart
        self.door: WebDoor

    async def start(self, accounts: tuple[str, ...] = (A, B)) -> None:
        """Open everything; add what a first start lacks."""
        self.identity = an_identity(self.folder, reactor, self.clock, self.identity_settings)
        self.identity.start()
        self.storage = DiskStorage(self.folder / "journal")
        self.storage.lock()
        rules = TradingRules(the_rulebook(), self.house)

        def step_of(book: AccountBook) -> Any:
            return partial(step, book, rules)

        self.heart = open_heart(
            self.storage,
            JournalSettings(),
            step_of,
            reactor,
            reactor,
            self.clock,
            self.failures.append,
        )
        self.heart.lifecycle.open_doors()
        if not self.heart.queries.day:
            await self._first_start(accounts)
        self.door = WebDoor(
            self.settings,
            self.heart.sequencer,
            self.heart.queries,
            self.heart.bus,
            self.identity,
            reactor,
            self.clock,
        )
        await self.door.start()

    async def stop(self) -> None:
        """Close everything."""
        await self.door.stop()
        if not self.failures:
            await self.heart.lifecycle.close()
        self.storage.unlock()
        self.identity.stop()

    async def _first_start(self, accounts: tuple[str, ...]) -> None:
        submit = self.heart.sequencer.submit
        wishes: list[c.Command] = [
            c.ListInstrument(
                "i1", "600519", Board.SSE_MAIN, "贵州茅台", "Kweichow Moutai", 100_000
            ),
            c.ListInstrument("i2", "000001", Board.SZSE_MAIN, "平安银行", "Ping An Bank", 100_000),
            c.StartDay("day", DAY),
        ]
        for account_no in accounts:
            self.identity.enrol(a_customer(account_no), PIN, PASSWORD, NOW_NS)
            wishes.append(c.OpenAccount(f"o{account_no}", account_no, "00101"))
            wishes.append(c.MoveCash(f"c{account_no}", account_no, CASH_E4))
        for wish in wishes:
            await submit(wish)

    async def report(
        self, cl_ord_id: str, exec_type: ExecType, ord_status: OrdStatus, **fields: Any
    ) -> None:
        """Let the venue report on an order."""
        order = self.heart.queries.order(cl_ord_id)
        assert order is not None
        self.reports = getattr(self, "reports", 0) + 1
        await self.heart.sequencer.submit(
            c.RecordExecution(
                f"fix:{self.reports}",
                "SSE",
                self.reports + 1,
                cl_ord_id,
                "",
                "V1",
                f"E{self.reports}",
                exec_type,
                ord_status,
                order.symbol,
                Side(order.side),
                **fields,
            )
        )

    async def fill(self, cl_ord_id: str, qty: int, px_e4: int) -> None:
        """Let the venue fill a part of an order."""
        order = self.heart.queries.order(cl_ord_id)
        assert order is not None
        leaves_qty = order.leaves_qty - qty
        await self.report(
            cl_ord_id,
            ExecType.TRADE,
            OrdStatus.PARTIALLY_FILLED if leaves_qty else OrdStatus.FILLED,
            last_qty=qty,
            last_px_e4=px_e4,
            cum_qty=order.cum_qty + qty,
            leaves_qty=leaves_qty,
            transact_ns=NOW_NS,
        )

    def tick(self, symbol: str, bid_e4: int, ask_e4: int, last_e4: int) -> None:
        """Let the market move."""
        take_quote(self.heart.book, symbol, Quote(bid_e4, ask_e4, last_e4, NOW_NS))


class Client:
    """One program's HTTP client; `headers` are sent with every request."""

    def __init__(self, rig: WebRig, **headers: str) -> None:
        self.session = aiohttp.ClientSession(
            f"http://127.0.0.1:{rig.door.port}",
            headers={name.replace("_", "-"): value for name, value in headers.items()},
            cookie_jar=aiohttp.CookieJar(unsafe=True),
        )
        self.key = 0

    async def ask(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, Any, Any]:
        """Return status, decoded body and headers."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.session.request(method, path, json=body, headers=named) as response:
            is_json = "json" in response.content_type
            return (
                response.status,
                await (response.json() if is_json else response.text()),
                (response.headers),
            )

    async def log_in(self, account_no: str = A, kind: str = "bearer") -> dict[str, Any]:
        """Log in; later requests carry the token."""
        status, answer, _ = await self.ask(
            "POST", "/v1/login", {"account_no": account_no, "password": PASSWORD, "kind": kind}
        )
        assert status == 200, answer
        if kind == "bearer":
            self.session.headers["Authorization"] = f"Bearer {answer['token']}"
        else:
            self.session.headers["X-CSRF-Token"] = answer["csrf_token"]
        return dict(answer)

    async def order(self, key: str = "", **changed: Any) -> tuple[int, Any]:
        """Place an order, valid unless changed."""
        self.key += 1
        body = {"symbol": "600519", "side": "buy", "qty": 100, "price": "10.05", **changed}
        key = key or f"k{self.key}"
        status, answer, _ = await self.ask("POST", "/v1/orders", body, Idempotency_Key=key)
        return status, answer


def on_loop(work: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., Deferred[None]]:
    """Run a test written with asyncio on the reactor's loop."""

    def run(self: Any) -> Deferred[None]:
        return Deferred.fromFuture(asyncio.ensure_future(work(self)))

    run.__name__ = work.__name__
    return run


class WebCase(unittest.TestCase):
    """Starts a rig for each test, with `web` settings, and closes its clients afterwards."""

    timeout = 20
    web: ClassVar[dict[str, Any]] = {}
    house = GENEROUS

    def setUp(self) -> Deferred[None]:
        self.clients: list[Client] = []
        self.rig = WebRig(Path(tempfile.mkdtemp()), self.house, **self.web)
        return Deferred.fromFuture(asyncio.ensure_future(self._up()))

    async def _up(self) -> None:
        try:
            await self.twisted(self.rig.start())
        except BaseException:
            self.rig.identity.stop()  # else its threads keep the process alive
            raise

    def tearDown(self) -> Deferred[None]:
        return Deferred.fromFuture(asyncio.ensure_future(self._down()))

    async def _down(self) -> None:
        for client in self.clients:
            await client.session.close()
        await self.twisted(self.rig.stop())

    async def twisted(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Await a Twisted coroutine inside an asyncio test."""
        return await Deferred.fromCoroutine(work).asFuture(asyncio.get_running_loop())

    async def client(self, account_no: str = "", kind: str = "bearer", **headers: str) -> Client:
        """Return a client, logged in when an account is named."""
        client = Client(self.rig, **headers)
        self.clients.append(client)
        if account_no:
            await client.log_in(account_no, kind)
        return client
