"""A journal file of version 1, written once and kept: every later release must read it.

The file holds one command and one event of every type of that release. To add a file for a new
version: `python -m tests.unit.gateway.journal.test_golden <version>`; never rewrite an old one.
"""

import json
import sys
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest

from gateway.core.ports import Batch
from gateway.journal.memory_storage import MemoryStorage
from gateway.journal.reader import batches_after
from gateway.journal.segment import open_end, segment_names
from gateway.journal.writer import GroupWriter
from risk.domain.commands import COMMAND_TYPES
from risk.domain.events import EVENT_TYPES, CashMoved
from tests.builders.journal import commit, read
from tests.unit.gateway.journal.test_codec import filled

FOLDER = Path(__file__).parents[3] / "data" / "journal"


def as_json(value: Any) -> Any:
    """Return a command or event as JSON values: its type's name and its fields."""
    fields = [field.hex() if isinstance(field, bytes) else field for field in value]
    return [type(value).__name__, *json.loads(json.dumps(fields))]


def as_expected(batches: list[Batch]) -> list[Any]:
    """Return batches as the expectation file holds them."""
    return [
        {
            "first_seq": batch.first_seq,
            "at_ns": batch.at_ns,
            "commands": [as_json(command) for command in batch.commands],
            "events": [[as_json(event) for event in caused] for caused in batch.events],
        }
        for batch in batches
    ]


def without_later_fields(found: Any, expected: Any) -> Any:
    """Cut the fields that a later release added at the end of a command or event."""
    if isinstance(expected, list) and isinstance(found, list):
        is_value = bool(expected) and isinstance(expected[0], str)
        kept = found[: len(expected)] if is_value else found
        return [without_later_fields(a, b) for a, b in zip_longest(kept, expected)]
    if isinstance(expected, dict):
        return {key: without_later_fields(found[key], expected[key]) for key in expected}
    return found


@pytest.mark.parametrize("version", [1])
def test_a_journal_of_each_released_version_is_read(version: int) -> None:
    storage = MemoryStorage()
    for file in (FOLDER / f"v{version}").glob("*.journal"):
        storage.put(file.name, file.read_bytes())
    expected = json.loads((FOLDER / f"v{version}" / "expected.json").read_text())
    found = as_expected(read(storage))
    assert without_later_fields(found, expected) == expected
    assert {kind for batch in found for kind, *_ in batch["commands"]} >= {"SubmitOrder"}
    (*_, (last, _)) = batches_after(storage)
    assert last.chain.hex() == json.loads((FOLDER / f"v{version}" / "chain.json").read_text())


def _write_golden(version: int) -> None:
    """Write the files of a new version."""
    folder = FOLDER / f"v{version}"
    folder.mkdir(parents=True)
    storage = MemoryStorage()
    writer = GroupWriter(storage, open_end(storage), 2_000)
    moved = CashMoved(1, "10000001", 5, "")
    seq = 1
    for command in map(filled, COMMAND_TYPES.values()):
        commit(writer, [Batch(seq, seq * 10, [command], [[moved]])])
        seq += 1
    events = [filled(kind) for kind in EVENT_TYPES.values()]
    commands = [filled(COMMAND_TYPES[6]), filled(COMMAND_TYPES[3])]
    commit(writer, [Batch(seq, seq * 10, commands, [events[:9], events[9:]])])
    for name in segment_names(storage):
        (folder / name).write_bytes(storage.read(name))
    (folder / "expected.json").write_text(json.dumps(as_expected(read(storage)), indent=1))
    (folder / "chain.json").write_text(json.dumps(writer.end.chain.hex()))


if __name__ == "__main__":
    _write_golden(int(sys.argv[1]))
