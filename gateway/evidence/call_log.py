"""Keeps call records: a row in the store, its digest in the journal's chain.

A call has a row from its first ring, so that it leaves a record even when the gateway dies with it.
A record that was stored but not yet bound into the journal is bound at the next start; whoever
changes a stored record later is found out by the digest. Nothing is waited for by a caller.
Not here: what is in a record (gateway.ivr.call_record).
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog
from prometheus_client import Gauge
from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.sqlite import insert
from twisted.internet.defer import Deferred, DeferredList

from gateway.core.tasks import Tasks
from gateway.ivr.call_record import GATEWAY_ENDED, CallRecord
from gateway.media import wav
from gateway.media.recording_disk import recover_recording
from gateway.store.database import Database
from gateway.store.tables import CALL_ACCOUNTS, CALLS
from risk.domain.commands import Command, RecordCall
from risk.domain.errors import PermanentFailure, TemporaryFailure

log = structlog.get_logger("evidence")

RECORDINGS: Final = "recordings"  # folder of the sound, inside the data folder
RETRY_S: Final = 2.0
RECENT_MAX: Final = 20
READ_BYTES: Final = 1 << 20

UNBOUND: Final = Gauge(
    "hotline_call_records_unbound",
    "Call records that are not yet in the store and the journal.",
)

encode: Final = msgspec.json.Encoder().encode
decode: Final = msgspec.json.Decoder(CallRecord).decode


class NotFound(PermanentFailure):
    """Nothing is kept under this number; the text says how to list what is."""

    code = "evidence.not_found"


class SoundNotReady(TemporaryFailure):
    """A recording has no digest yet: it still grows, or cannot be read."""

    code = "evidence.sound_not_ready"


class StoredCalls:
    """The `CallLog` of the gateway. Used on the reactor thread."""

    def __init__(
        self,
        database: Database,
        submit: Callable[[Command], "Deferred[Any]"],
        tasks: Tasks,
        recordings: Path,
        now_ns: Callable[[], int],
    ) -> None:
        """`submit` gives commands to the heart; `recordings` holds the files records name."""
        self._database, self._submit, self._tasks = database, submit, tasks
        self._recordings, self._now_ns = recordings, now_ns
        self._open: set[Deferred[None]] = set()

    async def start(self) -> None:
        """Close the rows of calls that the last run took along, and bind what was not bound."""
        found = await self._database.read(_not_bound)
        for stored in found:
            record = decode(stored)
            if record.ended_ns:
                await self._bind(stored)
                continue
            ended = {"ended_ns": self._now_ns(), "close_reason": GATEWAY_ENDED}
            closed = msgspec.structs.replace(record, **ended)
            if not await self._is_kept(closed):
                self.note(closed)  # tries on, beside the calls to come
        if found:
            log.info("evidence.mended", records=len(found))

    def begin(self, record: CallRecord) -> "Deferred[None]":
        """A call has come: keep what is known of it."""
        return self._kept_on("evidence.begin", record)

    def note(self, record: CallRecord) -> "Deferred[None]":
        """A call is over: keep its record. Fires when it is in the store and in the journal."""
        return self._kept_on("evidence.note", record)

    def recent(self, account_no: str) -> "Deferred[list[CallRecord]]":
        """Return the last calls of an account, the newest first. Raises TemporaryFailure."""
        return self._database.read(
            lambda connection: records_by(connection, account_no=account_no, limit=RECENT_MAX)
        )

    def _kept_on(self, name: str, record: CallRecord) -> "Deferred[None]":
        UNBOUND.inc()
        keeping = self._tasks.spawn(name, self._kept(record))
        self._open.add(keeping)
        return keeping.addBoth(lambda _: self._open.discard(keeping))

    async def settled(self) -> None:
        """Wait until what was given is kept: before the journal and the store close."""
        await DeferredList(list(self._open))

    async def _kept(self, record: CallRecord) -> None:
        """Try until it is done: a busy database or a full disk must not cost a record."""
        try:
            while not await self._is_kept(record):
                await self._pause()
        finally:
            UNBOUND.dec()

    def _pause(self) -> "Deferred[None]":
        over: Deferred[None] = Deferred()
        self._tasks.call_later("evidence.retry", RETRY_S, lambda: over.callback(None))
        return over

    async def _is_kept(self, record: CallRecord) -> bool:
        try:
            if record.ended_ns and record.recording and not record.recording_sha256:
                stored = await self._with_sound(record)  # its media worker ended before it
            else:
                stored = encode(record)
                await self._database.write(lambda connection: _put(connection, record, stored))
            if record.ended_ns:
                await self._bind(stored)
        except TemporaryFailure as e:
            log.warning("evidence.later", call_no=record.call_no, code=e.code)
            return False
        return True

    async def _bind(self, stored: bytes) -> None:
        command = binding_of(stored)
        await self._submit(command)
        await self._database.write(lambda connection: _mark_bound(connection, command.call_no))

    async def _with_sound(self, record: CallRecord) -> bytes:
        """Store a record whose recording nobody has told of: with its digest, or without it.

        Raises SoundNotReady while the recording grows or cannot be read.
        """
        file = self._recordings / record.recording

        def kept(connection: Connection) -> bytes:  # on a thread: a recording may be long
            digest = _digest_of(file)
            name = record.recording if digest else ""
            found = msgspec.structs.replace(record, recording=name, recording_sha256=digest)
            _put(connection, found, encode(found))
            return encode(found)

        return await self._database.write(kept)


def binding_of(stored: bytes) -> RecordCall:
    """Return the command that writes the digests of a stored record into the journal."""
    record = decode(stored)
    return RecordCall(
        request_id=f"call:{record.call_no}",
        call_no=record.call_no,
        account_no=record.account_no,
        ani=record.ani,
        dnis=record.dnis,
        record_sha256=hashlib.sha256(stored).hexdigest(),
        recording_sha256=record.recording_sha256,
    )


def _digest_of(recording: Path) -> str:
    """Complete a recording if need be; return its digest, "" when there is none; blocks.

    Raises SoundNotReady.
    """
    if not recording.is_file():
        return ""
    try:
        recover_recording(recording)
        with recording.open("rb") as stream:
            head = stream.read(wav.HEADER_BYTES)
        if _is_open(head):
            raise SoundNotReady(f"{recording.name} is still being written")
        return sha256_of(recording)
    except OSError as e:
        raise SoundNotReady(f"{recording.name}: {e.strerror}") from e


def _is_open(head: bytes) -> bool:
    try:
        return wav.read_header(head).is_open
    except wav.NoRecording:
        return False


def sha256_of(file: Path) -> str:
    """Return the digest of a file, hexadecimal; blocks. Raises OSError."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(READ_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _put(connection: Connection, record: CallRecord, stored: bytes) -> None:
    """Write a row; a call that has ended is not opened again by a late beginning."""
    row = insert(CALLS).values(
        call_no=record.call_no,
        started_ns=record.started_ns,
        ended_ns=record.ended_ns,
        ani=record.ani,
        account_no=record.account_no,
        record=stored,
        is_bound=0,
    )
    names = ("ended_ns", "ani", "account_no", "record")
    connection.execute(
        row.on_conflict_do_update(
            index_elements=[CALLS.c.call_no],
            set_={name: row.excluded[name] for name in names},
            where=CALLS.c.ended_ns == 0,
        )
    )
    for account_no in {record.account_no, *(acted.account_no for acted in record.acted)} - {""}:
        of_account = insert(CALL_ACCOUNTS).values(account_no=account_no, call_no=record.call_no)
        connection.execute(of_account.on_conflict_do_nothing())


def _mark_bound(connection: Connection, call_no: str) -> None:
    connection.execute(update(CALLS).where(CALLS.c.call_no == call_no).values(is_bound=1))


def _not_bound(connection: Connection) -> list[bytes]:
    wanted = select(CALLS.c.record).where(CALLS.c.is_bound == 0).order_by(CALLS.c.started_ns)
    return list(connection.scalars(wanted))


def stored_record(connection: Connection, call_no: str) -> bytes | None:
    """Return a call's record as it is stored (decode it with `decode`), None when unknown."""
    return connection.scalar(select(CALLS.c.record).where(CALLS.c.call_no == call_no))


def records_by(
    connection: Connection, *, ani: str = "", account_no: str = "", limit: int = 200
) -> list[CallRecord]:
    """Return the records of a caller's number, or in which an account was verified, or all.

    The newest first.
    """
    wanted = select(CALLS.c.record).order_by(CALLS.c.started_ns.desc()).limit(limit)
    if ani:
        wanted = wanted.where(CALLS.c.ani == ani)
    if account_no:
        of_account = CALL_ACCOUNTS.c.account_no == account_no
        wanted = wanted.join(CALL_ACCOUNTS).where(of_account)
    return [decode(stored) for stored in connection.scalars(wanted)]
