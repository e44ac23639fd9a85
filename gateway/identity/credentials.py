"""Secrets of accounts: kept as argon2id hashes, verified in threads, locked out after failures.

An account that does not exist takes the same time, is counted and locks like any other, so that
no answer tells which accounts exist. A short PIN would not survive the theft of its hash alone:
every secret is keyed with the pepper, a file outside the database (RFC 9106 §3.1, parameter K).
Not here: the shape of a PIN (gateway.identity.pins) or password (gateway.identity.logins).
"""

import enum
import hashlib
import hmac
from collections.abc import Callable, Coroutine
from typing import Any, Final, NamedTuple

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import ColumnElement, Connection, Table, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert
from twisted.internet.defer import Deferred, DeferredLock, fail
from twisted.internet.interfaces import IReactorFromThreads

from gateway.identity.lockout import Attempts, is_locked, with_a_try
from gateway.identity.settings import IdentitySettings
from gateway.store.database import Database
from gateway.store.tables import ATTEMPTS, SECRETS
from gateway.store.threads import BoundedThreads
from risk.domain.errors import TemporaryFailure

TRIES_AT_ONCE_MAX: Final = 8  # tries at one secret that may wait for each other


class SecretKind(enum.IntEnum):
    """Which secret of an account."""

    PIN = 1
    PASSWORD = 2


class Verified(NamedTuple):
    """The secret was right."""

    account_no: str


class Refused(NamedTuple):
    """The secret was wrong, or there is no such account."""

    tries_left: int


class LockedOut(NamedTuple):
    """No try is taken before `until_ns`."""

    until_ns: int


Outcome = Verified | Refused | LockedOut


class TriesBusy(TemporaryFailure):
    """Too many tries at one secret at the same moment."""

    code = "identity.tries_busy"


class Credentials:
    """All secrets. Every method runs on the reactor thread."""

    def __init__(
        self,
        settings: IdentitySettings,
        database: Database,
        reactor: IReactorFromThreads,
        now_ns: Callable[[], int],
        pepper: bytes,
    ) -> None:
        assert len(pepper) >= 16, "the pepper must hold at least 128 bits"
        self._settings = settings
        self._database = database
        self._now_ns = now_ns
        self._pepper = pepper
        self._hasher = PasswordHasher(settings.hash_passes, settings.hash_memory_kib, 1)
        # of no secret: its only use is to take the time of a verification
        self._dummy_hash = self._hasher.hash(self._keyed(SecretKind.PIN, "", ""))
        self._threads = BoundedThreads(
            reactor, "secrets", settings.hash_threads, settings.hash_pending_max
        )
        self._turns: dict[tuple[str, int], DeferredLock] = {}

    def start(self) -> None:
        """Start the hashing threads."""
        self._threads.start()

    def stop(self) -> None:
        """End the hashing threads after the work in hand."""
        self._threads.stop()

    async def replace(self, kind: SecretKind, account_no: str, secret: str) -> None:
        """Give an existing account a secret and forget its failures. Durable when answered."""
        keyed = self._keyed(kind, account_no, secret)
        secret_hash = await self._threads.run(self._hasher.hash, keyed)
        now_ns = self._now_ns()
        await self._database.write(
            lambda connection: put_secret(connection, kind, account_no, secret_hash, now_ns)
        )

    def change(
        self,
        kind: SecretKind,
        account_no: str,
        old: str,
        new: str,
        also: Callable[[Connection, int], None],
    ) -> Deferred[Outcome]:
        """Replace a secret by who knows the old one, which is wrong from then on.

        `also(connection, now_ns)` writes in the transaction of the new secret. Verified says that
        all of it is durable. Fails as `verify` does.
        """
        return self._in_turn(
            kind, account_no, lambda: self._change(kind, account_no, old, new, also)
        )

    def hashed(self, kind: SecretKind, account_no: str, secret: str) -> str:
        """Return the hash of a secret, on this thread (set-up writes it with `put_secret`)."""
        return self._hasher.hash(self._keyed(kind, account_no, secret))

    def verify(self, kind: SecretKind, account_no: str, secret: str) -> Deferred[Outcome]:
        """Try a secret. Fails with TemporaryFailure when there is too much to verify.

        Tries at one secret run one after another; the answer of a caller who stopped waiting is
        dropped, his try still counts.
        """
        return self._in_turn(kind, account_no, lambda: self._try(kind, account_no, secret))

    def _in_turn(
        self, kind: SecretKind, account_no: str, work: Callable[[], Coroutine[Any, Any, Outcome]]
    ) -> Deferred[Outcome]:
        key = (account_no, kind)
        turn = self._turns.setdefault(key, DeferredLock())
        if len(turn.waiting) >= TRIES_AT_ONCE_MAX:
            return fail(
                TriesBusy("too many tries at the same moment: wait for an answer, then try again")
            )
        done: Deferred[Outcome] = turn.run(lambda: Deferred.fromCoroutine(work()))
        return done.addBoth(self._leave, key, turn)

    def _leave(self, result: object, key: tuple[str, int], turn: DeferredLock) -> object:
        if not turn.locked and not turn.waiting:
            self._turns.pop(key, None)
        return result

    async def _try(self, kind: SecretKind, account_no: str, secret: str) -> Outcome:
        now_ns = self._now_ns()
        counted = await self._database.write(
            lambda connection: count_a_try(connection, kind, account_no, now_ns, self._settings)
        )
        if isinstance(counted, LockedOut):
            return counted
        secret_hash, after = counted
        keyed = self._keyed(kind, account_no, secret)
        is_right = await self._threads.run(self._matches, secret_hash or self._dummy_hash, keyed)
        if secret_hash is not None and is_right:
            await self._succeeded(kind, account_no, secret_hash, keyed)
            return Verified(account_no)
        if is_locked(after, now_ns):
            return LockedOut(after.locked_until_ns)
        return Refused(self._settings.failures_max - after.failure_count)

    async def _change(
        self,
        kind: SecretKind,
        account_no: str,
        old: str,
        new: str,
        also: Callable[[Connection, int], None],
    ) -> Outcome:
        outcome = await self._try(kind, account_no, old)
        if not isinstance(outcome, Verified):
            return outcome
        keyed = self._keyed(kind, account_no, new)
        secret_hash = await self._threads.run(self._hasher.hash, keyed)
        now_ns = self._now_ns()

        def work(connection: Connection) -> None:
            put_secret(connection, kind, account_no, secret_hash, now_ns)
            also(connection, now_ns)

        await self._database.write(work)
        return outcome

    async def _succeeded(
        self, kind: SecretKind, account_no: str, secret_hash: str, keyed: bytes
    ) -> None:
        rehashed = None
        if self._hasher.check_needs_rehash(secret_hash):  # the settings changed since it was made
            rehashed = await self._threads.run(self._hasher.hash, keyed)

        def forgive(connection: Connection) -> None:
            connection.execute(delete(ATTEMPTS).where(*_of(ATTEMPTS, kind, account_no)))
            if rehashed is not None:
                unchanged = (*_of(SECRETS, kind, account_no), SECRETS.c.hash == secret_hash)
                connection.execute(update(SECRETS).where(*unchanged).values(hash=rehashed))

        await self._database.write(forgive)

    def _keyed(self, kind: SecretKind, account_no: str, secret: str) -> bytes:
        # bound to its account and kind: a hash copied to another row verifies nothing
        text = f"{kind.value}\0{account_no}\0{secret}".encode()
        return hmac.new(self._pepper, text, hashlib.sha256).digest()

    def _matches(self, secret_hash: str, keyed: bytes) -> bool:
        try:
            return self._hasher.verify(secret_hash, keyed)
        except VerifyMismatchError:
            return False


def count_a_try(
    connection: Connection,
    kind: SecretKind,
    account_no: str,
    now_ns: int,
    settings: IdentitySettings,
) -> LockedOut | tuple[str | None, Attempts]:
    """Count a try before it is made; return the hash to verify against, None when there is none."""
    columns = (ATTEMPTS.c.failure_count, ATTEMPTS.c.lock_count, ATTEMPTS.c.locked_until_ns)
    row = connection.execute(select(*columns).where(*_of(ATTEMPTS, kind, account_no))).first()
    before = Attempts(*row) if row is not None else Attempts()
    if is_locked(before, now_ns):
        return LockedOut(before.locked_until_ns)
    found = select(SECRETS.c.hash).where(*_of(SECRETS, kind, account_no))
    secret_hash: str | None = connection.execute(found).scalar()
    after = with_a_try(before, now_ns, settings)
    values = {**after._asdict(), "tried_ns": now_ns, "is_known": int(secret_hash is not None)}
    connection.execute(
        insert(ATTEMPTS)
        .values(account_no=account_no, kind=kind, **values)
        .on_conflict_do_update(index_elements=["account_no", "kind"], set_=values)
    )
    if secret_hash is None and row is None:
        _forget_oldest_unknown(connection, settings.unknown_attempts_max)
    return secret_hash, after


def put_secret(
    connection: Connection, kind: SecretKind, account_no: str, secret_hash: str, now_ns: int
) -> None:
    """Write a secret's hash and forget failures at the old one."""
    values = {"hash": secret_hash, "changed_ns": now_ns}
    connection.execute(
        insert(SECRETS)
        .values(account_no=account_no, kind=kind, **values)
        .on_conflict_do_update(index_elements=["account_no", "kind"], set_=values)
    )
    connection.execute(delete(ATTEMPTS).where(*_of(ATTEMPTS, kind, account_no)))


def _forget_oldest_unknown(connection: Connection, kept_max: int) -> None:
    unknown = ATTEMPTS.c.is_known == 0
    surplus = connection.execute(select(func.count()).where(unknown)).scalar_one() - kept_max
    if surplus <= 0:
        return
    oldest = (
        select(ATTEMPTS.c.tried_ns)
        .where(unknown)
        .order_by(ATTEMPTS.c.tried_ns)
        .offset(surplus - 1)
        .limit(1)
        .scalar_subquery()
    )
    connection.execute(delete(ATTEMPTS).where(unknown, ATTEMPTS.c.tried_ns <= oldest))


def _of(table: Table, kind: SecretKind, account_no: str) -> tuple[ColumnElement[bool], ...]:
    return (table.c.account_no == account_no, table.c.kind == kind)
