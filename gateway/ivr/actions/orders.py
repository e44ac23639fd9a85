"""Submitting the order a caller confirmed.

A late or lost answer about an order is *unknown*, never *denied*. Not here: what is said about an
outcome (the flow).
"""

from collections.abc import Callable, Mapping

from gateway.core.ports import AcceptanceStopped
from gateway.ivr.actions.asking import Answer, Answering, Caller, text_of
from gateway.ivr.actions.commands import CommandDesk, unexpected
from gateway.ivr.actions.reasons import NOT_ACCEPTING, reason_values
from gateway.ivr.visit import Perform
from gateway.ivr.wishes import Action
from gateway.media.prompts import PromptBook
from risk.domain.commands import SubmitOrder
from risk.domain.enums import Channel, Side
from risk.domain.events import OrderAccepted, OrderDenied


class OrderActions:
    """Orders."""

    def __init__(self, desk: CommandDesk, book: PromptBook, now_ns: Callable[[], int]) -> None:
        self._desk, self._book, self._now_ns = desk, book, now_ns

    def table(self) -> Mapping[Action, Answering]:
        """Return the actions answered here."""
        return {Action.SUBMIT_ORDER: self.submit}

    async def submit(self, caller: Caller, wish: Perform) -> Answer:
        """accepted | denied | unknown."""
        command = order_of(caller, wish, self._now_ns())
        try:
            event = await self._desk.ask(command)
        except AcceptanceStopped:
            return "denied", NOT_ACCEPTING
        match event:
            case None:
                return "unknown", {}
            case OrderAccepted():
                return "accepted", {"order_no": event.order_no, "cl_ord_id": event.cl_ord_id}
            case OrderDenied():
                return "denied", reason_values(self._book, event.reason, event.detail)
            case _:
                unexpected(event)


def order_of(caller: Caller, wish: Perform, now_ns: int) -> SubmitOrder:
    """Return the order a caller confirmed; its request_id makes sending it twice harmless."""
    side, qty, price_e4 = wish.values["side"], wish.values["qty"], wish.values["price"]
    assert isinstance(side, Side), side
    assert isinstance(qty, int), qty
    assert isinstance(price_e4, int), price_e4
    return SubmitOrder(
        request_id=wish.request_id(caller.call_no),
        account_no=text_of(wish, "verified_account_no"),
        symbol=text_of(wish, "symbol"),
        side=side,
        qty=qty,
        price_e4=price_e4,
        channel=Channel.PHONE,
        trace_id=caller.call_no,
        entered_ns=wish.at_ns or now_ns,
    )
