"""Verifying the phone PIN. Not here: how a PIN is kept (gateway.identity)."""

from collections.abc import Mapping

import structlog

from gateway.identity.credentials import LockedOut, Refused, Verified
from gateway.ivr.actions.asking import Answer, Answering, Caller, text_of
from gateway.ivr.actions.ports import PinCheck
from gateway.ivr.visit import Perform
from gateway.ivr.wishes import Action
from risk.domain.errors import TemporaryFailure

log = structlog.get_logger("ivr")


class LoginActions:
    """Who the caller is."""

    def __init__(self, pins: PinCheck) -> None:
        self._pins = pins

    def table(self) -> Mapping[Action, Answering]:
        """Return the actions answered here."""
        return {Action.VERIFY_PIN: self.verify_pin}

    async def verify_pin(self, _: Caller, wish: Perform) -> Answer:
        """ok | refused | locked_out | busy."""
        account_no = text_of(wish, "account_no")
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
