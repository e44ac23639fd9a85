"""Work runs as one transaction, in threads with a limit; an older or newer file is told apart."""

import sqlite3
import tempfile
import threading
from pathlib import Path

import pytest
from sqlalchemy import Connection, select, text
from twisted.internet import reactor
from twisted.trial import unittest

from gateway.identity.customers import put_customer
from gateway.store.database import Database, StoreBusy, open_engine, write_once
from gateway.store.migrate import StoreTooNew, drift, migrate
from gateway.store.settings import StoreSettings, store_url
from gateway.store.tables import CUSTOMERS
from gateway.store.threads import BoundedThreads, ThreadsBusy
from tests.builders.identity import a_customer

SETTINGS = StoreSettings(busy_timeout_ms=100)


def test_migrations_make_exactly_the_tables_of_the_code(tmp_path: Path) -> None:
    engine = open_engine(store_url(SETTINGS, tmp_path), SETTINGS)
    migrate(engine)
    migrate(engine)

    assert drift(engine) == []

    write_once(engine, lambda it: it.execute(text("ALTER TABLE logins DROP COLUMN seen_ns")))
    assert len(drift(engine)) == 1


def test_a_file_of_a_newer_release_is_refused_with_a_remedy(tmp_path: Path) -> None:
    engine = open_engine(store_url(SETTINGS, tmp_path), SETTINGS)
    migrate(engine)
    write_once(engine, lambda it: it.execute(text("UPDATE alembic_version SET version_num='9x'")))

    with pytest.raises(StoreTooNew, match=r"revision 9x.*start the release that wrote it"):
        migrate(engine)


class DatabaseTests(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.database = Database(store_url(SETTINGS, self.folder), SETTINGS, reactor)
        self.database.start()
        self.addCleanup(self.database.stop)

    async def test_what_was_written_is_read_back(self) -> None:
        await self.database.write(lambda it: put_customer(it, a_customer()))

        rows = await self.database.read(lambda it: it.execute(select(CUSTOMERS.c.name)).all())

        assert rows == [("张三",)]

    async def test_work_that_fails_leaves_nothing_behind(self) -> None:
        def half(connection: Connection) -> None:
            put_customer(connection, a_customer())
            raise KeyError("half way")

        with pytest.raises(KeyError):
            await self.database.write(half)
        rows = await self.database.read(lambda it: it.execute(select(CUSTOMERS)).all())

        assert rows == []

    async def test_a_file_held_by_another_process_is_a_temporary_failure(self) -> None:
        other = sqlite3.connect(self.folder / SETTINGS.file, isolation_level=None)
        self.addCleanup(other.close)
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(StoreBusy, match="locked"):
            await self.database.write(lambda it: put_customer(it, a_customer()))
        other.execute("COMMIT")
        await self.database.write(lambda it: put_customer(it, a_customer()))

    async def test_a_full_pool_refuses_and_takes_work_again_later(self) -> None:
        threads = BoundedThreads(reactor, "two", count=1, pending_max=2)
        threads.start()
        self.addCleanup(threads.stop)
        gate = threading.Event()

        waiting = [threads.run(gate.wait, 5), threads.run(gate.wait, 5)]
        with pytest.raises(ThreadsBusy, match="2 pieces of work"):
            await threads.run(gate.wait)
        gate.set()

        assert [await one for one in waiting] == [True, True]
        assert await threads.run(lambda: 7) == 7

    async def test_a_stopped_pool_refuses_rather_than_never_answer(self) -> None:
        threads = BoundedThreads(reactor, "one", count=1, pending_max=2)
        threads.start()
        threads.stop()

        with pytest.raises(ThreadsBusy):
            await threads.run(lambda: 7)
