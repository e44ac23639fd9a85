"""PINs: shape, lock-out, durability, and answers that do not tell which accounts exist."""

import statistics
import tempfile
import time
from pathlib import Path

import pytest
from sqlalchemy import select, text
from twisted.internet import reactor
from twisted.internet.defer import gatherResults
from twisted.trial import unittest

from gateway.identity.credentials import LockedOut, Refused, TriesBusy, Verified
from gateway.identity.pins import (
    Changed,
    PinNotValid,
    PinRule,
    PinsDiffer,
    PinTooWeak,
    check_pin,
)
from gateway.store.tables import ATTEMPTS, SECRETS
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


@pytest.mark.parametrize(
    ("pin", "problem"),
    [
        ("12345", "was 5 characters"),
        ("1234567", "was 7 characters"),
        ("13572a", "6 digits"),
        ("１３５７２４", "6 digits"),
        ("777777", "repeated digits"),
        ("123456", "run"),
        ("890123", "run"),
        ("654321", "run"),
        ("121212", "repeated digits"),
        ("111222", "repeated digits"),
        ("471471", "the same digits twice"),
        ("850712", "a date"),
        ("198507", "a date"),
    ],
)
def test_a_pin_of_wrong_shape_or_easily_guessed_is_not_taken(pin: str, problem: str) -> None:
    with pytest.raises(PinNotValid, match=problem) as caught:
        check_pin(pin, 6)
    assert pin not in str(caught.value) or pin == "123456"  # the example in the remedy


class PinTests(unittest.TestCase):
    settings = quick_settings(failures_max=3, lock_s=60, unknown_attempts_max=100)

    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.clock = SetClock()
        self.identity = an_identity(self.folder, reactor, self.clock, self.settings)
        self.identity.start()
        self.addCleanup(self.stop)
        self.identity.enrol(a_customer("10000001"), PIN, PASSWORD, START_NS)
        self.pins = self.identity.pins

    def stop(self) -> None:
        self.identity.stop()  # the one open at that moment

    def restart(self, **changed: int) -> None:
        self.identity.stop()
        settings = quick_settings(**{"failures_max": 3, "lock_s": 60, **changed})
        self.identity = an_identity(self.folder, reactor, self.clock, settings)
        self.identity.start()
        self.pins = self.identity.pins

    async def test_the_right_pin_is_verified_and_forgives_earlier_failures(self) -> None:
        for _ in range(4):
            assert await self.pins.verify("10000001", "000000") == Refused(2)
            assert await self.pins.verify("10000001", "000000") == Refused(1)
            assert await self.pins.verify("10000001", PIN) == Verified("10000001")

    async def test_a_locked_account_refuses_even_the_right_pin_until_the_time_is_over(self) -> None:
        for _ in range(3):
            outcome = await self.pins.verify("10000001", "000000")
        assert outcome == LockedOut(START_NS + 60 * NS)

        self.restart()
        assert await self.pins.verify("10000001", PIN) == LockedOut(START_NS + 60 * NS)
        self.clock.advance(60)
        assert await self.pins.verify("10000001", PIN) == Verified("10000001")

    async def test_an_unknown_account_answers_and_locks_like_a_known_one(self) -> None:
        known = [await self.pins.verify("10000001", "000000") for _ in range(4)]
        unknown = [await self.pins.verify("99999999", "000000") for _ in range(4)]

        assert known == unknown
        assert isinstance(known[-1], LockedOut)

    async def test_tries_at_the_same_moment_cannot_exceed_the_limit(self) -> None:
        tried = [self.pins.verify("10000001", f"00000{n}") for n in range(3)]
        tried.append(self.pins.verify("10000001", PIN))

        outcomes = await gatherResults(tried)

        assert isinstance(outcomes[3], LockedOut)

    async def test_too_many_tries_at_the_same_moment_are_told_to_wait(self) -> None:
        tried = [self.pins.verify("10000001", PIN) for _ in range(9)]

        with pytest.raises(TriesBusy):
            await self.pins.verify("10000001", PIN)
        assert set(await gatherResults(tried)) == {Verified("10000001")}
        assert self.identity.credentials._turns == {}

    async def test_tries_at_unknown_accounts_are_remembered_up_to_a_limit(self) -> None:
        await self.pins.verify("10000001", "000000")
        for n in range(110):
            self.clock.advance(1)
            await self.pins.verify(f"2{n:07d}", "000000")

        count = await self.identity.database.read(
            lambda it: it.execute(select(ATTEMPTS.c.account_no)).scalars().all()
        )

        assert len(count) == 101
        assert "10000001" in count
        assert "20000109" in count

    async def test_the_same_time_is_taken_whether_or_not_the_account_exists(self) -> None:
        self.restart(hash_memory_kib=8192, hash_passes=2, failures_max=20)
        await self.pins.replace("10000001", PIN)

        took_s: dict[str, list[float]] = {"10000001": [], "99999999": []}
        for _ in range(9):
            for account_no, took in took_s.items():
                before = time.perf_counter()
                await self.pins.verify(account_no, "000000")
                took.append(time.perf_counter() - before)
        known_s, unknown_s = (statistics.median(took) for took in took_s.values())

        assert abs(known_s - unknown_s) < 0.5 * max(known_s, unknown_s)

    async def test_a_hash_moved_to_another_account_verifies_nothing(self) -> None:
        self.identity.enrol(a_customer("10000002"), "246813", PASSWORD, START_NS)
        copy = text(
            "UPDATE secrets SET hash = (SELECT hash FROM secrets WHERE account_no = '10000001'"
            " AND kind = 1) WHERE account_no = '10000002' AND kind = 1"
        )
        await self.identity.database.write(lambda it: it.execute(copy).rowcount)

        assert await self.pins.verify("10000002", PIN) == Refused(2)

    async def test_stronger_hash_settings_reach_a_secret_when_it_is_used(self) -> None:
        hashes = select(SECRETS.c.hash).where(SECRETS.c.kind == 1)
        self.restart(hash_passes=2)
        assert await self.pins.verify("10000001", PIN) == Verified("10000001")

        (secret_hash,) = await self.identity.database.read(
            lambda it: it.execute(hashes).scalars().all()
        )

        assert "t=2" in secret_hash
        assert await self.pins.verify("10000001", PIN) == Verified("10000001")

    async def test_a_changed_pin_stops_the_old_one_at_once(self) -> None:
        changed = await self.change(PIN, "804719")

        assert changed == Changed("10000001", START_NS)
        assert await self.pins.verify("10000001", PIN) == Refused(2)
        assert await self.pins.verify("10000001", "804719") == Verified("10000001")

    async def test_what_is_wrong_with_a_new_pin_is_told_before_the_old_one_is_tried(self) -> None:
        assert await self.change("000000", "804719", "804718") == PinsDiffer()
        for old, new, rule in (
            ("000000", "80471", PinRule.LENGTH),
            ("000000", "", PinRule.LENGTH),
            ("000000", "０８０４７１", PinRule.LENGTH),
            ("000000", "787878", PinRule.REPEATED),
            ("000000", "345678", PinRule.RUN),
            ("000000", "100000", PinRule.REPEATED),
            ("000000", "800138", PinRule.MOBILE),
            ("000000", "991231", PinRule.BIRTHDAY),
            ("804719", "804719", PinRule.UNCHANGED),
        ):
            assert await self.change(old, new) == PinTooWeak(rule), new
        assert await self.pins.verify("10000001", "000000") == Refused(2)  # the first try
        await self.pins.verify("10000001", PIN)
        self.identity.enrol(a_customer("80471935"), PIN, PASSWORD, START_NS)
        told = await self.pins.change("80471935", PIN, "047193", "047193", trace_id="c")
        assert told == PinTooWeak(PinRule.ACCOUNT)

    async def test_a_wrong_old_pin_counts_and_locks_like_a_login(self) -> None:
        assert await self.change("000000", "804719") == Refused(2)
        assert await self.pins.verify("10000001", "000000") == Refused(1)
        assert await self.change("000000", "804719") == LockedOut(START_NS + 60 * NS)
        assert await self.change(PIN, "804719") == LockedOut(START_NS + 60 * NS)
        self.clock.advance(60)
        assert await self.pins.verify("10000001", PIN) == Verified("10000001")

    async def test_an_unknown_account_is_told_what_a_known_one_is(self) -> None:
        for old, new in (("000000", "804719"), ("000000", "123456")):
            known = await self.change(old, new)
            unknown = await self.pins.change("99999999", old, new, new, trace_id="c")
            assert known == unknown

    async def test_two_changes_at_once_leave_one_pin(self) -> None:
        asked = ["804719", "268149"]
        outcomes = await gatherResults([self.change(PIN, new) for new in asked])

        first = outcomes.index(Changed("10000001", START_NS))  # whichever thread was quicker
        assert outcomes[1 - first] == Refused(2)
        assert await self.pins.verify("10000001", asked[first]) == Verified("10000001")
        assert await self.pins.verify("10000001", asked[1 - first]) == Refused(2)

    def change(self, old: str, new: str, again: str | None = None):
        return self.pins.change("10000001", old, new, again or new, trace_id="call-1")

    async def test_any_text_may_be_tried(self) -> None:
        for account_no, pin in [("", ""), ("1" * 500, "1" * 500), ("\0'\";--", "码"), ("*#", "#")]:
            assert await self.pins.verify(account_no, pin) == Refused(2)
