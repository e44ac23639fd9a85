"""The truth about the last order an account placed by phone, for a caller who was cut off.

A confirmed order has the request_id `phone:<call_no>:<n>`, and the heart keeps the first outcome
of every request_id: accepted or denied, in the journal, also across a restart. So the truth is
found by asking the heart for the requests of the account's last calls; nothing else is kept here.
The calls are known from their records, which are stored at the first ring and again at the login,
before anything can be confirmed. A request of a call that a dying gateway took along, and that the
heart does not know after recovery, was never durable: nobody else has heard of it either, so the
caller is told that no order came of that call. Not here: what is said (the flow).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import structlog
from twisted.internet.defer import Deferred
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
from risk.domain.events import Event, OrderAccepted, OrderDenied

log = structlog.get_logger("ivr")

ACTS_MAX: Final = 100  # of one call that are looked for
_NS_PER_S: Final = 1_000_000_000

OrderOutcome = OrderAccepted | OrderDenied


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
            last = await self._last_of(calls)
        except (OutcomeUnknown, DeferredTimeout, AcceptanceStopped) as e:
            log.warning("ivr.last_order_unknown", call_no=caller.call_no, why=type(e).__name__)
            return "unknown", {}
        if last is None:
            was_cut_off = any(call.close_reason == GATEWAY_ENDED for call in calls)
            return ("cut_off" if was_cut_off else "none"), {}
        try:
            return await self._told(last, caller)
        except AcceptanceStopped:
            return "unknown", {}

    async def _last_of(self, calls: Sequence[CallRecord]) -> OrderOutcome | None:
        """Return the newest outcome of the calls' orders; one still to come is waited for."""
        last: OrderOutcome | None = None
        for outcome in self._outcomes(calls):
            event = await outcome.addTimeout(self._reply_timeout_s, self._clock)
            if isinstance(event, OrderAccepted | OrderDenied) and (
                last is None or event.at_ns >= last.at_ns
            ):
                last = event
        return last

    def _outcomes(self, calls: Sequence[CallRecord]) -> Iterator["Deferred[Event]"]:
        for call in calls:
            for act_no in range(1, ACTS_MAX + 1):
                outcome = self._orders.find(request_id_of(call.call_no, act_no))
                if outcome is not None:
                    yield outcome

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
