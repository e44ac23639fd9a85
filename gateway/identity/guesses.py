"""Guessing PINs across accounts: tries counted by caller number, and of all callers together.

A number that was wrong too often within a window is locked for a time that doubles, whatever
accounts it tried and whether they exist; a right PIN does not clear it, or a guesser would log in
with his own between guesses. When all callers together are wrong too often, only numbers with a
right PIN in their past may go on. A try is counted before it is made and taken back when it was
right. Callers without a number are counted in the sum of all.
Not here: tries at one account (gateway.identity.credentials).
"""

from collections.abc import Callable
from typing import Final

import structlog
from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert
from twisted.internet.defer import Deferred

from gateway.identity.credentials import LockedOut
from gateway.identity.lockout import Guesses, GuessLimit, with_a_guess, without_a_guess
from gateway.identity.settings import IdentitySettings
from gateway.store.database import Database
from gateway.store.tables import GUESSES
from risk.domain.ids import NS

log = structlog.get_logger("identity")

ALL: Final = "all"
SOURCE_CHARS_MAX: Final = 40
KNOWN_S: Final = 90 * 86_400  # how long a right PIN speaks for a number


class GuessCounts:
    """The counters of all caller numbers. Every method runs on the reactor thread."""

    def __init__(
        self, settings: IdentitySettings, database: Database, now_ns: Callable[[], int]
    ) -> None:
        self._database = database
        self._now_ns = now_ns
        lock_s = settings.lock_s, settings.lock_s_max
        window_s = settings.guess_window_s
        self._of_number = GuessLimit(settings.number_failures_max, window_s, *lock_s)
        self._of_all = GuessLimit(
            settings.all_failures_max, window_s, settings.all_lock_s, settings.all_lock_s
        )

    def begin(self, ani: str) -> Deferred[LockedOut | None]:
        """Count a try from a number ("" for none); LockedOut when it may not be made."""
        now_ns = self._now_ns()
        return self._database.write(lambda it: self._begin(it, _number(ani), now_ns))

    def succeeded(self, ani: str) -> Deferred[None]:
        """Take back a try that was right and remember the number."""
        now_ns = self._now_ns()
        return self._database.write(lambda it: self._succeeded(it, _number(ani), now_ns))

    # On the writing thread:

    def _begin(self, connection: Connection, ani: str, now_ns: int) -> LockedOut | None:
        own = _find(connection, ani) if ani else Guesses()
        everybody = _find(connection, ALL)
        is_known = own.succeeded_ns > now_ns - KNOWN_S * NS and own.succeeded_ns > 0
        if now_ns < own.locked_until_ns:
            return LockedOut(own.locked_until_ns)
        if now_ns < everybody.locked_until_ns and not is_known:
            return LockedOut(everybody.locked_until_ns)
        if ani:
            _put(connection, ani, with_a_guess(own, now_ns, self._of_number), now_ns)
        after = with_a_guess(everybody, now_ns, self._of_all)
        _put(connection, ALL, after, now_ns)
        if after.lock_count > everybody.lock_count:
            log.error("identity.pins_guessed", until_ns=after.locked_until_ns)
        connection.execute(delete(GUESSES).where(GUESSES.c.tried_ns < now_ns - KNOWN_S * NS))
        return None

    def _succeeded(self, connection: Connection, ani: str, now_ns: int) -> None:
        for source, limit in ((ani, self._of_number), (ALL, self._of_all)):
            if source:
                after = without_a_guess(_find(connection, source), now_ns, limit)
                _put(connection, source, after, now_ns)


def _number(ani: str) -> str:
    """Return a number to count by, "" for what is none: a caller may name himself `ALL`."""
    return ani[:SOURCE_CHARS_MAX] if ani.removeprefix("+").isdecimal() else ""


def _find(connection: Connection, source: str) -> Guesses:
    columns = [GUESSES.c[name] for name in Guesses._fields]
    row = connection.execute(select(*columns).where(GUESSES.c.source == source)).first()
    return Guesses(*row) if row is not None else Guesses()


def _put(connection: Connection, source: str, guesses: Guesses, now_ns: int) -> None:
    values = {**guesses._asdict(), "tried_ns": now_ns}
    connection.execute(
        insert(GUESSES)
        .values(source=source, **values)
        .on_conflict_do_update(index_elements=["source"], set_=values)
    )
