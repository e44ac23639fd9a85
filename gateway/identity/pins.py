"""Telephone PINs: digits only, verified with lock-out, changed by who knows the old one.

Not here: how digits are collected (gateway.ivr), how hashes are kept (gateway.identity.credentials)
or a change is told to the journal (gateway.identity.pin_changes).
"""

import enum
import itertools
from typing import Final, NamedTuple

from sqlalchemy import Connection
from twisted.internet.defer import Deferred

from gateway.identity.credentials import (
    Credentials,
    LockedOut,
    Outcome,
    Refused,
    SecretKind,
    Verified,
)
from gateway.identity.customers import Customers
from gateway.identity.guesses import GuessCounts
from gateway.identity.pin_changes import PinChanges, put_change
from gateway.identity.settings import IdentitySettings
from risk.domain.enums import Channel
from risk.domain.errors import PermanentFailure
from risk.domain.ids import ACCOUNT_NO

_PIN_CHARS_MAX: Final = 64
_DATE_DIGITS: Final = 6


class PinRule(enum.StrEnum):
    """Why a new PIN is not taken."""

    LENGTH = "length"  # wrong number of digits, or no digits
    REPEATED = "repeated"  # one or two different digits, or a half twice
    RUN = "run"  # 123456, 654321
    ACCOUNT = "account"  # part of the account number
    MOBILE = "mobile"  # part of the registered number
    BIRTHDAY = "birthday"  # a date such as 850712 or 198507
    UNCHANGED = "unchanged"


class Changed(NamedTuple):
    """The PIN is another one; the old one is wrong from now on."""

    account_no: str
    changed_ns: int


class PinsDiffer(NamedTuple):
    """The new PIN was not the same twice."""


class PinTooWeak(NamedTuple):
    """The new PIN breaks a rule."""

    rule: PinRule


PinChange = Changed | PinsDiffer | PinTooWeak | Refused | LockedOut


class PinNotValid(PermanentFailure):
    """A new PIN has a wrong shape or is easily guessed. The text never holds the PIN."""

    code = "identity.pin_not_valid"


class Pins:
    """The telephone PINs of all accounts."""

    def __init__(
        self,
        settings: IdentitySettings,
        credentials: Credentials,
        customers: Customers,
        guesses: GuessCounts,
        changes: PinChanges,
    ) -> None:
        self._settings = settings
        self._credentials = credentials
        self._customers = customers
        self._guesses = guesses
        self._changes = changes

    def verify(self, account_no: str, pin: str, ani: str = "") -> Deferred[Outcome]:
        """Try a PIN: Verified, Refused(tries_left) or LockedOut(until_ns).

        Any text may be asked, as it was keyed; one that can be no account or PIN is counted and
        timed like a wrong one. `ani` is the number it was keyed from, E.164, empty when unknown:
        guesses are counted by it too. Fails with TemporaryFailure when there is too much to verify.
        """
        return Deferred.fromCoroutine(self._verify(account_no, pin, ani))

    async def _verify(self, account_no: str, pin: str, ani: str) -> Outcome:
        account_no = account_no if ACCOUNT_NO.fullmatch(account_no) else account_no[:12]
        locked = await self._guesses.begin(ani)
        if locked is not None:
            return locked
        tried = pin[:_PIN_CHARS_MAX]
        outcome = await self._credentials.verify(SecretKind.PIN, account_no, tried)
        if isinstance(outcome, Verified):
            await self._guesses.succeeded(ani)
        return outcome

    async def replace(self, account_no: str, pin: str) -> None:
        """Give an existing account a PIN; raises PinNotValid. Ends a lock-out."""
        check_pin(pin, self._settings.pin_digits)
        await self._credentials.replace(SecretKind.PIN, account_no, pin)

    def change(
        self,
        account_no: str,
        old: str,
        new: str,
        new_again: str,
        *,
        trace_id: str,
        ani: str = "",
        channel: Channel = Channel.PHONE,
    ) -> Deferred[PinChange]:
        """Let the account holder choose another PIN; `trace_id` is the call's number.

        What is wrong with the new one is told before the old one is tried. Changed says that the
        new hash and the evidence of the change are durable; the customer is told by a notice.
        """
        return Deferred.fromCoroutine(
            self._change(account_no, old, new, new_again, trace_id, ani, channel)
        )

    async def _change(
        self,
        account_no: str,
        old: str,
        new: str,
        new_again: str,
        trace_id: str,
        ani: str,
        channel: Channel,
    ) -> PinChange:
        if new != new_again:
            return PinsDiffer()
        if new == old:
            return PinTooWeak(PinRule.UNCHANGED)
        customer = await self._customers.find(account_no)
        mobile = customer.mobile if customer is not None else ""
        rule = weakness(new, self._settings.pin_digits, account_no, mobile)
        if rule is not None:
            return PinTooWeak(rule)
        locked = await self._guesses.begin(ani)
        if locked is not None:
            return locked
        changed_ns = 0

        def also(connection: Connection, now_ns: int) -> None:
            nonlocal changed_ns
            changed_ns = now_ns
            put_change(connection, account_no, now_ns, channel, trace_id)

        tried = old[:_PIN_CHARS_MAX]
        outcome = await self._credentials.change(SecretKind.PIN, account_no, tried, new, also)
        if not isinstance(outcome, Verified):
            return outcome
        await self._guesses.succeeded(ani)
        self._changes.tell()
        return Changed(account_no, changed_ns)


def check_pin(pin: str, digits: int) -> None:
    """Raise PinNotValid unless the PIN has `digits` digits and is not easily guessed."""
    rule = weakness(pin, digits)
    if rule is PinRule.LENGTH:
        raise PinNotValid(f"pin must be {digits} digits 0-9, was {len(pin)} characters")
    if rule is not None:
        raise PinNotValid(f"pin must not be {_WORDS[rule]}")


def weakness(pin: str, digits: int, account_no: str = "", mobile: str = "") -> PinRule | None:
    """Return the first rule that a new PIN breaks, None when it may be taken."""
    if not (pin.isascii() and pin.isdigit() and len(pin) == digits):
        return PinRule.LENGTH
    half = len(pin) // 2
    if len(set(pin)) <= 2 or (len(pin) % 2 == 0 and pin[:half] == pin[half:]):
        return PinRule.REPEATED
    steps = {(int(b) - int(a)) % 10 for a, b in itertools.pairwise(pin)}
    if steps in ({1}, {9}):
        return PinRule.RUN
    if pin in account_no:
        return PinRule.ACCOUNT
    if pin in mobile:
        return PinRule.MOBILE
    if len(pin) == _DATE_DIGITS and _is_date(pin):
        return PinRule.BIRTHDAY
    return None


def _is_date(pin: str) -> bool:
    """Whether six digits are a date as people write birthdays: yymmdd, or yyyymm."""
    first, middle, last = int(pin[:2]), int(pin[2:4]), int(pin[4:])
    is_month_of_year = first in (19, 20) and 1 <= last <= 12
    return is_month_of_year or (1 <= middle <= 12 and 1 <= last <= 31)


_WORDS: Final = {
    PinRule.REPEATED: "one or two repeated digits, or the same digits twice",
    PinRule.RUN: "a run such as 123456",
    PinRule.ACCOUNT: "part of the account number",
    PinRule.MOBILE: "part of the mobile number",
    PinRule.BIRTHDAY: "a date",
}
