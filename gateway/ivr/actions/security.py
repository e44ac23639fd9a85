"""Finding a security by its code or its name's initials. Not here: its prices (`quotes`)."""

from collections.abc import Mapping, Sequence

from gateway.core.ports import AcceptanceStopped
from gateway.ivr.actions.asking import Answer, Answering, Caller, text_of
from gateway.ivr.actions.items import ITEMS_MAX, Item
from gateway.ivr.actions.names import SpokenNames
from gateway.ivr.actions.ports import PhoneQueries
from gateway.ivr.visit import Perform
from gateway.ivr.wishes import Action
from gateway.media.speech import measure_of
from risk.domain.enums import Language
from risk.domain.instrument import Instrument


class SecurityActions:
    """Listings."""

    def __init__(self, queries: PhoneQueries, names: SpokenNames) -> None:
        self._queries, self._names = queries, names

    def table(self) -> Mapping[Action, Answering]:
        """Return the actions answered here."""
        return {Action.FIND_SECURITY: self.find, Action.SEARCH_INITIALS: self.search}

    async def find(self, caller: Caller, wish: Perform) -> Answer:
        """ok | unknown | not_now."""
        try:
            instrument = self._queries.instrument(text_of(wish, "symbol"))
        except AcceptanceStopped:
            return "not_now", {}
        if instrument is None:
            return "unknown", {}
        (item,) = await self._items([instrument], caller.language)
        return "ok", item

    async def search(self, caller: Caller, wish: Perform) -> Answer:
        """one | some | none | not_now: by the keys of the initials."""
        try:
            found = self._queries.search_keypad(text_of(wish, "initials"))[:ITEMS_MAX]
        except AcceptanceStopped:
            return "not_now", {}
        if not found:
            return "none", {}
        items = tuple(await self._items(found, caller.language))
        if len(items) == 1:
            return "one", items[0]
        return "some", {"items": items, "item_count": len(items)}

    async def _items(self, found: Sequence[Instrument], language: Language) -> list[Item]:
        names = await self._names.of_all(found, language)
        return [
            {
                "symbol": each.symbol,
                "security": names[each.symbol],
                "measure": measure_of(each.board),
            }
            for each in found
        ]
