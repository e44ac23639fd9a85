"""Crash anywhere, damage anything, fail any call: recover, go on writing, and crash again.

The oracle is a list: what was acknowledged must be there, what is there must be a beginning of what
was written.
"""

import errno
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.ports import Batch
from gateway.journal.errors import JournalCorrupt
from gateway.journal.memory_storage import MemoryStorage
from gateway.journal.segment import HEADER_BYTES, segment_names
from tests.builders.journal import a_batch, batches, commit, opened, read, write


def next_batch(held: list[Batch]) -> Batch:
    """Return the batch that follows."""
    return a_batch(held[-1].next_seq if held else 1)


def damage_told(storage: MemoryStorage) -> str | None:
    """Open and read everything; return the file that is called damaged, None when none is."""
    try:
        opened(storage)
        read(storage)
    except JournalCorrupt as told:
        return told.name
    return None


def test_a_file_cut_at_every_byte_recovers_goes_on_and_recovers_again() -> None:
    whole = MemoryStorage()
    write(whole, batches(3), segment_bytes=100_000)
    (name,) = segment_names(whole)
    data, made = whole.read(name), read(whole)
    for size in range(HEADER_BYTES, len(data)):
        storage = MemoryStorage()
        storage.put(name, data[:size])
        opened(storage)
        held = read(storage)
        assert held == made[: len(held)]
        write(storage, [next_batch(held)])
        again = read(storage)
        assert again == [*held, next_batch(held)]
        newest = segment_names(storage)[-1]
        storage.put(newest, storage.read(newest)[:-1])
        opened(storage)
        assert read(storage) == held


def test_a_flipped_bit_anywhere_is_told_or_was_in_a_torn_tail() -> None:
    whole = MemoryStorage()
    write(whole, batches(4), segment_bytes=500)
    made, names = read(whole), segment_names(whole)
    assert len(names) > 1
    for name in names:
        data = whole.read(name)
        for at in range(len(data)):
            storage = MemoryStorage()
            for other in names:
                storage.put(other, whole.read(other))
            storage.put(name, data[:at] + bytes([data[at] ^ (1 << at % 8)]) + data[at + 1 :])
            assert damage_told(storage) == name
    assert read(whole) == made


def test_a_flipped_bit_in_a_torn_tail_is_cut_away_or_told() -> None:
    whole = MemoryStorage()
    write(whole, batches(2), segment_bytes=100_000)
    (name,) = segment_names(whole)
    data, made = whole.read(name)[:-7], read(whole)
    for at in range(HEADER_BYTES, len(data)):
        storage = MemoryStorage()
        storage.put(name, data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        if damage_told(storage) is None:
            assert read(storage) == made[:1]


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("is_for_ever", [False, True])
def test_any_call_may_fail_and_no_acknowledged_batch_is_lost(error: int, is_for_ever: bool) -> None:
    """Fail the 1st, 2nd, ... n-th call, once or for ever, until a whole run passes."""
    made = batches(8)
    failed_call, is_done = 0, False
    while not is_done:
        failed_call += 1
        storage = MemoryStorage(_fails_at(failed_call, error, is_for_ever))
        acknowledged = 0
        try:
            writer = opened(storage)
            for batch in made:
                commit(writer, [batch])
                acknowledged += 1
            is_done = True
        except OSError:
            pass
        for kept_part in (0.0, 0.5, 1.0):
            left = storage.after_power_cut(
                lambda name, synced, written, part=kept_part: (
                    synced + int((written - synced) * part)
                )
            )
            opened(left)
            held = read(left)
            assert held == made[: len(held)]
            assert len(held) >= acknowledged
            write(left, [next_batch(held)])
            assert read(left) == [*held, next_batch(held)]
    assert failed_call > 20


def _fails_at(failed_call: int, error: int, is_for_ever: bool) -> Callable[[int, str], int]:
    def fails(call_no: int, operation: str) -> int:
        is_due = call_no >= failed_call if is_for_ever else call_no == failed_call
        return error if is_due else 0

    return fails


@settings(max_examples=60, deadline=None)
@given(
    groups=st.lists(st.integers(1, 4), min_size=1, max_size=8),
    crashes=st.lists(st.floats(0, 1), min_size=1, max_size=4),
    segment_bytes=st.integers(100, 3_000),
)
def test_any_history_of_groups_and_power_cuts_reads_as_one_journal(
    groups: list[int], crashes: list[float], segment_bytes: int
) -> None:
    is_dying: list[bool] = []

    def fails(call_no: int, operation: str) -> int:
        return errno.EIO if is_dying and operation == "sync" else 0

    storage = MemoryStorage(fails)
    acknowledged: list[Batch] = []
    for kept_part in crashes:
        writer = opened(storage, segment_bytes)
        held = read(storage)
        assert held[: len(acknowledged)] == acknowledged
        for count in groups:
            group = batches(count, writer.end.next_event_seq)
            commit(writer, group)
            held += group
        acknowledged = held
        is_dying.append(True)
        lost = batches(2, writer.end.next_event_seq)
        with pytest.raises(OSError, match="Input/output"):
            commit(writer, lost)
        is_dying.clear()
        storage = storage.after_power_cut(
            lambda name, synced, size, part=kept_part: synced + int((size - synced) * part), fails
        )
    opened(storage, segment_bytes)
    held = read(storage)
    assert held[: len(acknowledged)] == acknowledged
    assert held[len(acknowledged) :] == lost[: len(held) - len(acknowledged)]
