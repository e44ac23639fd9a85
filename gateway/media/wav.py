"""The file of a call's recording: WAVE, stereo, A-law at 8 kHz (format 6), written as it grows.

The header says when the first sample was; while the file grows its sizes say "open". Places that
the disk did not take in time are named in a comment at the end. Bytes only, as every WAV program
reads them (sox plays it; the standard library's `wave` knows no A-law).
Not here: disks (gateway.media.recording_disk) and prompts (gateway.media.sound).
"""

import struct
from collections.abc import Sequence
from typing import Final, NamedTuple

from gateway.media.rtp import SAMPLE_RATE
from risk.domain.errors import PermanentFailure

BYTES_PER_SAMPLE: Final = 2  # one of each side
BYTES_PER_MS: Final = BYTES_PER_SAMPLE * SAMPLE_RATE // 1000
_ALAW: Final = 6
_STAMP: Final = "started {:020d} ns"
_RIFF: Final = struct.Struct("<4sI4s")
_CHUNK: Final = struct.Struct("<4sI")
_FORMAT: Final = struct.Struct("<4sIHHIIHHH")
_FACT: Final = struct.Struct("<4sII")
_STAMP_CHUNK_AT: Final = _RIFF.size + _FORMAT.size + _FACT.size
_STAMP_AT: Final = _STAMP_CHUNK_AT + 20  # after LIST, its size, INFO, ICMT and its size


class NoRecording(PermanentFailure):
    """A file is no recording of ours."""

    code = "media.no_recording"


class Gap(NamedTuple):
    """A part of a recording that is silence because the disk did not take it."""

    start_ms: int
    end_ms: int


def _listed(kind: bytes, text: bytes) -> bytes:
    padded = text + b"\0" * (2 - len(text) % 2)
    body = b"INFO" + _CHUNK.pack(kind, len(padded)) + padded
    return _CHUNK.pack(b"LIST", len(body)) + body


def header(started_ns: int, data_bytes: int | None = None, tail_bytes: int = 0) -> bytes:
    """Return the first HEADER_BYTES of a file; without sizes it says "open"."""
    riff_bytes = 0 if data_bytes is None else HEADER_BYTES - 8 + data_bytes + tail_bytes
    data_bytes = data_bytes or 0
    return b"".join(
        (
            _RIFF.pack(b"RIFF", riff_bytes, b"WAVE"),
            _FORMAT.pack(
                *(b"fmt ", 18, _ALAW, 2, SAMPLE_RATE, 2 * SAMPLE_RATE, BYTES_PER_SAMPLE, 8, 0)
            ),
            _FACT.pack(b"fact", 4, data_bytes // BYTES_PER_SAMPLE),
            _listed(b"ICMT", _STAMP.format(started_ns).encode()),
            _CHUNK.pack(b"data", data_bytes),
        )
    )


HEADER_BYTES: Final = len(header(0))


def tail(gaps: Sequence[Gap]) -> bytes:
    """Return what follows the sound: the gaps as a comment, nothing when there are none."""
    if not gaps:
        return b""
    named = ", ".join(f"{gap.start_ms}-{gap.end_ms} ms" for gap in gaps)
    return _listed(b"ISBJ", f"missing: {named}".encode())


class Header(NamedTuple):
    """What a file's head says; an open file has no size yet."""

    started_ns: int
    is_open: bool
    data_bytes: int


def read_header(head: bytes) -> Header:
    """Return the header of a file. Raises NoRecording."""
    blank = header(0)
    if len(head) < HEADER_BYTES or not _is_alike(head, blank):
        raise NoRecording("a recording begins with our WAV header, this file does not")
    stamp = head[_STAMP_AT : HEADER_BYTES - _CHUNK.size].rstrip(b"\0").split()
    if len(stamp) != 3 or not stamp[1].isdigit():
        raise NoRecording("the time of the first sample is not readable")
    riff_bytes = int.from_bytes(head[4:8], "little")
    data_bytes = int.from_bytes(head[HEADER_BYTES - 4 : HEADER_BYTES], "little")
    return Header(int(stamp[1]), riff_bytes == 0, data_bytes)


def _is_alike(head: bytes, blank: bytes) -> bool:
    """True when both agree where no size and no time stands."""
    fixed = (slice(0, 4), slice(8, _STAMP_CHUNK_AT - 4), slice(_STAMP_CHUNK_AT, _STAMP_AT))
    return all(head[part] == blank[part] for part in fixed)
