"""Telephone PINs: digits only, verified with lock-out.

Not here: how digits are collected (gateway.ivr) or hashes kept (gateway.identity.credentials).
"""

import itertools

from twisted.internet.defer import Deferred

from gateway.identity.credentials import Credentials, Outcome, SecretKind
from gateway.identity.settings import IdentitySettings
from risk.domain.errors import PermanentFailure
from risk.domain.ids import ACCOUNT_NO


class PinNotValid(PermanentFailure):
    """A new PIN has a wrong shape or is easily guessed. The text never holds the PIN."""

    code = "identity.pin_not_valid"


class Pins:
    """The telephone PINs of all accounts."""

    def __init__(self, settings: IdentitySettings, credentials: Credentials) -> None:
        self._settings = settings
        self._credentials = credentials

    def verify(self, account_no: str, pin: str) -> Deferred[Outcome]:
        """Try a PIN: Verified, Refused(tries_left) or LockedOut(until_ns).

        Any text may be asked, as it was keyed; one that can be no account or PIN is counted and
        timed like a wrong one. Fails with TemporaryFailure when there is too much to verify.
        """
        account_no = account_no if ACCOUNT_NO.fullmatch(account_no) else account_no[:12]
        return self._credentials.verify(SecretKind.PIN, account_no, pin[:64])

    async def replace(self, account_no: str, pin: str) -> None:
        """Give an existing account a PIN; raises PinNotValid. Ends a lock-out."""
        check_pin(pin, self._settings.pin_digits)
        await self._credentials.replace(SecretKind.PIN, account_no, pin)


def check_pin(pin: str, digits: int) -> None:
    """Raise PinNotValid unless the PIN has `digits` digits and is no run or repetition."""
    if not (pin.isascii() and pin.isdigit() and len(pin) == digits):
        raise PinNotValid(f"pin must be {digits} digits 0-9, was {len(pin)} characters")
    steps = {(int(b) - int(a)) % 10 for a, b in itertools.pairwise(pin)}
    if steps in ({0}, {1}, {9}):
        raise PinNotValid("pin must not be one repeated digit or a run such as 123456")
