"""What call flows ask of the gateway: PIN, security, cash, order; an answer is an outcome.

A late or lost answer about an order is *unknown*, never *denied*. Not here: what is said about an
outcome (the flow) and how PINs are kept (gateway.identity).
"""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, Protocol

import structlog
from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.interfaces import IReactorTime

from gateway.core.ports import AcceptanceStopped, OutcomeUnknown
from gateway.identity.credentials import LockedOut, Refused, Verified
from gateway.identity.credentials import Outcome as PinOutcome
from gateway.ivr import metrics
from gateway.ivr.flow import Action
from gateway.ivr.lint import OTHER_REASON
from gateway.ivr.visit import Outcome, Perform
from gateway.media.speech import Qty, measure_of
from gateway.media.voice import Voice
from risk.book.views import AccountView, OrderView
from risk.domain.commands import Command, SubmitOrder
from risk.domain.enums import Channel, Language, OrdStatus, Side
from risk.domain.errors import TemporaryFailure
from risk.domain.events import Event, OrderAccepted, OrderDenied
from risk.domain.instrument import Instrument
from risk.domain.reasons import ReasonCode, prompt_key

log = structlog.get_logger("ivr")

NAME_TIMEOUT_S: Final = 2.0
SIDE_WORDS: Final = {Side.BUY: "buy", Side.SELL: "sell"}


class PinCheck(Protocol):
    """Who verifies PINs (gateway.identity.pins.Pins)."""

    def verify(self, account_no: str, pin: str) -> Deferred[PinOutcome]:
        """Try a PIN."""
        ...


class PhoneQueries(Protocol):
    """What the phone reads of the book (gateway.core.queries.Queries).

    Raises AcceptanceStopped after a failure of the heart.
    """

    def instrument(self, symbol: str) -> Instrument | None:
        """Return a listing, None when there is none."""
        ...

    def account(self, account_no: str) -> AccountView | None:
        """Return an account's cash, None when it is unknown."""
        ...

    def orders(self, account_no: str, limit: int = ...) -> list[OrderView]:
        """Return an account's orders of the day, the newest first, at most `limit`."""
        ...


class OrderDesk(Protocol):
    """Who takes commands (gateway.core.sequencer.Sequencer)."""

    def submit(self, command: Command) -> Deferred[Event]:
        """Return the first event of a command once it is durable."""
        ...


class Caller(NamedTuple):
    """Of which call an action is, and the language its answer is spoken in."""

    call_no: str
    language: Language


class PhoneActions:
    """Carries out the actions of all calls."""

    def __init__(
        self,
        pins: PinCheck,
        queries: PhoneQueries,
        orders: OrderDesk,
        voice: Voice,
        clock: IReactorTime,
        now_ns: Callable[[], int],
        reply_timeout_s: float,
    ) -> None:
        self._pins, self._queries, self._orders, self._voice = pins, queries, orders, voice
        self._clock, self._now_ns, self._reply_timeout_s = clock, now_ns, reply_timeout_s

    async def perform(self, caller: Caller, wish: Perform) -> Outcome:
        """Return the outcome of an action; bugs come through as exceptions."""
        match wish.action:
            case Action.VERIFY_PIN:
                name, values = await self._verify_pin(wish)
            case Action.FIND_SECURITY:
                name, values = await self._find_security(caller, wish)
            case Action.READ_CASH:
                name, values = self._read_cash(wish)
            case Action.READ_LAST_ORDER:
                name, values = await self._read_last_order(caller, wish)
            case Action.SUBMIT_ORDER:
                name, values = await self._submit_order(caller, wish)
        metrics.OUTCOMES.labels(wish.action.value, name).inc()
        log.info("ivr.outcome", call_no=caller.call_no, action=wish.action.value, outcome=name)
        return Outcome(wish.action, name, values)

    async def _verify_pin(self, wish: Perform) -> tuple[str, Mapping[str, object]]:
        account_no = _text(wish, "account_no")
        try:
            outcome = await self._pins.verify(account_no, wish.secrets["pin"])
        except TemporaryFailure as e:
            log.warning("ivr.pin_not_verified", code=e.code)
            return "busy", {}
        match outcome:
            case Verified():
                return "ok", {"verified_account_no": account_no}
            case LockedOut():
                return "locked_out", {}
            case Refused():
                return "refused", {}

    async def _find_security(
        self, caller: Caller, wish: Perform
    ) -> tuple[str, Mapping[str, object]]:
        try:
            instrument = self._queries.instrument(_text(wish, "symbol"))
        except AcceptanceStopped:
            return "not_now", {}
        if instrument is None:
            return "unknown", {}
        name = await self._prepared_name(instrument, caller.language)
        return "ok", {"security": name, "measure": measure_of(instrument.board)}

    async def _prepared_name(self, instrument: Instrument, language: Language) -> str:
        """Return the name in the caller's language, rendered when that does not take long."""
        name = instrument.name_zh if language is Language.ZH else instrument.name_en
        rendered = Deferred.fromCoroutine(self._voice.prepare_name(name, language))
        try:
            await rendered.addTimeout(NAME_TIMEOUT_S, self._clock)
        except DeferredTimeout:
            log.warning("ivr.name_late", symbol=instrument.symbol)  # the code is spoken anyway
        return name

    def _read_cash(self, wish: Perform) -> tuple[str, Mapping[str, object]]:
        try:
            account = self._queries.account(_text(wish, "verified_account_no"))
        except AcceptanceStopped:
            return "unknown", {}
        return ("unknown", {}) if account is None else ("ok", {"free": account.free_e4})

    async def _read_last_order(
        self, caller: Caller, wish: Perform
    ) -> tuple[str, Mapping[str, object]]:
        try:
            orders = self._queries.orders(_text(wish, "verified_account_no"), limit=1)
            instrument = self._queries.instrument(orders[0].symbol) if orders else None
        except AcceptanceStopped:
            return "unknown", {}
        if not orders:
            return "none", {}
        order = orders[0]
        assert instrument is not None, f"an order of {order.symbol}, which is not listed"
        measure = measure_of(instrument.board)
        return "ok", {
            "last_order_no": order.order_no,
            "last_side_word": SIDE_WORDS[order.side],
            "last_security": await self._prepared_name(instrument, caller.language),
            "last_symbol": order.symbol,
            "last_qty": Qty(order.qty, measure),
            "last_price": order.price_e4,
            "last_filled": Qty(order.cum_qty, measure),
            "last_state": _state_word(order),
        }

    async def _submit_order(
        self, caller: Caller, wish: Perform
    ) -> tuple[str, Mapping[str, object]]:
        command = order_of(caller.call_no, wish, self._now_ns())
        try:
            reply = self._orders.submit(command).addTimeout(self._reply_timeout_s, self._clock)
            event = await reply
        except AcceptanceStopped:
            return "denied", {"reason": ReasonCode.NOT_ACCEPTING.name.lower()}
        except (OutcomeUnknown, DeferredTimeout) as e:
            log.warning(
                "ivr.order_unknown",
                call_no=caller.call_no,
                request_id=command.request_id,
                why=type(e).__name__,
            )
            return "unknown", {}
        match event:
            case OrderAccepted():
                return "accepted", {"order_no": event.order_no}
            case OrderDenied():
                return "denied", self._reason_values(event)
            case _:
                raise AssertionError(f"an order was answered with {type(event).__name__}")

    def _reason_values(self, event: OrderDenied) -> Mapping[str, object]:
        """Reason and figures; without a figure that its words need, only "try again later"."""
        needed = {slot.name for slot in self._voice.book.slots(prompt_key(event.reason))}
        if not needed <= event.detail.keys():
            log.error("ivr.figures_missing", reason=event.reason.name, detail=dict(event.detail))
            return {"reason": OTHER_REASON}
        return {"reason": event.reason.name.lower(), **event.detail}


def order_of(call_no: str, wish: Perform, now_ns: int) -> SubmitOrder:
    """Return the order a caller confirmed; its request_id makes sending it twice harmless."""
    side, qty, price_e4 = wish.values["side"], wish.values["qty"], wish.values["price"]
    assert isinstance(side, Side), side
    assert isinstance(qty, int), qty
    assert isinstance(price_e4, int), price_e4
    return SubmitOrder(
        request_id=f"phone:{call_no}:{wish.order_no_of_call}",
        account_no=_text(wish, "verified_account_no"),
        symbol=_text(wish, "symbol"),
        side=side,
        qty=qty,
        price_e4=price_e4,
        channel=Channel.PHONE,
        trace_id=call_no,
        entered_ns=wish.at_ns or now_ns,
    )


def _state_word(order: OrderView) -> str:
    """Return which prompt tells how an order stands."""
    if order.is_open:
        return "open"
    if order.ord_status is OrdStatus.REJECTED:
        return "rejected"
    return "filled" if order.ord_status is OrdStatus.FILLED else "ended"


def _text(wish: Perform, name: str) -> str:
    value = wish.values[name]
    assert isinstance(value, str), name
    return value
