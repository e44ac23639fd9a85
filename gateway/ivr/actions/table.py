"""Who answers which action of a call flow. Not here: the answers (one module per topic)."""

from collections.abc import Callable, Iterable, Mapping

import structlog
from twisted.internet.interfaces import IReactorTime

from gateway.ivr import metrics
from gateway.ivr.actions.alerts import AlertActions
from gateway.ivr.actions.asking import Answering, Caller
from gateway.ivr.actions.cancels import CancelActions
from gateway.ivr.actions.cash import CashActions
from gateway.ivr.actions.commands import CommandDesk
from gateway.ivr.actions.draft import DraftActions
from gateway.ivr.actions.login import LoginActions
from gateway.ivr.actions.names import SpokenNames
from gateway.ivr.actions.notices import NoticeActions
from gateway.ivr.actions.orders import OrderActions
from gateway.ivr.actions.people import PeopleActions
from gateway.ivr.actions.pin import PinActions
from gateway.ivr.actions.ports import PhonePorts
from gateway.ivr.actions.positions import PositionActions
from gateway.ivr.actions.quotes import QuoteActions
from gateway.ivr.actions.resume import ResumeActions
from gateway.ivr.actions.security import SecurityActions
from gateway.ivr.actions.statements import StatementActions
from gateway.ivr.actions.today import TodayActions
from gateway.ivr.settings import PhoneSettings
from gateway.ivr.visit import Outcome, Perform
from gateway.ivr.wishes import Action
from gateway.media.voice import Voice
from risk.domain.errors import InvariantBroken

log = structlog.get_logger("ivr")


class PhoneActions:
    """Carries out the actions of all calls."""

    def __init__(self, tables: Iterable[Mapping[Action, Answering]]) -> None:
        """Raises InvariantBroken for an action that nobody answers, or two do."""
        self._answering: dict[Action, Answering] = {}
        for table in tables:
            if twice := self._answering.keys() & table.keys():
                raise InvariantBroken(f"answered twice: {sorted(a.value for a in twice)}")
            self._answering.update(table)
        if unanswered := set(Action) - self._answering.keys():
            raise InvariantBroken(f"answered by nobody: {sorted(a.value for a in unanswered)}")

    async def perform(self, caller: Caller, wish: Perform) -> Outcome:
        """Return the outcome of an action; bugs come through as exceptions."""
        name, values = await self._answering[wish.action](caller, wish)
        metrics.OUTCOMES.labels(wish.action.value, name).inc()
        log.info("ivr.outcome", call_no=caller.call_no, action=wish.action.value, outcome=name)
        return Outcome(wish.action, name, values)


def phone_actions(
    ports: PhonePorts,
    settings: PhoneSettings,
    voice: Voice,
    clock: IReactorTime,
    now_ns: Callable[[], int],
) -> PhoneActions:
    """Return the product's actions, all of them."""
    pins, queries, rules, orders, contacts, callers, notices, calls, people = ports
    book, names = voice.book, SpokenNames(voice, clock)
    desk = CommandDesk(orders, clock, settings.reply_timeout_s)
    return PhoneActions(
        topic.table()
        for topic in (
            LoginActions(pins, callers, contacts),
            NoticeActions(notices, names),
            ResumeActions(calls, orders, queries, names, book, clock, now_ns, settings),
            SecurityActions(queries, names),
            DraftActions(rules, book),
            OrderActions(desk, book, now_ns),
            TodayActions(queries, names),
            CancelActions(desk, queries, book, now_ns),
            CashActions(queries),
            PositionActions(queries, names, now_ns),
            QuoteActions(queries, names, now_ns),
            AlertActions(desk, queries, names, book, now_ns),
            StatementActions(desk, contacts, names, book, now_ns),
            PinActions(pins),
            PeopleActions(people),
        )
    )
