"""Web passwords, and the logins they start: bearers of a random token, ended by time or log-out.

A token is 256 random bits; the database holds its SHA-256 only. Logins survive a restart.
Not here: cookies and headers (gateway.web.guard), PINs (gateway.identity.pins).
"""

import enum
import hashlib
import secrets
import unicodedata
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, NamedTuple

import structlog
from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects.sqlite import insert
from twisted.internet.defer import Deferred, succeed

from gateway.identity.credentials import (
    Credentials,
    LockedOut,
    Refused,
    SecretKind,
    Verified,
    put_secret,
)
from gateway.identity.settings import IdentitySettings
from gateway.store.database import Database
from gateway.store.tables import CUSTOMERS, LOGINS
from risk.domain.enums import Language
from risk.domain.errors import PermanentFailure
from risk.domain.ids import ACCOUNT_NO, NS

log = structlog.get_logger("identity")

PASSWORD_CHARS_MIN: Final = 10
PASSWORD_CHARS_MAX: Final = 128
TOKEN_CHARS: Final = 43  # 32 bytes, URL-safe base64
SEEN_WRITE_NS: Final = 60 * NS  # use is written at most this often


class LoginKind(enum.IntEnum):
    """How the token travels: a browser's cookie needs a CSRF token, a program's bearer not."""

    COOKIE = 1
    BEARER = 2


class Login:
    """One web login. `seen_ns` is its last use."""

    __slots__ = (
        "account_no",
        "digest",
        "expires_ns",
        "kind",
        "language",
        "seen_ns",
        "seen_written_ns",
    )

    def __init__(
        self,
        digest: bytes,
        account_no: str,
        kind: LoginKind,
        language: Language,
        seen_ns: int,
        expires_ns: int,
    ) -> None:
        self.digest = digest
        self.account_no = account_no
        self.kind = kind
        self.language = language
        self.seen_ns = seen_ns
        self.seen_written_ns = seen_ns
        self.expires_ns = expires_ns


class LoggedIn(NamedTuple):
    """A new login and its secrets, shown once."""

    login: Login
    token: str
    csrf: str


LoginOutcome = LoggedIn | Refused | LockedOut
OnEnd = Callable[[Login], None]


class PasswordNotValid(PermanentFailure):
    """A new password has a wrong shape. The text never holds the password."""

    code = "identity.password_not_valid"


class Logins:
    """All web logins. Every method runs on the reactor thread."""

    def __init__(
        self,
        settings: IdentitySettings,
        database: Database,
        credentials: Credentials,
        now_ns: Callable[[], int],
        token: Callable[[], str] = lambda: secrets.token_urlsafe(32),
    ) -> None:
        self._settings = settings
        self._database = database
        self._credentials = credentials
        self._now_ns = now_ns
        self._token = token
        self._idle_ns = settings.login_idle_s * NS
        self._cache: OrderedDict[bytes, Login] = OrderedDict()
        self.on_end: list[OnEnd] = []

    async def replace_password(self, account_no: str, password: str) -> None:
        """Give an existing account a password, end its logins and any lock-out."""
        check_password(password)
        await self._credentials.replace(SecretKind.PASSWORD, account_no, _plain(password))
        await self._end_where(account_no)

    async def log_in(self, account_no: str, password: str, kind: LoginKind) -> LoginOutcome:
        """Try a password; on success the login is durable and the account's oldest may end.

        Fails with TemporaryFailure when there is too much to verify.
        """
        account_no = account_no if ACCOUNT_NO.fullmatch(account_no) else account_no[:12]
        secret = _plain(password[:PASSWORD_CHARS_MAX])
        outcome = await self._credentials.verify(SecretKind.PASSWORD, account_no, secret)
        if not isinstance(outcome, Verified):
            return outcome
        now_ns, token = self._now_ns(), self._token()
        expires_ns = now_ns + self._settings.login_s * NS
        kept_max = self._settings.logins_per_account_max
        login, ended = await self._database.write(
            lambda it: _insert(it, digest_of(token), account_no, kind, now_ns, expires_ns, kept_max)
        )
        for digest in ended:
            self._forget(digest)
        self._remember(login)
        return LoggedIn(login, token, csrf_of(token))

    def recall(self, token: str) -> Login | None:
        """Return the live login of a token if memory holds it, and note its use. Takes ~2 µs."""
        login = self._cache.get(digest_of(token))
        if login is None:
            return None
        return login if self._use(login) else None

    def find(self, token: str) -> Deferred[Login | None]:
        """Return the live login of a token from memory or the database, and note its use."""
        if len(token) != TOKEN_CHARS:
            return succeed(None)
        digest = digest_of(token)
        if digest in self._cache:
            return succeed(self.recall(token))
        return self._database.read(lambda connection: _select(connection, digest)).addCallback(
            self._found
        )

    def is_live(self, login: Login) -> bool:
        """Whether a login still holds, without using it (for streams that stay open)."""
        return self._cache.get(login.digest) is login and not self._is_over(login)

    def use(self, login: Login) -> bool:
        """Note a use of a login; False, and ended, when its time was over."""
        return self._cache.get(login.digest) is login and self._use(login)

    async def log_out(self, login: Login) -> None:
        """End a login. Durable when answered."""
        self._forget(login.digest)
        await self._database.write(
            lambda connection: (
                connection.execute(
                    delete(LOGINS).where(LOGINS.c.token_sha256 == login.digest)
                ).rowcount
            )
        )

    def _found(self, login: Login | None) -> Login | None:
        if login is None or login.digest in self._cache:  # a second asker was quicker
            return self._cache.get(login.digest) if login else None
        self._remember(login)
        return login if self._use(login) else None

    def _use(self, login: Login) -> bool:
        if self._is_over(login):
            self._forget(login.digest)
            return False
        now_ns = self._now_ns()
        login.seen_ns = now_ns
        if now_ns - login.seen_written_ns >= SEEN_WRITE_NS:
            login.seen_written_ns = now_ns
            self._database.write(
                lambda connection: _touch(connection, login.digest, now_ns)
            ).addErrback(
                lambda failure: log.warning("login.use_not_written", error=repr(failure.value))
            )
        return True

    def _is_over(self, login: Login) -> bool:
        now_ns = self._now_ns()
        return now_ns >= login.expires_ns or now_ns - login.seen_ns >= self._idle_ns

    def _remember(self, login: Login) -> None:
        self._cache[login.digest] = login
        if len(self._cache) > self._settings.logins_cached_max:
            self._cache.popitem(last=False)  # the oldest; found again in the database when used

    def _forget(self, digest: bytes) -> None:
        login = self._cache.pop(digest, None)
        if login is not None:
            for on_end in self.on_end:
                on_end(login)

    async def _end_where(self, account_no: str) -> None:
        for login in [one for one in self._cache.values() if one.account_no == account_no]:
            self._forget(login.digest)
        await self._database.write(
            lambda connection: (
                connection.execute(delete(LOGINS).where(LOGINS.c.account_no == account_no)).rowcount
            )
        )


def digest_of(token: str) -> bytes:
    """Return the key a login is kept under."""
    return hashlib.sha256(token.encode()).digest()


def csrf_of(token: str) -> str:
    """Return the CSRF token of a cookie login: known to who knows the token, and nobody else."""
    return hashlib.sha256(b"csrf\0" + token.encode()).hexdigest()


def check_password(password: str) -> None:
    """Raise PasswordNotValid unless the length is right and all characters are printable."""
    if not PASSWORD_CHARS_MIN <= len(password) <= PASSWORD_CHARS_MAX:
        raise PasswordNotValid(
            f"password must have {PASSWORD_CHARS_MIN} to {PASSWORD_CHARS_MAX} characters,"
            f" was {len(password)}"
        )
    if not password.isprintable():
        raise PasswordNotValid("password must hold printable characters only")


def put_password(
    connection: Connection, credentials: Credentials, account_no: str, password: str, now_ns: int
) -> None:
    """Give an account its password inside a transaction of set-up (blocks to hash)."""
    check_password(password)
    hashed = credentials.hashed(SecretKind.PASSWORD, account_no, _plain(password))
    put_secret(connection, SecretKind.PASSWORD, account_no, hashed, now_ns)


def _plain(password: str) -> str:
    return unicodedata.normalize("NFKC", password)  # the same keys, whatever input method


def _insert(
    connection: Connection,
    digest: bytes,
    account_no: str,
    kind: LoginKind,
    now_ns: int,
    expires_ns: int,
    kept_max: int,
) -> tuple[Login, list[bytes]]:
    """Write a login; return it and the digests of those of the account that end for it."""
    connection.execute(delete(LOGINS).where(LOGINS.c.expires_ns <= now_ns))
    of_account = LOGINS.c.account_no == account_no
    newest_first = (
        select(LOGINS.c.token_sha256).where(of_account).order_by(LOGINS.c.started_ns.desc())
    )
    surplus = list(connection.execute(newest_first.offset(kept_max - 1)).scalars())
    connection.execute(delete(LOGINS).where(LOGINS.c.token_sha256.in_(surplus)))
    connection.execute(
        insert(LOGINS).values(
            token_sha256=digest,
            account_no=account_no,
            kind=kind,
            started_ns=now_ns,
            seen_ns=now_ns,
            expires_ns=expires_ns,
        )
    )
    login = _select(connection, digest)
    assert login is not None, "it was just written"
    return login, surplus


def _select(connection: Connection, digest: bytes) -> Login | None:
    found = select(LOGINS, CUSTOMERS.c.language).join(CUSTOMERS)
    row = connection.execute(found.where(LOGINS.c.token_sha256 == digest)).first()
    if row is None:
        return None
    return Login(
        digest,
        row.account_no,
        LoginKind(row.kind),
        Language(row.language),
        row.seen_ns,
        row.expires_ns,
    )


def _touch(connection: Connection, digest: bytes, now_ns: int) -> int:
    one = LOGINS.c.token_sha256 == digest
    return connection.execute(update(LOGINS).where(one).values(seen_ns=now_ns)).rowcount
