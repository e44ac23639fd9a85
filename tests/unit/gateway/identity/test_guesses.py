"""Guessing across accounts and calls: the number is locked, its own right PIN clears nothing."""

import tempfile
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import gatherResults
from twisted.trial import unittest

from gateway.identity.credentials import LockedOut, Refused, Verified
from gateway.identity.guesses import KNOWN_S
from gateway.identity.registry import Identity
from risk.domain.ids import NS
from tests.builders.identity import (
    PASSWORD,
    PIN,
    START_NS,
    SetClock,
    a_customer,
    an_identity,
    quick_settings,
)

GUESSER, CUSTOMER = "+8613900000666", "+8613800138000"
SETTINGS = quick_settings(
    failures_max=3, lock_s=60, number_failures_max=4, all_failures_max=12, all_lock_s=300
)


class GuessTests(unittest.TestCase):
    def setUp(self) -> None:
        self.clock = SetClock()
        self.folder = Path(tempfile.mkdtemp())
        self.identity: Identity = self.opened()
        self.identity.enrol(a_customer("10000001"), PIN, PASSWORD, START_NS)
        self.addCleanup(self.stop)

    def stop(self) -> None:
        self.identity.stop()  # the one open at that moment

    def opened(self) -> Identity:
        identity = an_identity(self.folder, reactor, self.clock, SETTINGS)
        identity.start()
        return identity

    async def guess(self, account_no: str, ani: str, pin: str = "000000") -> object:
        return await self.identity.pins.verify(account_no, pin, ani)

    async def test_a_number_is_locked_whatever_accounts_it_tried(self) -> None:
        told = [await self.guess(f"2000000{n}", GUESSER) for n in range(4)]
        assert told == [Refused(2)] * 4
        locked = LockedOut(START_NS + 60 * NS)
        assert await self.guess("10000001", GUESSER, PIN) == locked
        assert await self.guess("99999999", GUESSER) == locked  # the same, known or not
        assert await self.guess("10000001", CUSTOMER, PIN) == Verified("10000001")

        self.identity.stop()
        self.identity = self.opened()  # a restart frees nobody
        assert await self.guess("10000001", GUESSER, PIN) == locked
        self.clock.advance(60)
        assert await self.guess("10000001", GUESSER, PIN) == Verified("10000001")

    async def test_a_right_pin_between_guesses_clears_nothing(self) -> None:
        for n in range(4):
            assert await self.guess(f"2000000{n}", GUESSER) == Refused(2)
            if n < 3:
                assert await self.guess("10000001", GUESSER, PIN) == Verified("10000001")
        assert isinstance(await self.guess("10000001", GUESSER, PIN), LockedOut)

    async def test_guesses_at_the_same_moment_cannot_exceed_the_limit(self) -> None:
        told = await gatherResults(
            [self.identity.pins.verify(f"3000000{n}", "000000", GUESSER) for n in range(8)]
        )
        assert told.count(Refused(2)) == 4
        assert sum(isinstance(one, LockedOut) for one in told) == 4

    async def test_a_landslide_of_guesses_leaves_only_numbers_that_were_right_before(self) -> None:
        assert await self.guess("10000001", CUSTOMER, PIN) == Verified("10000001")
        for n in range(12):
            assert await self.guess(f"4000{n:04d}", f"+86139{n:08d}") == Refused(2)
        locked = LockedOut(START_NS + 300 * NS)
        assert await self.guess("10000001", "+8613777777777", PIN) == locked
        assert await self.guess("10000001", "", PIN) == locked
        assert await self.guess("10000001", CUSTOMER, PIN) == Verified("10000001")
        self.clock.advance(300)
        assert await self.guess("10000001", "+8613777777777", PIN) == Verified("10000001")

    async def test_a_right_pin_of_long_ago_speaks_for_no_number(self) -> None:
        assert await self.guess("10000001", CUSTOMER, PIN) == Verified("10000001")
        self.clock.advance(KNOWN_S + 1)
        for n in range(12):
            await self.guess(f"4000{n:04d}", f"+86139{n:08d}")
        assert isinstance(await self.guess("10000001", CUSTOMER, PIN), LockedOut)

    async def test_a_caller_without_a_number_is_counted_in_the_sum_only(self) -> None:
        for n in range(11):
            assert await self.guess(f"5000{n:04d}", "") == Refused(2)
        assert await self.guess("10000001", "", PIN) == Verified("10000001")

    async def test_a_changed_pin_is_guessed_no_more_often(self) -> None:
        for n in range(3):
            await self.guess(f"6000000{n}", GUESSER)
        change = self.identity.pins.change
        told = await change("10000001", "000000", "804719", "804719", trace_id="c", ani=GUESSER)
        assert told == Refused(2)
        told = await change("10000001", PIN, "804719", "804719", trace_id="c", ani=GUESSER)
        assert told == LockedOut(START_NS + 60 * NS)

    async def test_a_caller_who_names_himself_like_the_sum_of_all_cannot_clear_it(self) -> None:
        for n in range(12):
            assert await self.guess(f"5000{n:04d}", "all") == Refused(2)
            if n < 11:
                assert await self.guess("10000001", "all", PIN) == Verified("10000001")
        assert isinstance(await self.guess("50009999", "all"), LockedOut)
