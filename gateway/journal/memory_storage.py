"""The file port in memory, with every fault of a disk: for tests and simulation.

A file keeps how much of it was synced; `after_power_cut` returns the folder as a disk may show it
afterwards. Any call can be made to fail, also after a part of the data was written.
Not here: latency.
"""

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass, field

Fails = Callable[[int, str], int]


def no_fault(call_no: int, operation: str) -> int:
    """Let every call succeed."""
    return 0


@dataclass
class _Content:
    data: bytearray = field(default_factory=bytearray)
    synced_bytes: int = 0


class MemoryFile:
    """A file of MemoryStorage, open for appending."""

    def __init__(self, storage: "MemoryStorage", content: _Content) -> None:
        self._storage = storage
        self._content = content

    def append(self, data: bytes | memoryview) -> None:
        """Add `data`; a failing call leaves the first half of it."""
        try:
            self._storage.count_call("append")
        except OSError:
            self._content.data += data[: len(data) // 2]
            raise
        self._content.data += data

    def sync(self) -> None:
        """What is there now survives a power cut."""
        self._storage.count_call("sync")
        self._content.synced_bytes = len(self._content.data)

    def close(self) -> None:
        """Nothing to give back."""


class MemoryStorage:
    """A folder in memory.

    `fails(call_no, operation)` returns the errno with which a call fails, or 0; calls are counted
    from 1 over the life of the storage.
    """

    def __init__(self, fails: Fails = no_fault) -> None:
        self.call_count = 0
        self._fails = fails
        self._files: dict[str, _Content] = {}

    def count_call(self, operation: str) -> None:
        """Count a call and let it fail when it is its turn."""
        self.call_count += 1
        error = self._fails(self.call_count, operation)
        if error:
            raise OSError(error, os.strerror(error))

    def after_power_cut(
        self, kept_bytes: Callable[[str, int, int], int], fails: Fails = no_fault
    ) -> "MemoryStorage":
        """Return a storage with what the disk kept.

        `kept_bytes(name, synced_bytes, written_bytes)` says how much of a file is left, from
        synced_bytes to written_bytes.
        """
        later = MemoryStorage(fails)
        for name, content in self._files.items():
            kept = kept_bytes(name, content.synced_bytes, len(content.data))
            assert content.synced_bytes <= kept <= len(content.data)
            later.put(name, bytes(content.data[:kept]))
        return later

    def put(self, name: str, data: bytes) -> None:
        """Place a file as if it had always been there."""
        self._files[name] = _Content(bytearray(data), len(data))

    def names(self) -> list[str]:
        """Return the names of all files, sorted."""
        return sorted(self._files)

    def read(self, name: str) -> bytes:
        """Return a whole file."""
        self.count_call("read")
        return bytes(self._file(name).data)

    def create(self, name: str) -> MemoryFile:
        """Make an empty file, replacing one of that name."""
        self.count_call("create")
        self._files[name] = _Content()
        return MemoryFile(self, self._files[name])

    def rename(self, name: str, new_name: str) -> None:
        """Rename atomically, replacing."""
        self.count_call("rename")
        self._files[new_name] = self._file(name)
        del self._files[name]

    def remove(self, name: str) -> None:
        """Delete a file."""
        self.count_call("remove")
        self._file(name)
        del self._files[name]

    def _file(self, name: str) -> _Content:
        if name not in self._files:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
        return self._files[name]
