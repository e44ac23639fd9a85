"""What the gateway and its set-up both stand on: the recovered heart and the customers.

Not here: how either works (gateway.journal.heart, gateway.identity.registry).
"""

from collections.abc import Callable
from typing import Any

from gateway.app.keys import read_pepper
from gateway.app.settings import Settings
from gateway.identity.registry import Identity, open_identity
from gateway.journal.heart import Heart, journal_storage, open_heart
from gateway.journal.storage import DiskStorage
from gateway.store.database import Database
from gateway.store.settings import store_url
from risk.checks.moment import TradingRules
from risk.core.step import step
from risk.domain.errors import HotlineError


def locked_heart(
    settings: Settings,
    rules: TradingRules,
    reactor: Any,  # IReactorTime and IReactorFromThreads: the one real reactor
    now_ns: Callable[[], int],
    on_failed: Callable[[HotlineError], None],
) -> tuple[DiskStorage, Heart]:
    """Lock the journal for this process and recover the heart over it; blocks until recovered.

    The caller unlocks the storage when the heart is closed. Raises as `lock` and `open_heart` do.
    """
    storage = journal_storage(settings.gateway.data_folder, settings.journal)
    storage.lock()
    heart = open_heart(
        storage,
        settings.journal,
        lambda book: lambda commands, at_ns: step(book, rules, commands, at_ns),
        reactor,
        reactor,
        now_ns,
        on_failed,
    )
    return storage, heart


def identity_of(settings: Settings, reactor: Any, now_ns: Callable[[], int]) -> Identity:
    """Return identity over the store of the data folder. Raises ConfigError without a pepper."""
    data = settings.gateway.data_folder
    database = Database(store_url(settings.store, data), settings.store, reactor)
    return open_identity(settings.identity, database, reactor, now_ns, read_pepper(data))
