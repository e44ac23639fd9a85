"""An order being keyed: what the rules would deny is told at the field that breaks them.

Not here: deciding; the heart asks every rule again when the order comes (risk.core).
"""

from collections.abc import Mapping

from gateway.core.ports import AcceptanceStopped
from gateway.ivr.actions.asking import Answer, Answering, Caller, text_of
from gateway.ivr.actions.items import clock_text
from gateway.ivr.actions.ports import OrderRules
from gateway.ivr.actions.reasons import reason_values
from gateway.ivr.visit import Perform
from gateway.ivr.wishes import Action
from gateway.media.prompts import PromptBook
from gateway.media.speech import Qty
from risk.core.preview import PRICE_REASONS, QTY_REASONS, SECURITY_REASONS
from risk.domain.commands import SubmitOrder
from risk.domain.enums import Channel, Side
from risk.domain.reasons import ReasonCode


class DraftActions:
    """Hours, and the fields of an order one after the other."""

    def __init__(self, rules: OrderRules, book: PromptBook) -> None:
        self._rules, self._book = rules, book

    def table(self) -> Mapping[Action, Answering]:
        """Return the actions answered here."""
        return {
            Action.READ_HOURS: self.read_hours,
            Action.CHECK_SECURITY: self.check_security,
            Action.CHECK_PRICE: self.check_price,
            Action.CHECK_QTY: self.check_qty,
        }

    async def read_hours(self, _: Caller, wish: Perform) -> Answer:
        """open | closed | unknown: whether the market takes orders, else when it will."""
        try:
            if self._rules.is_open():
                return "open", {}
        except AcceptanceStopped:
            return "unknown", {}
        opening = self._rules.next_opening()
        if opening is None:
            return "closed", {"opens": "later"}
        return "closed", {
            "opens": "today" if opening.is_today else "on_day",
            "opens_day": opening.day,
            "opens_at": clock_text(opening.second),
        }

    async def check_security(self, _: Caller, wish: Perform) -> Answer:
        """ok | barred | not_now: whether orders in the security are taken at all now."""
        return self._checked(draft_of(wish, has_price=False), SECURITY_REASONS)

    async def check_price(self, _: Caller, wish: Perform) -> Answer:
        """ok | barred | not_now; with the most that could be bought or sold at the price."""
        order = draft_of(wish)
        outcome, values = self._checked(order, PRICE_REASONS)
        if outcome != "ok":
            return outcome, values
        return "ok", {"most": Qty(self._rules.most_qty(order), text_of(wish, "measure"))}

    async def check_qty(self, _: Caller, wish: Perform) -> Answer:
        """ok | barred | not_now."""
        return self._checked(draft_of(wish, has_qty=True), QTY_REASONS)

    def _checked(self, order: SubmitOrder, asked: frozenset[ReasonCode]) -> Answer:
        try:
            broken = self._rules.first_broken(order, asked)
        except AcceptanceStopped:
            return "not_now", {}
        if broken is None:
            return "ok", {}
        return "barred", reason_values(self._book, broken.reason, broken.detail)


def draft_of(wish: Perform, *, has_price: bool = True, has_qty: bool = False) -> SubmitOrder:
    """Return the order as far as it is keyed; what is not keyed yet is 0."""
    side = wish.values["side"]
    price_e4 = wish.values["price"] if has_price else 0
    qty = wish.values["qty"] if has_qty else 0
    assert isinstance(side, Side), side
    assert isinstance(price_e4, int), price_e4
    assert isinstance(qty, int), qty
    return SubmitOrder(
        request_id="",
        account_no=text_of(wish, "verified_account_no"),
        symbol=text_of(wish, "symbol"),
        side=side,
        qty=qty,
        price_e4=price_e4,
        channel=Channel.PHONE,
    )
