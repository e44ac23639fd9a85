"""Messages in a stream of bytes, cut at their Content-Length, sans I/O (RFC 3261 §18.3).

A length that cannot be read ends the stream: what follows it can no longer be told apart.
Not here: sockets and time-outs (gateway.sip.transport_stream).
"""

import re
from typing import Final

from gateway.sip.message import MESSAGE_BYTES_MAX

PING: Final = b"\r\n\r\n"  # keep-alive of RFC 5626 §4.4.1, answered by PONG
PONG: Final = b"\r\n"

_LENGTH = re.compile(rb"\r\n(?:content-length|l)[ \t]*:[ \t\r\n]*([0-9]{1,9})[ \t]*\r\n", re.I)
_ANY_LENGTH = re.compile(rb"\r\n(?:content-length|l)[ \t]*:", re.I)


class FrameReader:
    """Collects bytes; `feed` returns the messages they complete.

    `is_lost` is set with the last message that could still be cut off: it has no length of use,
    its answer says so, and the connection is to be closed behind that.
    """

    def __init__(self) -> None:
        self.is_lost = False
        self.is_oversized = False
        self.pings = 0
        self._buffer = bytearray()
        self._searched = 0

    @property
    def is_amid(self) -> bool:
        """True while a message has begun and not ended."""
        return bool(self._buffer.strip(PONG))

    def feed(self, data: bytes) -> list[bytes]:
        """Return whole messages, in their order; nothing any more once `is_lost`."""
        messages: list[bytes] = []
        self._buffer += data
        while not self.is_lost:
            self._skip_blank_lines()
            message = self._next()
            if message is None:
                break
            messages.append(message)
        return messages

    def _skip_blank_lines(self) -> None:
        buffer = self._buffer
        while buffer.startswith(PING):
            self.pings += 1
            del buffer[: len(PING)]
            self._searched = 0
        if buffer.startswith(PONG) and len(buffer) > len(PONG) and buffer[2:3] != b"\r":
            del buffer[: len(PONG)]
            self._searched = 0

    def _next(self) -> bytes | None:
        buffer = self._buffer
        end = buffer.find(b"\r\n\r\n", self._searched)
        if end < 0:
            self._searched = max(0, len(buffer) - 3)
            if len(buffer) > MESSAGE_BYTES_MAX:
                self.is_lost = self.is_oversized = True
                buffer.clear()
            return None
        size = end + 4
        head = bytes(buffer[:size])
        found = _LENGTH.findall(head)
        if len(found) != 1 or len(_ANY_LENGTH.findall(head)) != 1:
            return self._last(head)
        size += int(found[0])
        if size > MESSAGE_BYTES_MAX:
            return self._last(head)
        if len(buffer) < size:
            self._searched = end
            return None
        message = bytes(buffer[:size])
        del buffer[:size]
        self._searched = 0
        return message

    def _last(self, head: bytes) -> bytes:
        self.is_lost = True
        self._buffer.clear()
        return head
