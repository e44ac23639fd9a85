"""Snapshots: the book's image and the replies table at one place of the journal.

    "HOTLSNAP" | version u16 | head_bytes u32 | head (msgpack) | parts ... | BLAKE2b-256 of it all

Written under a temporary name, synced and renamed; the newest two are kept. A snapshot only saves
time: without one the journal is replayed from its start. Not here: when to take one (lifecycle).
"""

import struct
from collections.abc import Iterator
from hashlib import blake2b
from typing import Final, NamedTuple

import msgspec
import numpy as np
import structlog

from gateway.core.replies import RepliesImage
from gateway.journal.segment import UNFINISHED, End
from gateway.journal.storage import Storage
from risk.book.columns import Image, ImageValue

log = structlog.get_logger("journal")

SUFFIX: Final = ".snapshot"
VERSION: Final = 1
KEPT: Final = 2
_MAGIC: Final = b"HOTLSNAP"
_START: Final = struct.Struct("<8sHI")
_DIGEST_BYTES: Final = 32


class Snapshot(NamedTuple):
    """Everything needed to go on from `end` without the journal before it."""

    end: End
    at_ns: int
    fingerprint: bytes
    image: Image
    replies: RepliesImage


class _Part(msgspec.Struct, array_like=True):
    """One value of the image: an array of `dtype`, or bytes when that is empty."""

    name: str
    dtype: str
    size_bytes: int


class _Head(msgspec.Struct, array_like=True):
    """What the parts are and where the journal stood."""

    frame_seq: int
    chain: bytes
    next_event_seq: int
    at_ns: int
    fingerprint: bytes
    numbers: dict[str, int]
    parts: list[_Part]
    replies_bytes: int


_encode: Final = msgspec.msgpack.Encoder().encode
_decode_head: Final = msgspec.msgpack.Decoder(_Head).decode
_decode_replies: Final = msgspec.msgpack.Decoder(RepliesImage).decode


def snapshot_names(storage: Storage) -> list[str]:
    """Return the snapshots, newest first."""
    return [name for name in reversed(storage.names()) if name.endswith(SUFFIX)]


def write_snapshot(storage: Storage, snapshot: Snapshot) -> str:
    """Make a snapshot durable, remove all but the newest KEPT; returns its name.

    Raises OSError; older snapshots are then untouched.
    """
    name = f"{snapshot.end.next_event_seq - 1:020d}{SUFFIX}"
    file = storage.create(name + UNFINISHED)
    digest = blake2b(digest_size=_DIGEST_BYTES)
    for part in _parts(snapshot):
        digest.update(part)
        file.append(part)
    file.append(digest.digest())
    file.sync()
    file.close()
    storage.rename(name + UNFINISHED, name)
    for old in snapshot_names(storage)[KEPT:]:
        storage.remove(old)
    return name


def usable_snapshots(storage: Storage) -> Iterator[Snapshot]:
    """Yield the undamaged snapshots, newest first; a damaged one is logged and passed over."""
    for name in snapshot_names(storage):
        try:
            snapshot = read_snapshot(storage.read(name))
        except ValueError as error:
            log.error("snapshot.damaged", file=name, error=str(error))
        else:
            yield snapshot


def read_snapshot(data: bytes) -> Snapshot:
    """Return the snapshot of a file's bytes. Raises ValueError when it is not whole."""
    body = memoryview(data)[:-_DIGEST_BYTES]
    if len(body) < _START.size:
        raise ValueError(f"the file ends after {len(data)} bytes")
    if blake2b(body, digest_size=_DIGEST_BYTES).digest() != data[-_DIGEST_BYTES:]:
        raise ValueError("the digest does not fit the content")
    magic, version, head_bytes = _START.unpack_from(body)
    if magic != _MAGIC or version != VERSION:
        raise ValueError(f"must be a snapshot of version {VERSION}, was {version}")
    at = _START.size + head_bytes
    head = _decode_head(body[_START.size : at])
    image: Image = dict(head.numbers)
    for part in head.parts:
        value = body[at : at + part.size_bytes]
        at += part.size_bytes
        image[part.name] = np.frombuffer(value, part.dtype) if part.dtype else bytes(value)
    end = End(head.frame_seq, head.chain, head.next_event_seq)
    return Snapshot(end, head.at_ns, head.fingerprint, image, _decode_replies(body[at:]))


def _parts(snapshot: Snapshot) -> Iterator[bytes | memoryview]:
    """Yield the file's content but its digest, large arrays without a copy."""
    replies = _encode(snapshot.replies)
    numbers: dict[str, int] = {}
    parts: list[_Part] = []
    values: list[bytes | memoryview] = []
    for name, value in snapshot.image.items():
        if isinstance(value, int):
            numbers[name] = value
        else:
            raw = _raw(value)
            parts.append(_Part(name, _dtype(value), len(raw)))
            values.append(raw)
    head = _encode(
        _Head(
            *snapshot.end[:2],
            snapshot.end.next_event_seq,
            snapshot.at_ns,
            snapshot.fingerprint,
            numbers,
            parts,
            len(replies),
        )
    )
    yield _START.pack(_MAGIC, VERSION, len(head)) + head
    yield from values
    yield replies


def _raw(value: ImageValue) -> bytes | memoryview:
    if isinstance(value, np.ndarray):
        assert value.ndim == 1, "a column has one dimension"
        return np.ascontiguousarray(value).view(np.uint8).data
    assert isinstance(value, bytes)
    return value


def _dtype(value: ImageValue) -> str:
    return value.dtype.str if isinstance(value, np.ndarray) else ""
