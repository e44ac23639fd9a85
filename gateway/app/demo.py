"""The demonstration: one order by a real phone call, one by HTTP, one by the branch protocol.

Each goes over loopback sockets through the whole gateway to the simulated exchange and back as SMS
and email; each step is printed with its latency. Not here: starting the processes
(gateway.app.stage).
"""

import asyncio
import json
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeVar

import aiohttp
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from gateway.app.demo_stage import HOTLINE_NO
from gateway.app.stage import Stage
from gateway.branch.client import BranchClient, development_identity
from gateway.branch.wire import Accepted
from gateway.evidence.call_log import records_by
from gateway.evidence.transcript import transcript
from gateway.ivr.call_record import CallRecord
from gateway.refdata.tables import OpeningAccount
from gateway.sip.softphone import open_softphone, parse_script
from gateway.sip.uri import parse_uri
from gateway.sip.wire import Hop
from gateway.store.database import read_file
from gateway.store.settings import StoreSettings
from risk.domain.errors import TemporaryFailure
from risk.domain.fixedpoint import E4, format_e4, parse_e4
from risk.domain.ids import NS

T = TypeVar("T")

WAIT_S_MAX: Final = 30.0
_POLL_S: Final = 0.05
QTY: Final = 200


class DemoFailed(TemporaryFailure):
    """A step of the demonstration did not come about; the text says which and what to look at."""

    code = "demo.failed"


class Placed(NamedTuple):
    """An order that a door accepted."""

    door: str
    account: OpeningAccount
    cl_ord_id: str
    symbol: str


class WebCustomer:
    """A customer's program at the web door."""

    def __init__(self, url: str, clock: IReactorTime) -> None:
        self._url = url
        self._clock = clock
        self._token = ""

    def ask(self, method: str, path: str, body: object = None, key: str = "") -> "Deferred[Any]":
        """Return the JSON answer; raises DemoFailed with the problem's own words."""
        return Deferred.fromFuture(asyncio.ensure_future(self._ask(method, path, body, key)))

    async def _ask(self, method: str, path: str, body: object, key: str) -> Any:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        if key:
            headers["Idempotency-Key"] = key
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, self._url + path, json=body, headers=headers) as answer,
        ):
            said = json.loads(await answer.text())
            if answer.status >= 400:
                raise DemoFailed(f"{method} {path}: {answer.status} {said.get('detail', said)}")
            return said

    async def log_in(self, account: OpeningAccount) -> None:
        """Log in as a program does."""
        body = {"account_no": account.account_no, "password": account.web_password}
        said = await self.ask("POST", "/v1/login", {**body, "kind": "bearer"})
        self._token = said["token"]

    async def price_to_buy(self, symbol: str) -> str:
        """Wait for an offer and return a price that takes it: two ticks of 0.01 above."""
        until = time.monotonic() + WAIT_S_MAX
        while time.monotonic() < until:
            quotes = await self.ask("GET", f"/v1/quotes?symbols={symbol}")
            offer = quotes["quotes"][0]["ask"]
            if offer:
                return format_e4(parse_e4(offer) + 2 * E4 // 100)
            await deferLater(self._clock, _POLL_S)
        raise DemoFailed(f"no offer for {symbol} within {WAIT_S_MAX:g} s: see venue.log")


class Demo:
    """One run over a stage that is ready. `say` prints a line."""

    def __init__(
        self,
        stage: Stage,
        accounts: list[OpeningAccount],
        reactor: Any,
        now_ns: Callable[[], int],
        say: Callable[[str], None],
    ) -> None:
        self._stage = stage
        self._accounts = accounts
        self._reactor = reactor
        self._now_ns = now_ns
        self._say = say
        self._accepted_s: dict[str, float] = {}  # by ClOrdID(11), market clock
        self._url = f"http://127.0.0.1:{stage.ports['gateway.web_port']}"

    async def run(self) -> None:
        """Place the three orders and wait for all that must come of them."""
        by_phone, by_web, by_branch = self._accounts[0], self._accounts[1], self._accounts[2]
        placed = [
            await self._by_phone(by_phone, "600036"),
            await self._by_web(by_web, "300750"),
            await self._by_branch(by_branch, "000001"),
        ]
        for order in placed:
            fills = await self._filled(order)
            await self._told(order, len(fills))

    @contextmanager
    def _step(self, door: str, what: str) -> Iterator[None]:
        began_s = time.monotonic()
        outcome = "failed"
        try:
            yield
            outcome = f"{(time.monotonic() - began_s) * 1000:9.1f} ms"
        finally:
            self._say(f"  {door:<7} {what:<48} {outcome}")

    async def _by_phone(self, account: OpeningAccount, symbol: str) -> Placed:
        web = WebCustomer(self._url, self._reactor)
        await web.log_in(account)
        price = await web.price_to_buy(symbol)
        phone = await open_softphone(self._reactor, "127.0.0.1", self._now_ns, secrets.randbits)
        peer = Hop("127.0.0.1", self._stage.ports["gateway.sip_port"])
        try:
            with self._step("phone", f"call to {HOTLINE_NO} answered (SIP, RTP)"):
                to = parse_uri(f"sip:{HOTLINE_NO}@{peer.host}:{peer.port}")
                call = await phone.dial(to, account.mobile, peer)
            keys = f"1{account.account_no}#{account.phone_pin}#"
            with self._step("phone", "language, account and PIN keyed"):
                await call.run(parse_script(keys))
            order = f"1{symbol}#{price.replace('.', '*')}#{QTY}#"
            with self._step("phone", f"buy {symbol} at {price}, {QTY} keyed ahead, read back"):
                await call.run(parse_script(order + "|"))
            with self._step("phone", "1 pressed to confirm: order number heard"):
                await call.run(parse_script("1|"))
            wav = self._stage.folder / "call.wav"
            await call.end()
            wav.write_bytes(call.wav())
        finally:
            await phone.close()
        await self._tell_call()
        self._say(f"          what the caller heard: {wav}")
        orders = (await web.ask("GET", "/v1/orders"))["orders"]
        if not orders or orders[0]["channel"] != "phone":
            raise DemoFailed("the call ended without an order: see gateway.log, ivr.*")
        return Placed("phone", account, orders[0]["cl_ord_id"], symbol)

    async def _tell_call(self) -> None:
        """Print the call in words, from the record that the gateway keeps of it."""
        data = self._stage.folder / "data"

        async def kept() -> CallRecord | None:
            records = read_file(StoreSettings(), data, records_by)
            return records[0] if records and records[0].ended_ns else None

        record = await self._until("phone: the record of the call", kept)
        for line in transcript(record):
            self._say(f"            {line}")

    async def _by_web(self, account: OpeningAccount, symbol: str) -> Placed:
        web = WebCustomer(self._url, self._reactor)
        with self._step("web", "logged in"):
            await web.log_in(account)
        price = await web.price_to_buy(symbol)
        body = {"symbol": symbol, "side": "buy", "qty": QTY, "price": price}
        with self._step("web", f"buy {symbol} {QTY} at {price} accepted, durable"):
            said = await web.ask("POST", "/v1/orders", body, secrets.token_hex(8))
        return Placed("web", account, said["cl_ord_id"], symbol)

    async def _by_branch(self, account: OpeningAccount, symbol: str) -> Placed:
        web = WebCustomer(self._url, self._reactor)
        await web.log_in(account)
        price = await web.price_to_buy(symbol)
        keys = self._stage.folder / "data" / "keys"
        client = BranchClient(
            self._reactor,
            "127.0.0.1",
            self._stage.ports["gateway.branch_port"],
            development_identity(keys, account.branch_code),
        )
        with self._step("branch", "connected over TLS with its certificate"):
            await client.start()
        with self._step("branch", f"buy {symbol} {QTY} at {price} accepted, durable"):
            said = await client.order(account.account_no, symbol, 1, QTY, price)
        await client.stop()
        if not isinstance(said, Accepted):
            raise DemoFailed(f"the branch's order was not accepted: {said}")
        return Placed("branch", account, said.cl_ord_id, symbol)

    async def _until(self, what: str, found: Callable[[], Awaitable[T | None]]) -> T:
        until = time.monotonic() + WAIT_S_MAX
        while time.monotonic() < until:
            seen = await found()
            if seen is not None:
                return seen
            await deferLater(self._reactor, _POLL_S)
        raise DemoFailed(f"{what}: not within {WAIT_S_MAX:g} s; see {self._stage.folder}/*.log")

    async def _filled(self, order: Placed) -> list[dict[str, Any]]:
        """Wait until the order is filled; return its fills, each with its latency printed."""
        web = WebCustomer(self._url, self._reactor)
        await web.log_in(order.account)

        async def filled() -> dict[str, Any] | None:
            said: dict[str, Any] = await web.ask("GET", f"/v1/orders/{order.cl_ord_id}")
            return said if said["ord_status"] == "filled" else None

        said = await self._until(f"{order.door}: fill of {order.cl_ord_id}", filled)
        accepted_s = datetime.fromisoformat(said["accepted_at"]).timestamp()
        fills = (await web.ask("GET", "/v1/fills"))["fills"]
        ours = [fill for fill in fills if fill["cl_ord_id"] == order.cl_ord_id]
        for fill in ours:
            what = f"order {said['order_no']}: {fill['last_qty']} filled at {fill['last_px']}"
            after_s = datetime.fromisoformat(fill["transact_at"]).timestamp() - accepted_s
            self._say(f"  {order.door:<7} {what:<48} {after_s * 1000:9.1f} ms after acceptance")
        self._accepted_s[order.cl_ord_id] = accepted_s
        return ours

    async def _told(self, order: Placed, fill_count: int) -> None:
        """Wait for an SMS and a mail per fill and print them."""
        account = order.account
        for route, to in (("sms", account.mobile.lstrip("+")), ("mail", account.email)):

            async def told(route: str = route, to: str = to) -> list[dict[str, Any]] | None:
                found = [
                    message
                    for message in self._stage.messages()
                    if (message["route"], message["to"]) == (route, to)
                    and order.symbol in message["text"]
                ]
                return found if len(found) >= fill_count else None

            for message in await self._until(f"{order.door}: {route} to {to}", told):
                after_s = message["at_ns"] / NS - self._accepted_s[order.cl_ord_id]
                what = f"{route} reached {to}"
                self._say(f"  {order.door:<7} {what:<48} {after_s * 1000:9.1f} ms after acceptance")
                for line in (message["subject"] + "\n" + message["text"]).strip().splitlines():
                    self._say(f"            {line}")
