"""Finding a security by its code. Not here: quotes and names as sound (`names`)."""

from collections.abc import Mapping

from gateway.core.ports import AcceptanceStopped
from gateway.ivr.actions.asking import Answer, Answering, Caller, text_of
from gateway.ivr.actions.names import SpokenNames
from gateway.ivr.actions.ports import PhoneQueries
from gateway.ivr.visit import Perform
from gateway.ivr.wishes import Action
from gateway.media.speech import measure_of


class SecurityActions:
    """Listings."""

    def __init__(self, queries: PhoneQueries, names: SpokenNames) -> None:
        self._queries, self._names = queries, names

    def table(self) -> Mapping[Action, Answering]:
        """Return the actions answered here."""
        return {Action.FIND_SECURITY: self.find}

    async def find(self, caller: Caller, wish: Perform) -> Answer:
        """ok | unknown | not_now."""
        try:
            instrument = self._queries.instrument(text_of(wish, "symbol"))
        except AcceptanceStopped:
            return "not_now", {}
        if instrument is None:
            return "unknown", {}
        name = await self._names.of(instrument, caller.language)
        return "ok", {"security": name, "measure": measure_of(instrument.board)}
