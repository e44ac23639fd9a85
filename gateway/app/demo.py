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
from typing import Any, Final, NamedTuple, TypeVar

import aiohttp
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from gateway.app.stage import Stage
from gateway.branch.client import BranchClient
from gateway.branch.wire import BranchOrder
from gateway.refdata.tables import OpeningAccount
from gateway.sip.softphone import open_softphone, parse_script
from gateway.sip.uri import Uri
from gateway.sip.wire import Hop
from risk.domain.errors import TemporaryFailure
from risk.domain.fixedpoint import E4, format_e4, parse_e4

T = TypeVar("T")

WAIT_S_MAX: Final = 30.0
_POLL_S: Final = 0.05
QTY: Final = 200
HOTLINE_NO: Final = "95500"


class DemoFailed(TemporaryFailure):
    """A step of the demonstration did not come about; the text says which and what to look at."""

    code = "demo.failed"


class Placed(NamedTuple):
    """An order that a door accepted."""

    door: str
    account: OpeningAccount
    cl_ord_id: str
    symbol: str
    began_s: float


class WebCustomer:
    """A customer's program at the web door."""

    def __init__(self, url: str) -> None:
        self._url = url
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
            await deferred_pause()
        raise DemoFailed(f"no offer for {symbol} within {WAIT_S_MAX:g} s: see venue.log")


def deferred_pause() -> "Deferred[None]":
    """Wait a little on the reactor."""
    from twisted.internet import reactor

    return deferLater(reactor, _POLL_S)  # type: ignore[arg-type]


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
            await self._filled(order)
            await self._told(order)

    @contextmanager
    def _step(self, door: str, what: str) -> Iterator[None]:
        began_s = time.monotonic()
        try:
            yield
        except BaseException:
            self._say(f"  {door:<7} {what:<48} failed")
            raise
        self._say(f"  {door:<7} {what:<48} {(time.monotonic() - began_s) * 1000:9.1f} ms")

    async def _by_phone(self, account: OpeningAccount, symbol: str) -> Placed:
        web = WebCustomer(self._url)
        await web.log_in(account)
        price = await web.price_to_buy(symbol)
        phone = await open_softphone(self._reactor, "127.0.0.1", self._now_ns, secrets.randbits)
        peer = Hop("127.0.0.1", self._stage.ports["gateway.sip_port"])
        try:
            with self._step("phone", f"call to {HOTLINE_NO} answered (SIP, RTP)"):
                call = await phone.dial(
                    Uri(user=HOTLINE_NO, host=peer.host, port=peer.port), account.mobile, peer
                )
            keys = f"1{account.account_no}#{account.phone_pin}#"
            with self._step("phone", "language, account and PIN keyed, logged in"):
                await call.run(parse_script(keys + "|"))
            order = f"1{symbol}#{price.replace('.', '*')}#{QTY}#"
            with self._step("phone", f"buy {symbol} at {price}, {QTY} keyed, read back"):
                await call.run(parse_script(order + "|"))
            began_s = time.monotonic()
            with self._step("phone", "1 pressed to confirm: order number heard"):
                await call.run(parse_script("1|"))
            wav = self._stage.folder / "call.wav"
            await call.end()
            wav.write_bytes(call.wav())
        finally:
            await phone.close()
        self._say(f"          what the caller heard: {wav}")
        orders = (await web.ask("GET", "/v1/orders"))["orders"]
        if not orders or orders[0]["channel"] != "phone":
            raise DemoFailed("the call ended without an order: see gateway.log, ivr.*")
        return Placed("phone", account, orders[0]["cl_ord_id"], symbol, began_s)

    async def _by_web(self, account: OpeningAccount, symbol: str) -> Placed:
        web = WebCustomer(self._url)
        with self._step("web", "logged in"):
            await web.log_in(account)
        price = await web.price_to_buy(symbol)
        body = {"symbol": symbol, "side": "buy", "qty": QTY, "price": price}
        began_s = time.monotonic()
        with self._step("web", f"buy {symbol} {QTY} at {price} accepted, durable"):
            said = await web.ask("POST", "/v1/orders", body, secrets.token_hex(8))
        return Placed("web", account, said["cl_ord_id"], symbol, began_s)

    async def _by_branch(self, account: OpeningAccount, symbol: str) -> Placed:
        web = WebCustomer(self._url)
        await web.log_in(account)
        price = await web.price_to_buy(symbol)
        keys = self._stage.folder / "data" / "keys"
        client = BranchClient(self._reactor, keys, account.branch_code)
        with self._step("branch", "connected over TLS with its certificate"):
            await client.connect("127.0.0.1", self._stage.ports["gateway.branch_port"])
        began_s = time.monotonic()
        with self._step("branch", f"buy {symbol} {QTY} at {price} accepted, durable"):
            said = await client.ask(
                BranchOrder(client.next_seq(), account.account_no, symbol, 1, QTY, price)
            )
        await client.close()
        return Placed("branch", account, said.cl_ord_id, symbol, began_s)

    async def _until(self, what: str, found: Callable[[], Awaitable[T | None]]) -> T:
        until = time.monotonic() + WAIT_S_MAX
        while time.monotonic() < until:
            seen = await found()
            if seen is not None:
                return seen
            await deferred_pause()
        raise DemoFailed(f"{what}: not within {WAIT_S_MAX:g} s; see {self._stage.folder}/*.log")

    async def _filled(self, order: Placed) -> None:
        web = WebCustomer(self._url)
        await web.log_in(order.account)

        async def filled() -> dict[str, Any] | None:
            said: dict[str, Any] = await web.ask("GET", f"/v1/orders/{order.cl_ord_id}")
            return said if said["ord_status"] == "filled" else None

        said = await self._until(f"{order.door}: fill of {order.cl_ord_id}", filled)
        what = f"order {said['order_no']} filled {said['cum_qty']} at {said['avg_px']}"
        self._say(f"  {order.door:<7} {what}, fees {said['fees']}")

    async def _told(self, order: Placed) -> None:
        """Wait for an SMS and a mail that say the order is filled, and print them."""
        wanted = {"sms": order.account.mobile, "mail": order.account.email}
        for route, to in wanted.items():

            async def told(route: str = route, to: str = to) -> dict[str, Any] | None:
                for message in self._stage.messages():
                    is_ours = message["route"] == route and to.lstrip("+") in message["to"]
                    if is_ours and order.symbol in message["text"]:
                        return message
                return None

            message = await self._until(f"{order.door}: {route} to {to}", told)
            self._say(f"  {order.door:<7} {route} reached {to}")
            for line in (message["subject"] + "\n" + message["text"]).strip().splitlines():
                self._say(f"            {line}")
