"""Files of the journal: started, rotated, made good at open, and damage told by file and byte."""

import zlib
from itertools import repeat

import pytest
import structlog

from gateway.core.ports import Batch
from gateway.journal.errors import JournalCorrupt, JournalTooNew
from gateway.journal.memory_storage import MemoryStorage
from gateway.journal.segment import BEGINNING, HEADER_BYTES, open_end, segment_names, start_segment
from gateway.journal.storage import Storage
from risk.domain.commands import StartDay
from risk.domain.enums import Channel, Side
from risk.domain.events import DayStarted, OrderCanceled
from tests.builders.core import NOW_NS
from tests.builders.journal import a_batch, batches, commit, opened, read, write


def last_file(storage: Storage) -> tuple[str, bytes]:
    """Return name and content of the newest file."""
    name = segment_names(storage)[-1]
    return name, storage.read(name)


def test_batches_are_read_back_over_several_files() -> None:
    storage, made = MemoryStorage(), batches(12)
    write(storage, made)
    assert len(segment_names(storage)) > 2
    assert read(storage) == made


def test_reading_may_start_at_any_event() -> None:
    storage, made = MemoryStorage(), batches(12)
    write(storage, made)
    for seq in range(made[-1].next_seq):
        assert read(storage, seq) == [batch for batch in made if batch.next_seq > seq + 1]


def test_a_journal_opened_again_goes_on_where_it_was() -> None:
    storage, made = MemoryStorage(), batches(8)
    for batch in made:
        write(storage, [batch])
    assert read(storage) == made


def test_a_torn_tail_is_cut_and_said() -> None:
    storage, made = MemoryStorage(), batches(3)
    write(storage, made, segment_bytes=100_000)
    name, data = last_file(storage)
    storage.put(name, data[:-5])
    with structlog.testing.capture_logs() as logs:
        end = open_end(storage).end
    assert end.next_event_seq == made[2].first_seq
    assert read(storage) == made[:2]
    assert [(entry["event"], entry["file"]) for entry in logs] == [("journal.tail_cut", name)]
    assert logs[0]["at_byte"] + logs[0]["cut_bytes"] == len(data) - 5


def test_a_tail_of_zeros_is_a_torn_tail() -> None:
    storage, made = MemoryStorage(), batches(2)
    write(storage, made)
    name, data = last_file(storage)
    storage.put(name, data + bytes(500))
    write(storage, [a_batch(made[-1].next_seq)])
    assert len(read(storage)) == 3


def test_a_damaged_payload_names_file_and_byte() -> None:
    storage = MemoryStorage()
    write(storage, batches(2), segment_bytes=100_000)
    name, data = last_file(storage)
    storage.put(name, data[:200] + bytes([data[200] ^ 1]) + data[201:])
    with pytest.raises(JournalCorrupt, match=rf"{name}, byte \d+: the payload of frame 1") as told:
        open_end(storage)
    assert told.value.name == name
    assert told.value.at_byte == HEADER_BYTES + 36


def test_a_missing_file_is_told() -> None:
    storage = MemoryStorage()
    write(storage, batches(12))
    storage.remove(segment_names(storage)[1])
    with pytest.raises(JournalCorrupt, match="a file is missing"):
        read(storage)


def test_a_file_of_another_journal_is_told() -> None:
    storage, other = MemoryStorage(), MemoryStorage()
    write(storage, batches(12))
    write(other, [batch._replace(at_ns=batch.at_ns + 1) for batch in batches(12)])
    name = segment_names(storage)[1]
    storage.put(name, other.read(name))
    with pytest.raises(JournalCorrupt, match="not of this journal"):
        read(storage)


def test_a_torn_frame_in_an_older_file_is_told() -> None:
    storage = MemoryStorage()
    write(storage, batches(12))
    name = segment_names(storage)[1]
    storage.put(name, storage.read(name)[:-3])
    with pytest.raises(JournalCorrupt, match="ends inside a frame"):
        read(storage)


def test_a_renamed_file_is_told() -> None:
    storage = MemoryStorage()
    write(storage, batches(1))
    storage.rename(segment_names(storage)[0], f"{9:020d}.journal")
    with pytest.raises(JournalCorrupt, match="renamed: it starts with event 1"):
        open_end(storage)


def test_a_file_of_a_later_version_is_told() -> None:
    storage = MemoryStorage()
    start_segment(storage, BEGINNING)
    name, data = last_file(storage)
    changed = data[:8] + (2).to_bytes(2, "little") + data[10:-4]
    storage.put(name, changed + zlib.crc32(changed).to_bytes(4, "little"))
    with pytest.raises(JournalTooNew, match="version 2, this release reads up to 1"):
        open_end(storage)


def test_an_unfinished_file_of_a_crash_is_cleared_away() -> None:
    storage, made = MemoryStorage(), batches(2)
    write(storage, made)
    storage.put("00000000000000000099.journal.unfinished", b"HOT")
    assert opened(storage).end.next_event_seq == made[-1].next_seq
    assert len(storage.names()) == len(segment_names(storage))


def test_a_group_is_one_write_and_one_sync() -> None:
    storage = MemoryStorage()
    writer = opened(storage, segment_bytes=100_000)
    before = storage.call_count
    commit(writer, batches(20))
    assert storage.call_count == before + 2
    assert len(read(storage)) == 20


def test_a_day_that_ends_a_quarter_of_a_million_orders_is_one_frame() -> None:
    names = "261120000001", "1000000001", "600000", Side.BUY
    closing = "venue order 1", "", "", "", 0, 1, Channel.WEB, True
    ended = OrderCanceled(NOW_NS, *names, 0, 1_000, 10**9, *closing)
    events = [DayStarted(NOW_NS, 20261123), *repeat(ended, 250_000)]
    storage = MemoryStorage()
    write(storage, [Batch(1, NOW_NS, [StartDay("day", 20261123)], [events])])
    assert opened(storage).end.next_event_seq == len(events) + 1
