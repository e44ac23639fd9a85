"""Keeps the book on the trading day of the clock: at start, then at every change of date.

A date without trading starts no day: orders are denied by the calendar then. Not here: what a new
day does to the book (risk.core.upkeep).
"""

from collections.abc import Callable, Sequence
from typing import Final

import structlog

from gateway.core.sequencer import Sequencer
from gateway.refdata.day import commands_of_day, day_number
from risk.domain.commands import Command
from risk.domain.events import CommandDenied
from risk.domain.ids import trading_day
from risk.domain.instrument import Instrument
from risk.market.rulebook import Rulebook

log = structlog.get_logger("app")

CHECK_S: Final = 5.0


class DayKeeper:
    """Submits the commands of a day when the clock has come to one."""

    def __init__(
        self,
        rulebook: Rulebook,
        listings: Sequence[Instrument],
        sequencer: Sequencer,
        day_of_book: Callable[[], int],
        now_ns: Callable[[], int],
    ) -> None:
        self._rulebook = rulebook
        self._listings = listings
        self._sequencer = sequencer
        self._day_of_book = day_of_book
        self._now_ns = now_ns
        self._is_rolling = False

    async def check(self) -> None:
        """Roll the book if its day is over; returns when the day's commands are durable."""
        today = trading_day(self._now_ns())
        rules = self._rulebook.on(today)
        is_trading = rules is not None and bool(rules.is_trading_day.any())
        if self._is_rolling or not is_trading or self._day_of_book() >= day_number(today):
            return
        self._is_rolling = True
        try:
            *listings, start = commands_of_day(today, self._listings)
            if await self._carried_out(listings) and await self._carried_out([start]):
                log.info("day.started", day=day_number(today), listings=len(listings))
        finally:
            self._is_rolling = False

    async def _carried_out(self, commands: Sequence[Command]) -> bool:
        """Submit commands; return whether none was denied.

        A listing that could not be taken keeps the day from starting: trading on yesterday's close
        and limits would be worse than a market that opens late. It is tried again at each check.
        """
        waiting = [self._sequencer.submit(command) for command in commands]
        events = [await one for one in waiting]
        denied = [event for event in events if isinstance(event, CommandDenied)]
        for event in denied:
            log.error("day.command_denied", request_id=event.request_id, reason=event.reason.name)
        return not denied
