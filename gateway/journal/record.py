"""One frame: how a payload lies in a journal file, with its checksums and its place in the chain.

    payload_bytes u32 | frame_seq u64 | chain 16 bytes | payload_crc u32 | header_crc u32 | payload

Little-endian. `chain` is BLAKE2b-128 of the previous frame's chain and this payload: whoever keeps
one chain value elsewhere can prove that no earlier byte was changed, added or taken away.
The header has its own checksum: without it a flipped bit in the length would look like a torn
tail and hide every later frame. Not here: files (segment) and what a payload means (codec).
"""

import struct
import zlib
from collections.abc import Iterator
from hashlib import blake2b
from typing import Final, NamedTuple

from gateway.journal.errors import JournalCorrupt

HEADER: Final = struct.Struct("<IQ16sII")
_CHECKED_BYTES: Final = HEADER.size - 4
CHAIN_BYTES: Final = 16
FIRST_CHAIN: Final = bytes(CHAIN_BYTES)
PAYLOAD_BYTES_MAX: Final = 1024 * 1024 * 1024  # a new day may end millions of orders at once


class Frame(NamedTuple):
    """One whole frame; `end` is the byte after it in its file."""

    seq: int
    chain: bytes
    payload: memoryview
    start: int
    end: int


def next_chain(chain: bytes, payload: bytes | memoryview) -> bytes:
    """Return the chain value of the frame that holds `payload` after the one with `chain`."""
    digest = blake2b(chain, digest_size=CHAIN_BYTES)
    digest.update(payload)
    return digest.digest()


def write_frame(seq: int, chain: bytes, payload: bytes) -> bytes:
    """Return the frame of `payload`; `chain` is its own (next_chain of the one before)."""
    assert len(payload) <= PAYLOAD_BYTES_MAX, f"payload of {len(payload)} bytes"
    checked = HEADER.pack(len(payload), seq, chain, zlib.crc32(payload), 0)[:_CHECKED_BYTES]
    return b"".join((checked, zlib.crc32(checked).to_bytes(4, "little"), payload))


def read_frames(name: str, data: bytes, at: int, seq: int, chain: bytes) -> Iterator[Frame]:
    """Yield the whole frames of `data` from byte `at`, after frame `seq` with its `chain`.

    Ends quietly at a torn tail (the data ends inside a frame, or only zeros follow, which is what
    some file systems leave of a lost write): the caller compares the last `end` with the length.
    Raises JournalCorrupt for any other damage.
    """
    view = memoryview(data)
    while len(data) - at >= HEADER.size:
        size, found_seq, found_chain, payload_crc, header_crc = HEADER.unpack_from(data, at)
        if zlib.crc32(view[at : at + _CHECKED_BYTES]) != header_crc:
            if not any(view[at:]):
                return
            raise JournalCorrupt(name, at, f"the header of frame {seq + 1} is damaged")
        if found_seq != seq + 1:
            raise JournalCorrupt(name, at, f"frame {seq + 1} should be here, was {found_seq}")
        start = at + HEADER.size
        end = start + size
        if end > len(data):
            return
        payload = view[start:end]
        if zlib.crc32(payload) != payload_crc:
            raise JournalCorrupt(name, start, f"the payload of frame {seq + 1} is damaged")
        if next_chain(chain, payload) != found_chain:
            raise JournalCorrupt(name, at, f"frame {seq + 1} does not follow its predecessor")
        yield Frame(found_seq, found_chain, payload, at, end)
        seq, chain, at = found_seq, found_chain, end
