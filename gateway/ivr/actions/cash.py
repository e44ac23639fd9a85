"""Cash of the verified account. Not here: positions."""

from collections.abc import Mapping

from gateway.core.ports import AcceptanceStopped
from gateway.ivr.actions.asking import Answer, Answering, Caller, text_of
from gateway.ivr.actions.ports import PhoneQueries
from gateway.ivr.visit import Perform
from gateway.ivr.wishes import Action


class CashActions:
    """Money."""

    def __init__(self, queries: PhoneQueries) -> None:
        self._queries = queries

    def table(self) -> Mapping[Action, Answering]:
        """Return the actions answered here."""
        return {Action.READ_CASH: self.read}

    async def read(self, _: Caller, wish: Perform) -> Answer:
        """ok | unknown."""
        try:
            account = self._queries.account(text_of(wish, "verified_account_no"))
        except AcceptanceStopped:
            return "unknown", {}
        if account is None:
            return "unknown", {}
        return "ok", {
            "free": account.free_e4,
            "frozen": account.frozen_e4,
            "withdrawable": account.withdrawable_e4,
            "total": account.cash_e4,
        }
