"""Length-prefixed frames, sans I/O: four bytes of length, most significant first, then a message.

Not here: what a message means (wire).
"""

import struct
from collections.abc import Iterable
from typing import Final

from risk.domain.errors import PermanentFailure

_LENGTH: Final = struct.Struct("!I")
REQUEST_BYTES_MAX: Final = 16 * 1024  # branch to gateway
ANSWER_BYTES_MAX: Final = 1024 * 1024  # gateway to branch


class WireError(PermanentFailure):
    """The peer does not speak the branch protocol; the connection cannot go on."""

    code = "branch.wire"


class FrameReader:
    """Bytes as they come in, whole messages out."""

    def __init__(self, frame_bytes_max: int) -> None:
        self._frame_bytes_max = frame_bytes_max
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Return the messages that `data` completes.

        Raises WireError for a length above the limit, before anything of it is kept.
        """
        if self._rest:
            data = self._rest + data
        frames: list[bytes] = []
        at = 0
        while len(data) - at >= _LENGTH.size:
            (size,) = _LENGTH.unpack_from(data, at)
            if size > self._frame_bytes_max:
                raise WireError(
                    f"a frame may have {self._frame_bytes_max} bytes, was {size}: send less at once"
                )
            end = at + _LENGTH.size + size
            if end > len(data):
                break
            frames.append(data[at + _LENGTH.size : end])
            at = end
        self._rest = data[at:]
        return frames


def framed(messages: Iterable[bytes]) -> bytes:
    """Return messages as frames, ready for one write."""
    parts: list[bytes] = []
    for message in messages:
        parts += (_LENGTH.pack(len(message)), message)
    return b"".join(parts)
