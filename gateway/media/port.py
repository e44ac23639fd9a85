"""What the rest of the gateway knows of media: a link opens legs, a leg plays, sends and reports.

One leg is one party's audio: a UDP socket, G.711 at 8 kHz in 20 ms frames, keys by RFC 4733, by
tones in the sound and by SIP INFO.
`gateway.media.link.HostedMedia` implements it over a worker process or over the reactor itself.
Not here: SDP (gateway.sip) and which prompt is played (gateway.ivr).
"""

import enum
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from risk.domain.errors import TemporaryFailure

if TYPE_CHECKING:  # a media worker reads this module and has no reactor
    from twisted.internet.defer import Deferred

Address = tuple[str, int]


class Codec(enum.IntEnum):
    """G.711 by its static RTP payload type (RFC 3551 §6)."""

    PCMU = 0
    PCMA = 8


class RtpPeer(NamedTuple):
    """Far end of a leg as its SDP says. `event_type` is its payload type of telephone-event.

    Packets go to `host:port` until the first packet arrives; from then on to where that one came
    from, and nobody else is heard (symmetric RTP, RFC 4961) until `Leg.set_peer` names another.
    """

    host: str
    port: int
    codec: Codec = Codec.PCMA
    event_type: int | None = 101


class Clip(NamedTuple):
    """A piece of sound: A-law, 8 kHz, mono. The same `name` always means the same sound."""

    name: str
    alaw: bytes


class Digit(NamedTuple):
    """A key was pressed: one of 0-9 * # A-D. `at_ns` is wall-clock Unix time.

    One press is one event, also when it comes as RFC 4733, as a tone and by SIP INFO at once.
    """

    key: str
    at_ns: int

    def __repr__(self) -> str:
        """Hide the key: it may belong to a PIN and a repr ends up in logs."""
        return f"Digit(key='?', at_ns={self.at_ns})"


class PlayDone(NamedTuple):
    """All of the `play` or `send_digits` with this token has left; a stopped one never tells."""

    token: int


class LostReason(enum.Enum):
    """Why a leg is gone although nobody closed it."""

    WORKER_ENDED = "worker_ended"
    SOCKET_FAILED = "socket_failed"


class MediaLost(NamedTuple):
    """The leg is gone; nothing more will come from it."""

    reason: LostReason


class Heard(NamedTuple):
    """Sound of the far end on its own time line, losses filled with silence. Only when asked."""

    alaw: bytes


class Recorded(NamedTuple):
    """A recording is complete, durable and closed for ever; comes also after the leg's close.

    `ms` is its length and `started_ns` the wall-clock time of its first sample, so that a moment's
    offset in it is the difference. `gap_ms` of it are silence because the disk did not take them
    in time; the file names the places (WAV comment). A leg that is lost tells no `Recorded`:
    `gateway.media.recording_disk.recover_recordings` mends its file.
    """

    path: str
    sha256: str
    ms: int
    started_ns: int
    gap_ms: int = 0


class RecordingFailed(NamedTuple):
    """No recording could be begun at `path`: it exists, or the disk refuses a new file."""

    path: str
    why: str


LegEvent = Digit | PlayDone | MediaLost | Heard | Recorded | RecordingFailed
OnLegEvent = Callable[[LegEvent], None]


class LegFigures(NamedTuple):
    """What went over a leg in its life (RFC 3550 §6.4.1 words)."""

    sent_packets: int = 0
    received_packets: int = 0
    lost_packets: int = 0
    jitter_ms: float = 0.0
    dropped_packets: int = 0  # not RTP, unknown payload type, or oversized
    digit_count: int = 0
    late_frames: int = 0  # left us more than 20 ms after their time
    rtt_ms: float = 0.0  # round trip by the last RTCP report, 0 when none came (RFC 3550 §6.4.1)
    remote_lost: int = 0  # packets of ours that the far end missed, by its last RTCP report


class MediaRefused(TemporaryFailure):
    """No leg could be opened: no free port, leg limit reached, or no worker is running."""

    code = "media.refused"


class Leg(Protocol):
    """One party's audio. Methods of a closed or lost leg do nothing."""

    @property
    def local_address(self) -> Address:
        """Host and UDP port that the far end should send to."""
        ...

    def set_peer(self, peer: RtpPeer) -> None:
        """Take the far end of a new SDP; with another address, latch again on its first packet."""

    def play(self, clips: Sequence[Clip], token: int, *, repeats: bool = False) -> None:
        """Play clips one after the other, after what is still queued; then `PlayDone(token)`.

        With `repeats` they begin again and again until something else is queued behind them
        (then they end after their last clip, and tell) or `stop`.
        """

    def press_by_info(self, key: str) -> None:
        """Take a key that the far end told by SIP INFO; what is no key is ignored.

        A press is told as one `Digit`, however many of the three ways it came.
        """

    def send_digits(self, digits: str, token: int) -> None:
        """Press keys towards the far end, after what is queued; then `PlayDone`.

        They go as RFC 4733 events, or as tones when its SDP takes no events.
        """

    def stop(self) -> None:
        """Forget everything queued, at the next frame."""

    def record(self, path: str) -> None:
        """Write a stereo A-law WAV: left what the far end says, right what it hears.

        Tells `Recorded` when it is complete, after `stop_recording` or `close`, or at once
        `RecordingFailed`. An existing file is never written to. One recording at a time: another
        `record` ends the one before.
        """

    def stop_recording(self) -> None:
        """Complete the recording."""

    def secure(self, is_on: bool, since_ns: int = 0) -> None:
        """While on and until 250 ms after the last sign of a key, hear the far end for keys only.

        Its sound is silence in every recording and towards a bridged leg, and its keys are not
        passed on; `Digit` events still come. The 250 ms before are silenced in the recording too
        (a key may have begun before). `since_ns`, the `Digit.at_ns` of the first key that was
        typed ahead, silences back to that key.
        """

    def bridge(self, other: "Leg") -> None:
        """Let the far ends of both legs hear each other and pass their keys on, until `unbridge`.

        What is played on a leg is heard instead of the other far end. Each leg has one other: an
        earlier bridge of either ends. A recording goes on: its right side is what the far end
        hears. When a leg closes or is lost the other one goes on alone.
        Raises ValueError for a leg of another host: open one of them `beside` the other.
        """

    def unbridge(self) -> None:
        """End the bridge of this leg and its other."""

    def close(self) -> "Deferred[LegFigures]":
        """Close the socket; fires with the leg's figures (zeros if its worker is gone)."""
        ...


class MediaLink(Protocol):
    """Opens legs; survives the loss of its worker."""

    @property
    def is_ready(self) -> bool:
        """True when a leg can be opened now."""
        ...

    @property
    def leg_count(self) -> int:
        """Legs open now."""
        ...

    def start(self) -> "Deferred[None]":
        """Fires when the first leg may be opened. Raises MediaRefused when that cannot be."""
        ...

    def stop(self) -> "Deferred[None]":
        """Close all legs (each is told `MediaLost`) and end the workers."""
        ...

    def open_leg(
        self,
        on_event: OnLegEvent,
        peer: RtpPeer | None = None,
        hear: bool = False,
        beside: Leg | None = None,
    ) -> "Deferred[Leg]":
        """Bind a socket and start its 20 ms clock. Raises MediaRefused.

        Without `peer` nothing is sent until `Leg.set_peer` (an offer before its answer).
        `hear` asks for `Heard` events, for a scripted caller. `beside` names the leg that this one
        is to be bridged with: both live on one host.
        """
        ...
