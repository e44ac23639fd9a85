"""The engine and its threads: work runs as one transaction on a connection, answers as Deferred.

One thread writes, a few read: SQLite has one writer, and the reactor never waits for a disk.
Not here: tables (gateway.store.tables), their meaning (gateway.identity), trading state (journal).
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import OperationalError
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.python.failure import Failure

from gateway.store.migrate import migrate
from gateway.store.settings import StoreSettings, store_url
from gateway.store.threads import BoundedThreads
from risk.domain.errors import TemporaryFailure

T = TypeVar("T")

PENDING_MAX: Final = 4096  # pieces of work per pool


class StoreBusy(TemporaryFailure):
    """Another process held the database for longer than the time-out: try again shortly."""

    code = "store.busy"


def open_engine(url: str, settings: StoreSettings) -> Engine:
    """Return an engine with explicit transactions, WAL and a full sync per commit."""
    engine = create_engine(
        url,
        pool_size=settings.read_threads + 1,
        connect_args={"timeout": settings.busy_timeout_ms / 1000, "isolation_level": None},
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        # secrets and lock-outs must survive power loss and are written rarely: full, not normal
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # a write transaction that starts as a reader can fail when it turns into a writer
        writes = connection.get_execution_options().get("hotline_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def write_once(engine: Engine, work: Callable[[Connection], T]) -> T:
    """Run `work` in one write transaction on this thread (command line, set-up, tests)."""
    with engine.connect() as connection:
        connection = connection.execution_options(hotline_writes=True)
        with connection.begin():
            return work(connection)


def read_once(engine: Engine, work: Callable[[Connection], T]) -> T:
    """Run `work` in one read transaction on this thread."""
    with engine.connect() as connection, connection.begin():
        return work(connection)


def read_file(settings: StoreSettings, data_folder: Path, work: Callable[[Connection], T]) -> T:
    """Run `work` in one read transaction on a store that others may be writing (command line)."""
    engine = create_engine(store_url(settings, data_folder))
    try:
        return read_once(engine, work)
    finally:
        engine.dispose()


class Database:
    """The store of one gateway process. `work` must not keep the connection it is given."""

    def __init__(self, url: str, settings: StoreSettings, reactor: IReactorFromThreads) -> None:
        self.engine = open_engine(url, settings)
        self._readers = BoundedThreads(reactor, "store-read", settings.read_threads, PENDING_MAX)
        self._writer = BoundedThreads(reactor, "store-write", 1, PENDING_MAX)

    def start(self) -> None:
        """Bring the tables up to date and start the threads. Blocks: call before serving."""
        migrate(self.engine)
        self._readers.start()
        self._writer.start()

    def stop(self) -> None:
        """Finish the work in hand and let go of the file. Waits for the threads."""
        self._readers.stop()
        self._writer.stop()
        self.engine.dispose()

    def read(self, work: Callable[[Connection], T]) -> Deferred[T]:
        """Run `work` in a read transaction on a reading thread."""
        return self._readers.run(read_once, self.engine, work).addErrback(_told_apart)

    def write(self, work: Callable[[Connection], T]) -> Deferred[T]:
        """Run `work` in a write transaction on the writing thread; it is durable when answered."""
        return self._writer.run(write_once, self.engine, work).addErrback(_told_apart)


def _told_apart(failure: Failure) -> Any:
    if failure.check(OperationalError):
        raise StoreBusy(str(failure.value)) from failure.value
    return failure
