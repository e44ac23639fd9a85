"""Submitting the order a caller confirmed.

A late or lost answer about an order is *unknown*, never *denied*. Not here: what is said about an
outcome (the flow).
"""

from collections.abc import Callable, Mapping

import structlog
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.interfaces import IReactorTime

from gateway.core.ports import AcceptanceStopped, OutcomeUnknown
from gateway.ivr.actions.asking import Answer, Answering, Caller, text_of
from gateway.ivr.actions.ports import OrderDesk
from gateway.ivr.flow import Action
from gateway.ivr.lint import OTHER_REASON
from gateway.ivr.visit import Perform
from gateway.media.prompts import PromptBook
from risk.domain.commands import SubmitOrder
from risk.domain.enums import Channel, Side
from risk.domain.events import OrderAccepted, OrderDenied
from risk.domain.reasons import ReasonCode, prompt_key

log = structlog.get_logger("ivr")


class OrderActions:
    """Orders."""

    def __init__(
        self,
        orders: OrderDesk,
        book: PromptBook,
        clock: IReactorTime,
        now_ns: Callable[[], int],
        reply_timeout_s: float,
    ) -> None:
        self._orders, self._book, self._clock = orders, book, clock
        self._now_ns, self._reply_timeout_s = now_ns, reply_timeout_s

    def table(self) -> Mapping[Action, Answering]:
        """Return the actions answered here."""
        return {Action.SUBMIT_ORDER: self.submit}

    async def submit(self, caller: Caller, wish: Perform) -> Answer:
        """accepted | denied | unknown."""
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
                return "denied", reason_values(self._book, event.reason, event.detail)
            case _:
                raise AssertionError(f"an order was answered with {type(event).__name__}")


def reason_values(
    book: PromptBook, reason: ReasonCode, detail: Mapping[str, int]
) -> Mapping[str, object]:
    """Reason and figures; without a figure that its words need, only "try again later"."""
    needed = {slot.name for slot in book.slots(prompt_key(reason))}
    if not needed <= detail.keys():
        log.error("ivr.figures_missing", reason=reason.name, detail=dict(detail))
        return {"reason": OTHER_REASON}
    return {"reason": reason.name.lower(), **detail}


def order_of(call_no: str, wish: Perform, now_ns: int) -> SubmitOrder:
    """Return the order a caller confirmed; its request_id makes sending it twice harmless."""
    side, qty, price_e4 = wish.values["side"], wish.values["qty"], wish.values["price"]
    assert isinstance(side, Side), side
    assert isinstance(qty, int), qty
    assert isinstance(price_e4, int), price_e4
    return SubmitOrder(
        request_id=f"phone:{call_no}:{wish.order_no_of_call}",
        account_no=text_of(wish, "verified_account_no"),
        symbol=text_of(wish, "symbol"),
        side=side,
        qty=qty,
        price_e4=price_e4,
        channel=Channel.PHONE,
        trace_id=call_no,
        entered_ns=wish.at_ns or now_ns,
    )
