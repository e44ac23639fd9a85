"""The truth about the last order an account placed by phone, for a caller who was cut off.

A confirmed order has the request_id `phone:<call_no>:<n>`, and the heart keeps the first outcome
of every request_id: accepted or denied, in the journal, also across a restart. So the truth is
found by asking the heart for the requests of the account's last calls; nothing else is kept here.
The calls are known from their records, which are stored at the first ring and again at the login,
before anything can be confirmed. Of a call in which several accounts were verified, each is told of
its own orders only. A request of a call that a dying gateway took along, and that the heart does
not know after recovery, was never durable: nobody else has heard of it either, so the caller is
told that no order came of that call, or not to order again before having looked when another order
did come of it. Not here: what is said (the flow).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Final

import structlog
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.interfaces import IReactorTime

from gateway.core.ports import AcceptanceStopped, OutcomeUnknown
from gateway.ivr.actions.asking import Answer, Answering, Caller, text_of
from gateway.ivr.actions.items import SIDE_WORDS, order_item
from gateway.ivr.actions.names import SpokenNames
from gateway.ivr.actions.ports import OrderDesk, PhoneQueries, RecentCalls
from gateway.ivr.actions.reasons import reason_values
from gateway.ivr.call_record import GATEWAY_ENDED, CallRecord
from gateway.ivr.settings import PhoneSettings
from gateway.ivr.visit import Perform, request_id_of
from gateway.ivr.wishes import Action
from gateway.media.prompts import PromptBook
from gateway.media.speech import Qty, measure_of
from risk.domain.enums import Side
from risk.domain.errors import TemporaryFailure
from risk.domain.events import OrderAccepted, OrderDenied

log = structlog.get_logger("ivr")

ACTS_MAX: Final = 100  # of one call that are looked for, besides those its record names
_NS_PER_S: Final = 1_000_000_000

OrderOutcome = OrderAccepted | OrderDenied
_SUBMIT: Final = Action.SUBMIT_ORDER.value


class ResumeActions:
    """What became of the order before the line dropped."""

    def __init__(
        self,
        calls: RecentCalls,
        orders: OrderDesk,
        queries: PhoneQueries,
        names: SpokenNames,
        book: PromptBook,
        clock: IReactorTime,
        now_ns: Callable[[], int],
        settings: PhoneSettings,
    ) -> None:
        self._calls, self._orders, self._queries = calls, orders, queries
        self._names, self._book, self._clock, self._now_ns = names, book, clock, now_ns
        self._reply_timeout_s = settings.reply_timeout_s
        self._within_ns = int(settings.resume_within_s * _NS_PER_S)

    def table(self) -> Mapping[Action, Answering]:
        """Return the actions answered here."""
        return {Action.READ_LAST_ORDER: self.read}

    async def read(self, caller: Caller, wish: Perform) -> Answer:
        """accepted | denied | unknown | cut_off | none: the account's last order by phone."""
        account_no = text_of(wish, "verified_account_no")
        try:
            known = await self._calls.recent(account_no)
        except TemporaryFailure as e:
            log.warning("ivr.calls_not_known", call_no=caller.call_no, code=e.code)
            return "none", {}
        calls = [call for call in known if self._is_recent(call)]
        try:
            return await self._truth(calls, account_no, caller)
        except (OutcomeUnknown, DeferredTimeout, AcceptanceStopped) as e:
            log.warning("ivr.last_order_unknown", call_no=caller.call_no, why=type(e).__name__)
            return "unknown", {}

    async def _truth(self, calls: Sequence[CallRecord], account_no: str, caller: Caller) -> Answer:
        last: OrderOutcome | None = None
        by_call = {call.call_no: await self._orders_of(call, account_no) for call in calls}
        for outcome in chain.from_iterable(by_call.values()):
            if last is None or outcome.at_ns >= last.at_ns:
                last = outcome
        for call in calls:
            is_newer = last is None or call.started_ns > last.at_ns
            if call.close_reason != GATEWAY_ENDED:
                continue
            if is_newer and not by_call[call.call_no]:
                return "cut_off", {}
            if last in by_call[call.call_no] and self._lost_one_of(call):
                return "unknown", {}
        return ("none", {}) if last is None else await self._told(last, caller)

    async def _orders_of(self, call: CallRecord, account_no: str) -> list[OrderOutcome]:
        """Return what became of an account's orders in a call; what is still to come is awaited."""
        found: list[OrderOutcome] = []
        for request_id in _requests_of(call):
            outcome = self._orders.find(request_id)
            if outcome is None:
                continue
            event = await outcome.addTimeout(self._reply_timeout_s, self._clock)
            if isinstance(event, OrderAccepted | OrderDenied) and event.account_no == account_no:
                found.append(event)
        return found

    def _lost_one_of(self, call: CallRecord) -> bool:
        """Whether the last order asked for in a call never reached the journal."""
        asked = [acted.request_id for acted in call.acted if acted.action == _SUBMIT]
        return bool(asked) and self._orders.find(asked[-1]) is None

    def _is_recent(self, call: CallRecord) -> bool:
        return not call.ended_ns or self._now_ns() - call.ended_ns <= self._within_ns

    async def _told(self, last: OrderOutcome, caller: Caller) -> Answer:
        instrument = self._queries.instrument(last.symbol)
        if isinstance(last, OrderAccepted):
            assert instrument is not None, f"an order of {last.symbol}, which is not listed"
            order = self._queries.order(last.cl_ord_id)
            if order is None:  # of an earlier day: the book has let it go
                return "none", {}
            name = await self._names.of(instrument, caller.language)
            return "accepted", order_item(order, instrument, name)
        name = "" if instrument is None else await self._names.of(instrument, caller.language)
        measure = "share" if instrument is None else measure_of(instrument.board)
        return "denied", {
            **reason_values(self._book, last.reason, last.detail),
            "item_side": SIDE_WORDS[Side(last.side)],
            "item_security": name,
            "item_symbol": last.symbol,
            "item_qty": Qty(last.qty, measure),
            "item_price": last.price_e4,
        }


def _requests_of(call: CallRecord) -> Iterable[str]:
    """Return the request_ids a call has used or may have used, each once."""
    named = [acted.request_id for acted in call.acted if acted.request_id]
    numbered = [request_id_of(call.call_no, act_no) for act_no in range(1, ACTS_MAX + 1)]
    return dict.fromkeys([*named, *numbered])
