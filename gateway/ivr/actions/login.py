"""Who the caller is, and what the number called from may do.

Not here: how a PIN is kept and a number judged (gateway.identity).
"""

from collections.abc import Mapping
from typing import Final

import structlog

from gateway.identity.callers import CallerPolicy
from gateway.identity.credentials import LockedOut, Refused, Verified
from gateway.ivr.actions.asking import Answer, Answering, Caller, text_of
from gateway.ivr.actions.ports import CallerRules, Contacts, PinCheck
from gateway.ivr.visit import Perform
from gateway.ivr.wishes import Action
from risk.domain.errors import TemporaryFailure

log = structlog.get_logger("ivr")

_ADMISSION: Final = {
    CallerPolicy.ALLOW: "allowed",
    CallerPolicy.QUERY_ONLY: "query_only",
    CallerPolicy.REFUSE: "refused",
}


class LoginActions:
    """Logging in."""

    def __init__(self, pins: PinCheck, callers: CallerRules, contacts: Contacts) -> None:
        self._pins, self._callers, self._contacts = pins, callers, contacts

    def table(self) -> Mapping[Action, Answering]:
        """Return the actions answered here."""
        return {Action.VERIFY_PIN: self.verify_pin, Action.ADMIT_CALLER: self.admit}

    async def verify_pin(self, caller: Caller, wish: Perform) -> Answer:
        """ok | refused | locked_out | busy."""
        account_no = text_of(wish, "account_no")
        ani = "" if caller.is_withheld else caller.ani
        try:
            outcome = await self._pins.verify(account_no, wish.secrets["pin"], ani)
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

    async def admit(self, caller: Caller, wish: Perform) -> Answer:
        """allowed | query_only | refused | busy: by the account's rules for caller numbers."""
        account_no = text_of(wish, "verified_account_no")
        try:
            profile = await self._contacts.profile(account_no)
            assert profile is not None, "a PIN belongs to a customer"
            policy = await self._callers.policy_of(
                account_no, profile.branch_code, caller.ani, caller.is_withheld
            )
        except TemporaryFailure as e:
            log.warning("ivr.caller_not_admitted", code=e.code)
            return "busy", {}
        if policy is not CallerPolicy.ALLOW:
            log.info("ivr.caller_bound", call_no=caller.call_no, policy=policy.name)
        return _ADMISSION[policy], {
            "is_elder": profile.is_elder,
            "caller_kind": "elder" if profile.is_elder else "usual",
            "is_query_only": policy is not CallerPolicy.ALLOW,
            "client_branch_code": profile.branch_code,
        }
