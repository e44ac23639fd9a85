"""The disk: its lock, and what it says when it is full. Everything else is in the contract."""

import errno
from pathlib import Path

import pytest

from gateway.journal.errors import JournalBusy
from gateway.journal.storage import DiskFile, DiskStorage


def test_a_folder_has_one_writer(tmp_path: Path) -> None:
    first, second = DiskStorage(tmp_path / "journal"), DiskStorage(tmp_path / "journal")
    first.lock()
    with pytest.raises(JournalBusy, match="stop it, or choose another data folder"):
        second.lock()
    first.unlock()
    second.lock()
    second.unlock()


def test_a_folder_can_be_read_while_another_writes(tmp_path: Path) -> None:
    writer, reader = DiskStorage(tmp_path), DiskStorage(tmp_path)
    writer.lock()
    file = writer.create("a")
    file.append(b"one")
    assert (reader.names(), reader.read("a")) == (["a"], b"one")
    file.close()
    writer.unlock()


def test_a_full_disk_is_an_error_of_the_append() -> None:
    file = DiskFile(Path("/dev/full"))
    with pytest.raises(OSError, match="No space left") as told:
        file.append(b"frame")
    assert told.value.errno == errno.ENOSPC
    file.close()


def test_files_are_not_for_everybody(tmp_path: Path) -> None:
    storage = DiskStorage(tmp_path)
    storage.create("a").close()
    assert (tmp_path / "a").stat().st_mode & 0o007 == 0
