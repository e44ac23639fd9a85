"""A PIN change reaches the journal exactly once, whatever fails on the way."""

import tempfile
from pathlib import Path

from sqlalchemy import select
from twisted.internet import reactor
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import deferLater
from twisted.trial import unittest

from gateway.core.ports import AcceptanceStopped
from gateway.identity.pins import Changed
from gateway.store.tables import PIN_CHANGES
from risk.domain.commands import Command, RecordPinChange
from risk.domain.enums import Channel
from risk.domain.events import CommandDenied, Event
from risk.domain.reasons import ReasonCode
from risk.domain.service_events import PinChanged
from tests.builders.identity import PASSWORD, PIN, START_NS, SetClock, a_customer, an_identity

NEW, NEWER = "804719", "268149"


class Heart:
    """Answers as told: with the event, a denial or a failure."""

    def __init__(self) -> None:
        self.asked: list[Command] = []
        self.mood = "well"

    def submit(self, command: Command) -> "Deferred[Event]":
        """Note the command and answer."""
        assert isinstance(command, RecordPinChange)
        self.asked.append(command)
        if self.mood == "stopped":
            return fail(AcceptanceStopped("disk full"))
        if self.mood == "closed":
            return succeed(CommandDenied(1, command.request_id, ReasonCode.NOT_ACCEPTING, {}))
        return succeed(PinChanged(1, *command))


class PinChangeTests(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.heart = Heart()
        self.open()
        self.identity.enrol(a_customer("10000001"), PIN, PASSWORD, START_NS)
        self.addCleanup(self.stop)

    def stop(self) -> None:
        self.identity.stop()  # the one open at that moment

    def open(self) -> None:
        self.identity = an_identity(self.folder, reactor, SetClock())
        self.identity.start()

    async def change(self, old: str, new: str) -> None:
        told = await self.identity.pins.change("10000001", old, new, new, trace_id="call-1")
        assert told == Changed("10000001", START_NS)

    async def untold(self, count: int) -> list[int]:
        """Return what is not recorded once that many are left."""
        wanted = select(PIN_CHANGES.c.change_no).where(PIN_CHANGES.c.is_recorded == 0)
        for _ in range(500):
            left = await self.identity.database.read(lambda it: list(it.execute(wanted).scalars()))
            if len(left) == count:
                break
            await deferLater(reactor, 0.01)
        return left

    async def test_a_change_is_told_with_its_call_and_no_digit_of_a_pin(self) -> None:
        self.identity.pin_changes.start(self.heart.submit)
        await self.change(PIN, NEW)
        assert await self.untold(0) == []

        (command,) = self.heart.asked
        assert command == RecordPinChange(
            f"pin:1:{START_NS}", "10000001", Channel.PHONE, START_NS, "call-1"
        )

    async def test_what_a_crash_kept_back_is_told_by_the_next_life_once(self) -> None:
        await self.change(PIN, NEW)  # nobody listens: as if killed before it was told
        await self.change(NEW, NEWER)
        self.identity.stop()
        self.open()
        self.identity.pin_changes.start(self.heart.submit)
        assert await self.untold(0) == []
        self.identity.stop()
        self.open()
        self.identity.pin_changes.start(self.heart.submit)
        assert await self.untold(0) == []

        assert [command.request_id for command in self.heart.asked] == [
            f"pin:1:{START_NS}",
            f"pin:2:{START_NS}",
        ]

    async def test_a_heart_that_is_closed_or_stopped_is_asked_again_with_the_same_id(self) -> None:
        for mood in ("closed", "stopped"):
            self.heart.mood = mood
            self.identity.pin_changes.start(self.heart.submit)
            if mood == "closed":
                await self.change(PIN, NEW)
            self.identity.pin_changes.tell()
            while not any(self.heart.asked):
                await deferLater(reactor, 0.01)
            assert len(await self.untold(1)) == 1
            self.identity.stop()
            self.open()
        self.heart.mood = "well"
        self.identity.pin_changes.start(self.heart.submit)
        assert await self.untold(0) == []
        assert len({command.request_id for command in self.heart.asked}) == 1
