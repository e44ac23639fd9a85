"""One file of the journal: its name and header, how it is started, scanned and made good at open.

    "HOTLINEJ" | version u16 | first_frame u64 | first_event_seq u64 | chain 16 bytes | crc u32

A segment is started under a temporary name and renamed when its header is durable, so that a
journal file always has a whole header. Not here: appending under load (writer).
"""

import struct
import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec
import structlog

from gateway.journal.codec import StoredBatch
from gateway.journal.errors import JournalCorrupt, JournalTooNew
from gateway.journal.record import FIRST_CHAIN, Frame, read_frames
from gateway.journal.storage import Storage, StoredFile

log = structlog.get_logger("journal")

SUFFIX: Final = ".journal"
UNFINISHED: Final = ".unfinished"
VERSION: Final = 1
_MAGIC: Final = b"HOTLINEJ"
_HEADER: Final = struct.Struct("<8sHQQ16sI")
HEADER_BYTES: Final = _HEADER.size
_CHECKED_BYTES: Final = HEADER_BYTES - 4


class End(NamedTuple):
    """Where the next frame goes: after this frame, with this chain, and this event number next."""

    frame_seq: int
    chain: bytes
    next_event_seq: int


BEGINNING: Final = End(0, FIRST_CHAIN, 1)


class OpenEnd(NamedTuple):
    """The last segment, open for appending."""

    end: End
    file: StoredFile
    size_bytes: int


class Scan:
    """Checks a segment from its first byte to its last whole frame while it is iterated.

    `start` is where the segment starts; `end` and `whole_bytes` are where the last frame yielded
    ends. Raises JournalCorrupt and JournalTooNew, at once or while iterating.
    """

    def __init__(self, name: str, data: bytes) -> None:
        self._name = name
        self._data = data
        self.start = self.end = read_header(name, data)
        self.whole_bytes = HEADER_BYTES

    def __iter__(self) -> Iterator[tuple[Frame, StoredBatch]]:
        """Yield each whole frame with its batch, in order."""
        name, start = self._name, self.start
        for frame in read_frames(name, self._data, HEADER_BYTES, start.frame_seq, start.chain):
            try:
                batch = StoredBatch(frame.payload)
            except msgspec.DecodeError as error:
                raise JournalCorrupt(name, frame.start, f"frame {frame.seq}: {error}") from None
            expected = self.end.next_event_seq
            if batch.first_seq != expected:
                raise JournalCorrupt(
                    name, frame.start, f"event {expected} should follow, was {batch.first_seq}"
                )
            self.end = End(frame.seq, frame.chain, batch.next_seq)
            self.whole_bytes = frame.end
            yield frame, batch


def segment_names(storage: Storage) -> list[str]:
    """Return the journal's files, oldest first."""
    return [name for name in storage.names() if name.endswith(SUFFIX)]


def first_event_seq(name: str) -> int:
    """Return the number of the first event a segment can hold, from its name."""
    digits = name.removesuffix(SUFFIX)
    if not digits.isdigit():
        raise JournalCorrupt(name, 0, "this is no name of a journal file")
    return int(digits)


def start_segment(storage: Storage, end: End) -> OpenEnd:
    """Make the segment that follows `end`, durable with its header."""
    return _write_segment(storage, _name(end), _pack_header(end), end)


def read_header(name: str, data: bytes) -> End:
    """Return where a segment starts. Raises JournalCorrupt, JournalTooNew."""
    if len(data) < HEADER_BYTES:
        raise JournalCorrupt(name, len(data), "the file ends inside its header")
    magic, version, frame_seq, event_seq, chain, crc = _HEADER.unpack_from(data)
    if magic != _MAGIC or zlib.crc32(data[:_CHECKED_BYTES]) != crc:
        raise JournalCorrupt(name, 0, "the header of the file is damaged")
    if version > VERSION:
        raise JournalTooNew(f"{name} has version {version}, this release reads up to {VERSION}")
    if event_seq != first_event_seq(name):
        raise JournalCorrupt(name, 0, f"the file was renamed: it starts with event {event_seq}")
    return End(frame_seq - 1, chain, event_seq)


def open_end(storage: Storage) -> OpenEnd:
    """Make the end of the journal good and open it for appending.

    The last segment is written anew with its whole frames and renamed over the old one. That cuts
    a torn tail, and it makes sure that what is read is on the disk: after a failed sync the
    system may show data from its cache that the disk never got.
    Raises JournalCorrupt for damage that is not a torn tail.
    """
    for name in storage.names():
        if name.endswith(UNFINISHED):
            storage.remove(name)
    names = segment_names(storage)
    if not names:
        return start_segment(storage, BEGINNING)
    name = names[-1]
    data = storage.read(name)
    scanned = Scan(name, data)
    for _ in scanned:
        pass
    if scanned.whole_bytes < len(data):
        log.warning(
            "journal.tail_cut",
            file=name,
            at_byte=scanned.whole_bytes,
            cut_bytes=len(data) - scanned.whole_bytes,
            last_event_seq=scanned.end.next_event_seq - 1,
        )
    return _write_segment(storage, name, data[: scanned.whole_bytes], scanned.end)


def _write_segment(storage: Storage, name: str, data: bytes, end: End) -> OpenEnd:
    file = storage.create(name + UNFINISHED)
    file.append(data)
    file.sync()
    storage.rename(name + UNFINISHED, name)
    return OpenEnd(end, file, len(data))


def _name(end: End) -> str:
    return f"{end.next_event_seq:020d}{SUFFIX}"


def _pack_header(end: End) -> bytes:
    checked = _HEADER.pack(_MAGIC, VERSION, end.frame_seq + 1, end.next_event_seq, end.chain, 0)[
        :_CHECKED_BYTES
    ]
    return checked + zlib.crc32(checked).to_bytes(4, "little")
