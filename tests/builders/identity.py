"""Identity for tests: a real store in a temporary folder, quick hashes, a clock that is set."""

from pathlib import Path

from twisted.internet.interfaces import IReactorFromThreads

from gateway.identity.customers import Customer
from gateway.identity.registry import Identity, open_identity
from gateway.identity.settings import IdentitySettings
from gateway.store.database import Database
from gateway.store.settings import StoreSettings, store_url
from risk.domain.enums import Language
from risk.domain.ids import NS

PIN = "135724"
PASSWORD = "correct horse"
PEPPER = b"pepper for tests only"
START_NS = 1_795_312_800 * NS  # 2026-11-22 10:00 in China


class SetClock:
    """A wall clock that stands still until it is told to go on."""

    def __init__(self, now_ns: int = START_NS) -> None:
        self.now_ns = now_ns

    def __call__(self) -> int:
        return self.now_ns

    def advance(self, seconds: float) -> None:
        """Go on by some seconds."""
        self.now_ns += int(seconds * NS)


def quick_settings(**changed: int) -> IdentitySettings:
    """Return settings whose hashes take no time worth waiting for."""
    return IdentitySettings(**{"hash_memory_kib": 8, "hash_passes": 1, **changed})


def a_customer(account_no: str = "10000001", **changed: object) -> Customer:
    """Return a customer, valid unless changed."""
    customer = Customer(
        account_no, "张三", "+8613800138000", "zhang@example.com", Language.ZH, "00101"
    )
    return customer._replace(**changed)


def an_identity(
    folder: Path,
    reactor: IReactorFromThreads,
    now_ns: SetClock,
    settings: IdentitySettings | None = None,
) -> Identity:
    """Return identity over the store in `folder`; the caller starts and stops it."""
    store = StoreSettings()
    database = Database(store_url(store, folder), store, reactor)
    return open_identity(settings or quick_settings(), database, reactor, now_ns, PEPPER)
