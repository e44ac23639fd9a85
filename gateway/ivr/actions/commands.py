"""Commands of callers to the heart. A late or lost answer is *unknown*, never *denied*.

Not here: which command (one module per topic) and what is said about an answer (the flow).
"""

from typing import NoReturn

import structlog
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.interfaces import IReactorTime

from gateway.core.ports import AcceptanceStopped, OutcomeUnknown
from gateway.ivr.actions.asking import Answer
from gateway.ivr.actions.ports import OrderDesk
from gateway.ivr.actions.reasons import NOT_ACCEPTING, reason_values
from gateway.media.prompts import PromptBook
from risk.domain.commands import Command
from risk.domain.events import CommandDenied, Event

log = structlog.get_logger("ivr")


class CommandDesk:
    """Submits a command and waits as long as a caller does."""

    def __init__(self, desk: OrderDesk, clock: IReactorTime, reply_timeout_s: float) -> None:
        self._desk, self._clock, self._reply_timeout_s = desk, clock, reply_timeout_s

    async def ask(self, command: Command) -> Event | None:
        """Return what came of a command, None when that is not known (yet).

        Raises AcceptanceStopped when it was not taken.
        """
        try:
            reply = self._desk.submit(command).addTimeout(self._reply_timeout_s, self._clock)
            return await reply
        except (OutcomeUnknown, DeferredTimeout) as e:
            why = type(e).__name__
            log.warning("ivr.outcome_unknown", request_id=command.request_id, why=why)
            return None

    async def settled(
        self, command: Command, outcome: str, done: type[Event], book: PromptBook
    ) -> Answer:
        """Return `outcome` for an event of type `done`, else denied with its words, or unknown."""
        try:
            event = await self.ask(command)
        except AcceptanceStopped:
            return "denied", NOT_ACCEPTING
        if event is None:
            return "unknown", {}
        if isinstance(event, CommandDenied):
            return "denied", reason_values(book, event.reason, event.detail)
        return (outcome, {}) if isinstance(event, done) else unexpected(event)


def unexpected(event: Event) -> NoReturn:
    """Raise AssertionError for an answer that the command cannot have."""
    raise AssertionError(f"answered with {type(event).__name__}")
