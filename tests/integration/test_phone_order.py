"""A caller places an order through real SIP and RTP, and hears what the heart said."""

import secrets
import time
from collections.abc import Callable, Mapping

import structlog
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from gateway.media.g711 import ALAW_SILENCE
from gateway.media.speech import Code, Money, Name, OrderNo, Price, Qty, Value
from gateway.sip.softphone import PhoneCall, open_softphone
from gateway.sip.uri import Uri
from gateway.sip.wire import Hop
from risk.domain.commands import SubmitOrder
from risk.domain.enums import Channel, Language, Side
from risk.domain.events import Event
from risk.domain.reasons import ReasonCode
from tests.builders.phone import ACCOUNT_NO, PIN, PhoneHouse, a_denial

TIMEOUT_S = 60.0
DRAFT: Mapping[str, Value] = {
    "security": Name("浦发银行"),
    "symbol": Code("600000"),
    "qty": Qty(200),
    "price": Price(100_500),
}
TO_READBACK = f"1{ACCOUNT_NO}#{PIN}#160000010*05#200#"


class PhoneCase(TestCase):
    worker_count = 0

    async def setUp(self) -> None:
        self.house = PhoneHouse(worker_count=self.worker_count)
        self.port = await self.house.start()
        self.addCleanup(self.house.stop)
        self.phone = await open_softphone(reactor, "127.0.0.1", time.time_ns, secrets.randbits)
        self.addCleanup(self.phone.close)

    async def dial(self) -> PhoneCall:
        uri = Uri("sip", user="95500", host="127.0.0.1", port=self.port)
        return await self.phone.dial(uri, "13800138000", Hop("127.0.0.1", self.port))

    async def until(self, is_true: Callable[[], bool], what: str) -> None:
        end_s = time.monotonic() + TIMEOUT_S
        while not is_true():
            assert time.monotonic() < end_s, f"waited {TIMEOUT_S} s until {what}"
            await deferLater(reactor, 0.02)

    async def hears(self, call: PhoneCall, said: bytes, what: str) -> None:
        """Wait for a prompt; silence is left out, as a busy machine may stretch a pause."""
        said = said.replace(ALAW_SILENCE, b"")
        await self.until(
            lambda: said in bytes(call.heard).replace(ALAW_SILENCE, b""), f"the caller hears {what}"
        )

    async def confirm(self) -> PhoneCall:
        """Dial, key an order at one go, confirm it after its read-back."""
        call = await self.dial()
        await call.press(TO_READBACK)
        await self.hears(call, self.says("order.readback_buy", DRAFT), "the read-back")
        await self.hears(call, self.says("order.confirm")[:2_000], "that a key is asked for")
        await call.press("1")
        return call

    def says(
        self, key: str, values: Mapping[str, Value] = {}, language: Language = Language.ZH
    ) -> bytes:
        return b"".join(clip.alaw for clip in self.house.voice.clips(key, values, language))

    @property
    def orders(self) -> list[SubmitOrder]:
        return [c for c in self.house.orders.commands if isinstance(c, SubmitOrder)]

    async def buy_and_hear_the_order_number(self) -> None:
        with structlog.testing.capture_logs() as logs:
            call = await self.confirm()
            told = self.says("order.accepted", {"order_no": OrderNo(10088)})
            await self.hears(call, told, "the order number")
            await call.end()
            await self.until(lambda: self.house.door.call_count == 0, "the call is over")
            await self.until(lambda: self.house.media.leg_count == 0, "the leg is closed")
        (order,) = self.orders
        assert order.account_no == ACCOUNT_NO
        assert (order.symbol, order.side, order.qty) == ("600000", Side.BUY, 200)
        assert (order.price_e4, order.channel) == (100_500, Channel.PHONE)
        assert order.request_id == f"phone:{order.trace_id}:1"
        assert 0 < order.entered_ns <= time.time_ns()
        assert PIN not in repr(logs)
        assert "ivr.call_ended" in [line["event"] for line in logs]


class PhoneOrders(PhoneCase):
    """Media on the gateway's reactor."""

    async def test_a_caller_buys_and_hears_the_order_number(self) -> None:
        await self.buy_and_hear_the_order_number()

    async def test_a_denial_is_told_with_its_figures(self) -> None:
        detail = {"need_e4": 20_150_000, "free_e4": 5_000_000}
        self.house.orders.answer = lambda c: a_denial(c, ReasonCode.BUYING_POWER, detail)
        call = await self.confirm()
        await self.hears(call, self.says("order.denied"), "that it is denied")
        money = {name: Money(amount) for name, amount in detail.items()}
        await self.hears(call, self.says("reason.buying_power", money), "why")

    async def test_hanging_up_after_confirming_still_places_the_order(self) -> None:
        replies: list[Deferred[Event]] = []

        def late(_: SubmitOrder) -> Deferred[Event]:
            replies.append(Deferred())
            return replies[0]

        self.house.orders.answer = late
        call = await self.confirm()
        await call.end()
        await self.until(lambda: self.house.door.call_count == 0, "the call is over")
        assert len(self.orders) == 1
        assert not replies[0].called
        replies[0].callback(a_denial(self.orders[0], ReasonCode.MARKET_CLOSED, {}))


class PhoneOrdersWithAWorker(PhoneCase):
    """Media in a process of its own."""

    worker_count = 1

    async def test_a_caller_buys_and_hears_the_order_number(self) -> None:
        await self.buy_and_hear_the_order_number()
