"""Call records over a real store: no call without a record, no record without a digest."""

import hashlib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from msgspec.structs import replace
from sqlalchemy import update
from twisted.internet import reactor, task
from twisted.internet.defer import Deferred, fail, succeed
from twisted.trial.unittest import TestCase

from gateway.core.ports import AcceptanceStopped
from gateway.core.tasks import Tasks
from gateway.evidence.call_log import (
    GATEWAY_ENDED,
    RETRY_S,
    StoredCalls,
    decode,
    records_by,
    stored_record,
)
from gateway.media.recording_disk import Begin, DiskWriter, Finish, Finished, Sound
from gateway.store.database import Database, write_once
from gateway.store.settings import StoreSettings, store_url
from gateway.store.tables import CALLS
from risk.domain.commands import Command, RecordCall
from tests.builders.evidence import START_NS, a_record

NOW_NS = START_NS + 3_600_000_000_000


class CallLogTests(TestCase):
    def setUp(self) -> None:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "recordings").mkdir()
        url = store_url(StoreSettings(), self.folder)
        self.database = Database(url, StoreSettings(), reactor)
        self.database.start()
        self.addCleanup(self.database.stop)
        self.clock = task.Clock()
        self.submitted: list[RecordCall] = []
        self.failures = 0
        self.calls = self.log()

    def log(self) -> StoredCalls:
        return StoredCalls(
            self.database,
            self.submit,
            Tasks(self.clock),
            self.folder / "recordings",
            lambda: NOW_NS,
        )

    def submit(self, command: Command) -> "Deferred[Any]":
        assert isinstance(command, RecordCall)
        if self.failures:
            self.failures -= 1
            return fail(AcceptanceStopped("for a moment"))
        self.submitted.append(command)
        return succeed(None)

    async def stored(self, call_no: str) -> bytes:
        found = await self.database.read(lambda c: stored_record(c, call_no))
        assert found is not None
        return found

    async def test_a_record_is_stored_and_its_digest_goes_to_the_journal(self) -> None:
        record = a_record(recording="a.wav", recording_sha256="ab" * 32)
        await self.calls.note(record)
        stored = await self.stored(record.call_no)
        assert decode(stored) == record
        (command,) = self.submitted
        assert command.record_sha256 == hashlib.sha256(stored).hexdigest()
        assert command.recording_sha256 == "ab" * 32
        assert (command.account_no, command.ani) == ("10000001", "13800138000")
        await self.log().start()
        assert len(self.submitted) == 1, "it is bound: the next start leaves it alone"

    async def test_a_late_beginning_does_not_open_an_ended_call_again(self) -> None:
        await self.calls.note(a_record())
        await self.calls.begin(a_record(ended_ns=0, close_reason=""))
        assert decode(await self.stored(a_record().call_no)) == a_record()

    async def test_a_call_that_the_gateway_took_along_has_a_record_with_its_recording(self) -> None:
        sound = self.folder / "recordings" / "a.wav"
        sound.write_bytes(b"sound")
        await self.calls.begin(a_record(ended_ns=0, close_reason="", recording="a.wav"))
        assert self.submitted == [], "a call that lasts is not bound yet"
        await self.log().start()
        record = decode(await self.stored(a_record().call_no))
        assert (record.ended_ns, record.close_reason) == (NOW_NS, GATEWAY_ENDED)
        assert record.recording_sha256 == hashlib.sha256(b"sound").hexdigest()
        assert self.submitted[0].recording_sha256 == record.recording_sha256

    async def test_a_recording_that_still_grows_has_no_digest_before_it_is_complete(self) -> None:
        file = self.folder / "recordings" / "a.wav"
        disk = DiskWriter()
        disk.do(Begin(1, str(file), START_NS))
        disk.do(Sound(1, 0, b"\x55" * 320))
        done = self.calls.note(a_record(recording="a.wav"))
        for _ in range(20):
            self.clock.advance(RETRY_S)
            await task.deferLater(reactor, 0.01)
        assert not done.called
        assert self.submitted == []
        finished = disk.do(Finish(1, 320))
        assert isinstance(finished, Finished)
        while not done.called:
            self.clock.advance(RETRY_S)
            await task.deferLater(reactor, 0.01)
        assert [command.recording_sha256 for command in self.submitted] == [finished.sha256]

    async def test_files_that_are_no_recordings_stop_nobody(self) -> None:
        (self.folder / "recordings" / "other.wav").mkdir()
        await self.calls.begin(a_record(ended_ns=0, close_reason="", recording="a.wav"))
        await self.log().start()
        assert len(self.submitted) == 1

    async def test_a_recording_that_cannot_be_read_does_not_keep_the_gateway_from_starting(
        self,
    ) -> None:
        disk = DiskWriter()  # of a media worker that outlived its gateway
        disk.do(Begin(1, str(self.folder / "recordings" / "a.wav"), START_NS))
        await self.calls.begin(a_record(ended_ns=0, close_reason="", recording="a.wav"))
        log = self.log()
        await log.start()
        assert self.submitted == []
        disk.do(Finish(1, 0))
        while not self.submitted:
            self.clock.advance(RETRY_S)
            await task.deferLater(reactor, 0.01)
        await log.settled()
        record = decode(await self.stored(a_record().call_no))
        assert record.close_reason == GATEWAY_ENDED
        assert record.recording_sha256

    async def test_a_recording_that_was_never_written_is_not_named(self) -> None:
        await self.calls.begin(a_record(ended_ns=0, close_reason="", recording="none.wav"))
        await self.log().start()
        record = decode(await self.stored(a_record().call_no))
        assert (record.recording, record.recording_sha256) == ("", "")

    async def test_a_heart_that_takes_nothing_for_a_moment_costs_no_binding(self) -> None:
        self.failures = 2
        done = self.calls.note(a_record())
        while not done.called:
            self.clock.advance(RETRY_S)
            await task.deferLater(reactor, 0.01)
        assert len(self.submitted) == 1

    async def test_a_record_left_unbound_is_bound_at_the_next_start(self) -> None:
        await self.calls.note(a_record())
        self.submitted.clear()
        write_once(self.database.engine, lambda c: c.execute(update(CALLS).values(is_bound=0)))
        await self.log().start()
        assert [command.call_no for command in self.submitted] == [a_record().call_no]

    async def test_calls_are_listed_by_caller_and_by_account_newest_first(self) -> None:
        numbers = [("1", "13800138000", "10000001"), ("2", "13900139000", "10000001")]
        for n, (call_no, ani, account_no) in enumerate(numbers):
            await self.calls.note(
                a_record(call_no=call_no, ani=ani, account_no=account_no, started_ns=START_NS + n)
            )
        by_account = await self.database.read(lambda c: records_by(c, account_no="10000001"))
        by_ani = await self.database.read(lambda c: records_by(c, ani="13800138000"))
        assert [record.call_no for record in by_account] == ["2", "1"]
        assert [record.call_no for record in by_ani] == ["1"]

    async def test_a_call_is_of_every_account_that_was_verified_in_it(self) -> None:
        first = a_record(account_no="10000001", acted=(), ended_ns=0)
        await self.calls.begin(first)
        await self.calls.note(a_record(account_no="10000002"))
        for account_no in ("10000001", "10000002"):
            (record,) = await self.calls.recent(account_no)
            assert record.account_no == "10000002"
        assert await self.calls.recent("10000003") == []

    async def test_an_account_is_not_lost_with_a_beginning_that_was_never_kept(self) -> None:
        acted = replace(a_record().acted[0], account_no="10000001")
        await self.calls.note(a_record(account_no="10000002", acted=(acted,)))
        assert len(await self.calls.recent("10000001")) == 1
