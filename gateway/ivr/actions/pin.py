"""Changing the telephone PIN. The digits go to the PIN store and nowhere else.

Not here: the policy and the keeping (gateway.identity).
"""

from collections.abc import Mapping

import structlog

from gateway.identity.credentials import LockedOut, Refused
from gateway.identity.pins import Changed, PinsDiffer, PinTooWeak
from gateway.ivr.actions.asking import Answer, Answering, Caller, text_of
from gateway.ivr.actions.ports import PinCheck
from gateway.ivr.visit import Perform
from gateway.ivr.wishes import Action
from risk.domain.errors import TemporaryFailure

log = structlog.get_logger("ivr")


class PinActions:
    """The PIN of the verified account."""

    def __init__(self, pins: PinCheck) -> None:
        self._pins = pins

    def table(self) -> Mapping[Action, Answering]:
        """Return the actions answered here."""
        return {Action.CHANGE_PIN: self.change}

    async def change(self, caller: Caller, wish: Perform) -> Answer:
        """changed | differ | weak | refused | locked_out | unknown."""
        try:
            outcome = await self._pins.change(
                text_of(wish, "verified_account_no"),
                wish.secrets["pin_old"],
                wish.secrets["pin_new"],
                wish.secrets["pin_again"],
                trace_id=caller.call_no,
                ani="" if caller.is_withheld else caller.ani,
            )
        except TemporaryFailure as e:  # whether it was written is not known
            log.warning("ivr.pin_change_unknown", call_no=caller.call_no, code=e.code)
            return "unknown", {}
        match outcome:
            case Changed():
                return "changed", {}
            case PinsDiffer():
                return "differ", {}
            case PinTooWeak(rule):
                return "weak", {"pin_rule": rule.value}
            case Refused():
                return "refused", {}
            case LockedOut():
                return "locked_out", {}
