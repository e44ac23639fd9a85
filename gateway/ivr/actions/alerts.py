"""Price alerts of the verified account: hearing, setting, removing. Not here: when one fires."""

from collections.abc import Callable, Mapping
from typing import Final

from gateway.core.ports import AcceptanceStopped
from gateway.ivr.actions.asking import Answer, Answering, Caller, text_of
from gateway.ivr.actions.commands import CommandDesk
from gateway.ivr.actions.items import ITEMS_MAX
from gateway.ivr.actions.names import SpokenNames
from gateway.ivr.actions.ports import PhoneQueries
from gateway.ivr.visit import Perform
from gateway.ivr.wishes import Action
from gateway.media.prompts import PromptBook
from risk.domain.commands import RemoveAlert, SetAlert
from risk.domain.enums import AlertKind, Channel
from risk.domain.service_events import AlertRemoved, AlertSet

KIND_WORDS: Final = {AlertKind.AT_OR_ABOVE: "above", AlertKind.AT_OR_BELOW: "below"}


class AlertActions:
    """Price alerts."""

    def __init__(
        self,
        desk: CommandDesk,
        queries: PhoneQueries,
        names: SpokenNames,
        book: PromptBook,
        now_ns: Callable[[], int],
    ) -> None:
        self._desk, self._queries, self._names = desk, queries, names
        self._book, self._now_ns = book, now_ns

    def table(self) -> Mapping[Action, Answering]:
        """Return the actions answered here."""
        return {
            Action.READ_ALERTS: self.read,
            Action.SET_ALERT: self.set,
            Action.REMOVE_ALERT: self.remove,
        }

    async def read(self, caller: Caller, wish: Perform) -> Answer:
        """some | none | unknown: the newest first."""
        try:
            alerts = self._queries.alerts(text_of(wish, "verified_account_no"))[:ITEMS_MAX]
            listed = {each.symbol: self._queries.instrument(each.symbol) for each in alerts}
        except AcceptanceStopped:
            return "unknown", {}
        instruments = [each for each in listed.values() if each is not None]
        names = await self._names.of_all(instruments, caller.language)
        items = tuple(
            {
                "item_no": each.alert_no,
                "item_kind": KIND_WORDS[each.kind],
                "item_security": names[each.symbol],
                "item_price": each.threshold_e4,
            }
            for each in alerts
            if each.symbol in names
        )
        return ("some", {"items": items, "item_count": len(items)}) if items else ("none", {})

    async def set(self, caller: Caller, wish: Perform) -> Answer:
        """done | denied | unknown."""
        kind, threshold_e4 = wish.values["kind"], wish.values["threshold"]
        assert isinstance(kind, AlertKind), kind
        assert isinstance(threshold_e4, int), threshold_e4
        command = SetAlert(
            request_id=wish.request_id(caller.call_no),
            account_no=text_of(wish, "verified_account_no"),
            symbol=text_of(wish, "symbol"),
            kind=kind,
            threshold_e4=threshold_e4,
            channel=Channel.PHONE,
            trace_id=caller.call_no,
            entered_ns=wish.at_ns or self._now_ns(),
        )
        return await self._desk.settled(command, "done", AlertSet, self._book)

    async def remove(self, caller: Caller, wish: Perform) -> Answer:
        """removed | denied | unknown."""
        alert_no = wish.values["item_no"]
        assert isinstance(alert_no, int), alert_no
        command = RemoveAlert(
            request_id=wish.request_id(caller.call_no),
            account_no=text_of(wish, "verified_account_no"),
            alert_no=alert_no,
            channel=Channel.PHONE,
            trace_id=caller.call_no,
            entered_ns=wish.at_ns or self._now_ns(),
        )
        return await self._desk.settled(command, "removed", AlertRemoved, self._book)
