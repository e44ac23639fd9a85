"""The file port: the real disk and the memory one behave alike."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.journal.memory_storage import MemoryStorage
from gateway.journal.storage import DiskStorage, Storage


@pytest.fixture(params=["disk", "memory"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    """Each implementation of the port, empty."""
    if request.param == "memory":
        return MemoryStorage()
    disk = DiskStorage(tmp_path / "journal")
    disk.lock()
    return disk


def test_a_new_folder_is_empty(storage: Storage) -> None:
    assert storage.names() == []


def test_what_is_appended_is_read_back_in_order(storage: Storage) -> None:
    file = storage.create("a")
    file.append(b"one ")
    file.sync()
    file.append(b"two")
    assert storage.read("a") == b"one two"
    file.close()
    assert storage.names() == ["a"]


def test_create_replaces_what_was_there(storage: Storage) -> None:
    for data in (b"first", b"2"):
        file = storage.create("a")
        file.append(data)
        file.close()
    assert storage.read("a") == b"2"


def test_rename_replaces_and_an_open_file_goes_along(storage: Storage) -> None:
    storage.create("b").close()
    file = storage.create("a")
    file.append(b"one ")
    storage.rename("a", "b")
    file.append(b"two")
    file.close()
    assert storage.names() == ["b"]
    assert storage.read("b") == b"one two"


def test_remove_takes_the_file_away(storage: Storage) -> None:
    storage.create("a").close()
    storage.remove("a")
    assert storage.names() == []


@pytest.mark.parametrize(
    "touch",
    [
        lambda storage: storage.read("none"),
        lambda storage: storage.remove("none"),
        lambda storage: storage.rename("none", "other"),
    ],
)
def test_a_missing_file_is_told(storage: Storage, touch: Callable[[Storage], object]) -> None:
    with pytest.raises(FileNotFoundError):
        touch(storage)
