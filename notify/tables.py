"""Tables of the outbox database and the way it is opened.

A file of its own beside the store: its one writer never waits for another component. Not here:
what the rows mean (notify.outbox, notify.receipts, notify.letters).
"""

import sqlite3
from pathlib import Path
from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    event,
    insert,
    select,
    text,
)
from sqlalchemy.engine import URL

from notify.notices import OPEN_STATE_MAX
from risk.domain.errors import PermanentFailure

SCHEMA_VERSION: Final = 1
CURSOR: Final = "journal_seq"
_VERSION: Final = "schema_version"
_IS_OPEN: Final = text(f"state <= {int(OPEN_STATE_MAX)}")

metadata = MetaData()

# Single numbers of the whole outbox: how far the journal is planned, which schema this is.
marks = Table(
    "marks",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

notices = Table(
    "notices",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("event_seq", BigInteger, nullable=False),
    Column("route", Integer, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("account_no", String(12), nullable=False),
    Column("cl_ord_id", String(32), nullable=False),
    Column("language", Integer, nullable=False),
    Column("recipient", String(254), nullable=False),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("html", Text, nullable=False),
    Column("state", Integer, nullable=False),
    Column("due_ns", BigInteger, nullable=False),
    Column("expires_ns", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("lease_owner", String(64), nullable=False, default=""),
    Column("lease_until_ns", BigInteger, nullable=False, default=0),
    Column("lease_no", Integer, nullable=False, default=0),  # fences a late settlement
    Column("event_ns", BigInteger, nullable=False),
    Column("planned_ns", BigInteger, nullable=False),
    Column("sent_ns", BigInteger, nullable=False, default=0),
    Column("receipt_ns", BigInteger, nullable=False, default=0),
    Column("receipt_state", Integer, nullable=False, default=0),
    Column("reason", String(200), nullable=False, default=""),
    UniqueConstraint("event_seq", "route", name="notices_once"),
)
Index("notices_due", notices.c.route, notices.c.due_ns, notices.c.event_seq, sqlite_where=_IS_OPEN)
Index("notices_expiring", notices.c.route, notices.c.expires_ns, sqlite_where=_IS_OPEN)
Index("notices_leased", notices.c.route, notices.c.lease_until_ns, sqlite_where=text("state = 2"))
Index(
    "notices_in_line",
    notices.c.route,
    notices.c.recipient,
    notices.c.event_seq,
    sqlite_where=_IS_OPEN,
)
Index("notices_by_order", notices.c.cl_ord_id)
Index("notices_dead", notices.c.id, sqlite_where=text("state = 5"))

# One row per submitted part: the id the next hop gave it ("" when it never answered).
parts = Table(
    "parts",
    metadata,
    Column("notice_id", ForeignKey("notices.id"), primary_key=True),
    Column("part_no", Integer, primary_key=True),
    Column("message_id", String(255), nullable=False),
    Column("receipt_ns", BigInteger, nullable=False, default=0),
    Column("receipt_state", Integer, nullable=False, default=0),
    Column("receipt_error", String(32), nullable=False, default=""),
)
Index("parts_by_message_id", parts.c.message_id)

# Receipts that came before the message they belong to was known.
strays = Table(
    "strays",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("message_id", String(255), nullable=False),
    Column("recipient", String(254), nullable=False),
    Column("state", Integer, nullable=False),
    Column("error", String(32), nullable=False),
    Column("reference", Integer, nullable=False),
    Column("at_ns", BigInteger, nullable=False),
    UniqueConstraint("message_id", "recipient", "state", name="strays_once"),
)


class OutboxVersion(PermanentFailure):
    """The file was written by a release with another schema."""

    code = "notify.outbox_version"


def open_outbox(file: Path, busy_timeout_ms: int = 5000) -> Engine:
    """Open or create the outbox file: WAL, a full sync per commit, explicit transactions.

    Full sync, because a delivery receipt is acknowledged when its commit returns.
    Raises OutboxVersion.
    """
    engine = create_engine(
        URL.create("sqlite", database=str(file)),
        hide_parameters=True,  # an error's text may be logged, customers' numbers may not
        connect_args={"timeout": busy_timeout_ms / 1000, "isolation_level": None},
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # a transaction that reads first and then writes fails when another wrote in between
        only_reads = connection.get_execution_options().get("only_reads", False)
        connection.exec_driver_sql("BEGIN" if only_reads else "BEGIN IMMEDIATE")

    with engine.begin() as connection:
        metadata.create_all(connection)
        found = connection.scalar(select(marks.c.value).where(marks.c.name == _VERSION))
        if found is None:
            for name, value in ((_VERSION, SCHEMA_VERSION), (CURSOR, 0)):
                connection.execute(insert(marks).values(name=name, value=value))
        elif found != SCHEMA_VERSION:
            raise OutboxVersion(
                f"{file} has schema version {found}, this release reads {SCHEMA_VERSION}: "
                "run the release that wrote it until its outbox is empty, then move the file away"
            )
    return engine
