"""Cancelling what is left of an order, and what the venue has said to it by now.

A late or lost answer is *unknown*, never *denied*. The venue answers while the caller hears that
the request is on its way; nobody waits for it. Not here: choosing the order (`today`).
"""

from collections.abc import Callable, Mapping

from gateway.core.ports import AcceptanceStopped
from gateway.ivr.actions.asking import Answer, Answering, Caller, text_of
from gateway.ivr.actions.commands import CommandDesk, unexpected
from gateway.ivr.actions.ports import PhoneQueries
from gateway.ivr.actions.reasons import NOT_ACCEPTING, reason_values
from gateway.ivr.visit import Perform
from gateway.ivr.wishes import Action
from gateway.media.prompts import PromptBook
from gateway.media.speech import Qty, measure_of
from risk.book.views import OrderView
from risk.domain.commands import CancelOrder
from risk.domain.enums import Channel, OrdStatus
from risk.domain.events import CancelDenied, CancelRequested
from risk.domain.reasons import ReasonCode


class CancelActions:
    """Cancel requests."""

    def __init__(
        self,
        desk: CommandDesk,
        queries: PhoneQueries,
        book: PromptBook,
        now_ns: Callable[[], int],
    ) -> None:
        self._desk, self._queries, self._book, self._now_ns = desk, queries, book, now_ns

    def table(self) -> Mapping[Action, Answering]:
        """Return the actions answered here."""
        return {Action.CANCEL_ORDER: self.cancel, Action.READ_CANCEL: self.read}

    async def cancel(self, caller: Caller, wish: Perform) -> Answer:
        """requested | too_late | denied | unknown."""
        command = CancelOrder(
            request_id=wish.request_id(caller.call_no),
            account_no=text_of(wish, "verified_account_no"),
            cl_ord_id=text_of(wish, "item_id"),
            channel=Channel.PHONE,
            trace_id=caller.call_no,
            entered_ns=wish.at_ns or self._now_ns(),
        )
        try:
            event = await self._desk.ask(command)
        except AcceptanceStopped:
            return "denied", NOT_ACCEPTING
        match event:
            case None:
                return "unknown", {}
            case CancelRequested():
                return "requested", {"cl_ord_id": event.orig_cl_ord_id}
            case CancelDenied(reason=ReasonCode.ORDER_CLOSED):
                return "too_late", {}
            case CancelDenied():
                return "denied", reason_values(self._book, event.reason, event.detail)
            case _:
                unexpected(event)

    async def read(self, _: Caller, wish: Perform) -> Answer:
        """canceled | part_canceled | too_late | refused | pending | unknown: the venue's answer."""
        try:
            order = self._queries.order(text_of(wish, "item_id"))
            assert order is not None, "an order that was there a moment ago"
            return _after_request(order), self._figures(order)
        except AcceptanceStopped:
            return "unknown", {}

    def _figures(self, order: OrderView) -> Mapping[str, object]:
        """What traded, and what did not."""
        instrument = self._queries.instrument(order.symbol)
        assert instrument is not None, f"an order of {order.symbol}, which is not listed"
        measure = measure_of(instrument.board)
        return {
            "cancel_filled": Qty(order.cum_qty, measure),
            "cancel_left": Qty(order.qty - order.cum_qty, measure),
        }


def _after_request(order: OrderView) -> str:
    """Return how an order stands after a cancel request."""
    if order.is_open:
        return "pending" if order.cancel_cl_ord_id else "refused"
    if order.ord_status is OrdStatus.FILLED:
        return "too_late"
    return "part_canceled" if order.cum_qty else "canceled"
