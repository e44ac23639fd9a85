"""The file port of journal and snapshots, and its implementation on a local disk.

The port is small so that the in-memory one (memory_storage) can stand in for every fault of a
disk. All calls block; they are made at start, at stop and by the journal's writer thread.
Not here: what the files hold.
"""

import fcntl
import os
from pathlib import Path
from typing import Protocol

from gateway.journal.errors import JournalBusy

LOCK_NAME = "lock"


class StoredFile(Protocol):
    """A file open for appending."""

    def append(self, data: bytes | memoryview) -> None:
        """Add all of `data` at the end, or raise OSError (some of it may then be there)."""

    def sync(self) -> None:
        """Return when everything appended survives a power cut, or raise OSError."""

    def close(self) -> None:
        """Give the file back; syncs nothing."""


class Storage(Protocol):
    """One flat folder of files."""

    def names(self) -> list[str]:
        """Return the names of all files, sorted."""

    def read(self, name: str) -> bytes:
        """Return a whole file."""

    def create(self, name: str) -> StoredFile:
        """Make an empty file, replacing one of that name."""

    def rename(self, name: str, new_name: str) -> None:
        """Rename atomically, replacing; durable when it returns."""

    def remove(self, name: str) -> None:
        """Delete a file."""


class DiskFile:
    """A new, empty file of the local disk."""

    def __init__(self, path: Path) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        self._fd = os.open(path, flags, 0o640)

    def append(self, data: bytes | memoryview) -> None:
        """Write all of `data`; a disk that fills up half-way raises at the second write."""
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._fd, rest) :]

    def sync(self) -> None:
        """`fdatasync`: the data and the file's new length."""
        os.fdatasync(self._fd)

    def close(self) -> None:
        """Close the descriptor."""
        os.close(self._fd)


class DiskStorage:
    """A folder of the local disk. Reading needs no lock; who writes calls `lock` first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock_fd: int | None = None

    def lock(self) -> None:
        """Make the folder and become its only writer until the process ends.

        Raises JournalBusy when another process is it.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        fd = os.open(self._folder / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            raise JournalBusy(
                f"{self._folder} is in use by another gateway: stop it, or choose another data "
                "folder"
            ) from None
        self._lock_fd = fd

    def unlock(self) -> None:
        """Let another process write."""
        if self._lock_fd is not None:
            os.close(self._lock_fd)
            self._lock_fd = None

    def names(self) -> list[str]:
        """Return the names of the folder's files; none when there is no folder yet."""
        if not self._folder.is_dir():
            return []
        return sorted(
            path.name
            for path in self._folder.iterdir()
            if path.is_file() and path.name != LOCK_NAME
        )

    def read(self, name: str) -> bytes:
        """Return a whole file."""
        return (self._folder / name).read_bytes()

    def create(self, name: str) -> DiskFile:
        """Make an empty file, replacing one of that name."""
        return DiskFile(self._folder / name)

    def rename(self, name: str, new_name: str) -> None:
        """Rename, then sync the folder: without that a power cut may undo the rename."""
        os.replace(self._folder / name, self._folder / new_name)
        fd = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def remove(self, name: str) -> None:
        """Delete a file; whether that survives a power cut does not matter to its callers."""
        (self._folder / name).unlink()
