"""Control messages between the gateway's reactor and a media worker, and their framing.

A frame is a 4-byte length and one msgpack message; both ends run the same release, so the format
has no versions. The in-process link passes the same messages without encoding them.
Not here: sockets.
"""

import struct
from typing import Final

import msgspec

from gateway.media.keys import KeySource
from gateway.media.port import LegFigures
from risk.domain.errors import PermanentFailure

FRAME_BYTES_MAX: Final = 16 * 1024 * 1024  # the longest clip is minutes; 8 kB is one second
_LENGTH: Final = struct.Struct("!I")


class WireBroken(PermanentFailure):
    """The far end sent what is no frame of ours."""

    code = "media.wire_broken"


class _Message(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A control message; the class name is its tag."""


class OpenLeg(_Message, frozen=True, tag=True):
    """Bind a socket for a leg."""

    leg_no: int
    hear: bool


class SetPeer(_Message, frozen=True, tag=True):
    """Send to this address, in this format, and latch anew."""

    leg_no: int
    host: str
    port: int
    codec: int
    event_type: int | None


class LoadClip(_Message, frozen=True, tag=True):
    """Keep a clip under its name."""

    name: str
    alaw: bytes


class ForgetClip(_Message, frozen=True, tag=True):
    """Drop a clip."""

    name: str


class Play(_Message, frozen=True, tag=True):
    """Queue loaded clips by name."""

    leg_no: int
    names: list[str]
    token: int
    repeats: bool


class SendDigits(_Message, frozen=True, tag=True):
    """Queue key presses towards the far end."""

    leg_no: int
    digits: str
    token: int

    def __repr__(self) -> str:
        """Hide the digits."""
        return f"SendDigits(leg_no={self.leg_no}, token={self.token})"


class InfoKey(_Message, frozen=True, tag=True):
    """A key of the far end that came by SIP INFO."""

    leg_no: int
    key: str

    def __repr__(self) -> str:
        """Hide the key."""
        return f"InfoKey(leg_no={self.leg_no})"


class Record(_Message, frozen=True, tag=True):
    """Begin a recording."""

    leg_no: int
    path: str


class StopRecording(_Message, frozen=True, tag=True):
    """Complete the recording."""

    leg_no: int


class Secure(_Message, frozen=True, tag=True):
    """Silence the far end for everybody but the key receivers, or no longer."""

    leg_no: int
    is_on: bool
    since_ns: int


class Bridge(_Message, frozen=True, tag=True):
    """Let two legs hear each other."""

    leg_no: int
    other_no: int


class Unbridge(_Message, frozen=True, tag=True):
    """End the bridge of a leg."""

    leg_no: int


class StopPlay(_Message, frozen=True, tag=True):
    """Empty the queue."""

    leg_no: int


class CloseLeg(_Message, frozen=True, tag=True):
    """Close the socket."""

    leg_no: int


class LegOpened(_Message, frozen=True, tag=True):
    """The socket is bound here."""

    leg_no: int
    host: str
    port: int


class LegRefused(_Message, frozen=True, tag=True):
    """No socket could be bound."""

    leg_no: int
    why: str


class KeyPressed(_Message, frozen=True, tag=True):
    """A key arrived on a leg."""

    leg_no: int
    key: str
    at_ns: int
    source: KeySource

    def __repr__(self) -> str:
        """Hide the key."""
        return f"KeyPressed(leg_no={self.leg_no})"


class Played(_Message, frozen=True, tag=True):
    """Everything of this token has left."""

    leg_no: int
    token: int


class SoundHeard(_Message, frozen=True, tag=True):
    """Sound of the far end."""

    leg_no: int
    alaw: bytes


class RecordingDone(_Message, frozen=True, tag=True):
    """A recording is complete; see `gateway.media.port.Recorded`."""

    leg_no: int
    path: str
    sha256: str
    ms: int
    started_ns: int
    gap_ms: int


class RecordingRefused(_Message, frozen=True, tag=True):
    """No recording could be begun."""

    leg_no: int
    path: str
    why: str


class LegFailed(_Message, frozen=True, tag=True):
    """The leg's socket failed and is closed."""

    leg_no: int


class LegClosed(_Message, frozen=True, tag=True):
    """Answer to CloseLeg."""

    leg_no: int
    figures: LegFigures


class Beat(_Message, frozen=True, tag=True):
    """Sent every second: the host turns, and how late frames left since the last beat.

    `late_counts[i]` counts the frames that fell into bucket i of
    `gateway.media.bank.LATE_BUCKETS_S`; the last one counts what is above all of them.
    """

    leg_count: int
    late_counts: list[int]


LegRequest = (
    SetPeer
    | Play
    | SendDigits
    | InfoKey
    | StopPlay
    | Record
    | StopRecording
    | Secure
    | Bridge
    | Unbridge
    | CloseLeg
)
Request = OpenLeg | LoadClip | ForgetClip | LegRequest
RecordingReport = RecordingDone | RecordingRefused
LegReport = (
    LegOpened
    | LegRefused
    | KeyPressed
    | Played
    | SoundHeard
    | RecordingReport
    | LegFailed
    | LegClosed
)
Report = LegReport | Beat

_encode = msgspec.msgpack.Encoder().encode
_decode_request = msgspec.msgpack.Decoder(Request).decode
_decode_report = msgspec.msgpack.Decoder(Report).decode


def frame_of(body: bytes) -> bytes:
    """Return a body as one frame."""
    return _LENGTH.pack(len(body)) + body


def frame(message: Request | Report) -> bytes:
    """Return the message as one frame."""
    return frame_of(_encode(message))


class FrameReader:
    """Cuts a byte stream into frame bodies."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Return the bodies that `data` completes. Raises WireBroken above FRAME_BYTES_MAX."""
        self._buffer += data
        bodies: list[bytes] = []
        while len(self._buffer) >= _LENGTH.size:
            (size,) = _LENGTH.unpack_from(self._buffer)
            if size > FRAME_BYTES_MAX:
                raise WireBroken(f"frame may have {FRAME_BYTES_MAX} bytes, was {size}")
            end = _LENGTH.size + size
            if len(self._buffer) < end:
                break
            bodies.append(bytes(self._buffer[_LENGTH.size : end]))
            del self._buffer[:end]
        return bodies


def read_request(body: bytes) -> Request:
    """Return the request of a frame body. Raises WireBroken."""
    try:
        request: Request = _decode_request(body)
    except msgspec.DecodeError as e:
        raise WireBroken(f"not a request of this release: {e}") from e
    return request


def read_report(body: bytes) -> Report:
    """Return the report of a frame body. Raises WireBroken."""
    try:
        report: Report = _decode_report(body)
    except msgspec.DecodeError as e:
        raise WireBroken(f"not a report of this release: {e}") from e
    return report
