"""Session descriptions: offer and answer of one G.711 audio stream with telephone-event.

What is offered besides the audio stream is answered with port 0, in place (RFC 3264 §6).
Not here: who sends RTP (gateway.media). RFC 8866, RFC 3264, RFC 4733 §2.4.
"""

import enum
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from gateway.media.port import Codec, RtpPeer
from gateway.sip.errors import SdpError, shown
from gateway.sip.uri import ipv4_of

SDP_BYTES_MAX: Final = 8 * 1024
LINES_MAX: Final = 256
MEDIA_MAX: Final = 16
PTIME_MS: Final = 20
EVENT_TYPE_DEFAULT: Final = 101
EVENTS: Final = "0-15"  # 0-9 * # A-D
AUDIO_PROFILE: Final = "RTP/AVP"
CONTENT_TYPE: Final = "application/sdp"
NOWHERE: Final = "0.0.0.0"
MULTICAST_FIRST: Final = 224  # first octet of what is no address of one host

_MEDIA = re.compile(r"([A-Za-z0-9.!%*_+'~-]+) ([0-9]{1,5})(?:/[0-9]+)? (\S+)((?: \S+)*)")
_RTPMAP = re.compile(r"([0-9]{1,3}) ([^/ ]+)/([0-9]+)(?:/1)?\s*")
_ORIGIN = re.compile(r"(\S+) (\S+) ([0-9]{1,20}) IN (IP4|IP6) (\S+)")


class Direction(enum.Enum):
    """Who sends, seen from the one who wrote the description."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @property
    def mirrored(self) -> "Direction":
        """What the other side says to it."""
        return _MIRROR.get(self, self)

    @property
    def is_sent(self) -> bool:
        """True when the writer sends."""
        return self in (Direction.SENDRECV, Direction.SENDONLY)

    def without_receiving(self) -> "Direction":
        """Return what is left when the writer wants to hear nothing: it holds the other side."""
        return Direction.SENDONLY if self.is_sent else Direction.INACTIVE


_MIRROR: Final = {
    Direction.SENDONLY: Direction.RECVONLY,
    Direction.RECVONLY: Direction.SENDONLY,
}


@dataclass(frozen=True, slots=True)
class Stream:
    """One m= line with the attributes that we read."""

    kind: str
    port: int
    profile: str
    formats: tuple[str, ...]
    address: str = ""  # its own c= line, "" when the description's holds
    rtpmaps: tuple[tuple[int, str], ...] = ()  # payload type -> "PCMA/8000", upper case
    direction: Direction | None = None
    ptime_ms: int | None = None

    @property
    def is_audio(self) -> bool:
        """True for a stream that we could take."""
        return self.kind == "audio" and self.profile == AUDIO_PROFILE and self.port > 0

    def is_static(self, codec: Codec) -> bool:
        """True unless the payload type of a G.711 codec is mapped to something else."""
        return dict(self.rtpmaps).get(codec.value, _name(codec)) == _name(codec)


_STATIC: Final = {str(codec.value): codec for codec in Codec}
_EVENT_NAME: Final = "TELEPHONE-EVENT/8000"


def _name(codec: Codec) -> str:
    return f"{codec.name}/8000"


@dataclass(frozen=True, slots=True)
class SessionDescription:
    """A parsed or made description. `session_id` and `version` are those of the o= line."""

    session_id: str
    version: int
    address: str
    streams: tuple[Stream, ...]
    direction: Direction = Direction.SENDRECV


class Agreed(NamedTuple):
    """The one audio stream both sides can do, seen from us. G.711 keeps its static types."""

    stream_no: int
    codec: Codec
    event_type: int | None
    host: str
    port: int
    direction: Direction

    @property
    def rtp_peer(self) -> RtpPeer:
        """The far end as gateway.media takes it."""
        return RtpPeer(self.host, self.port, self.codec, self.event_type)


def parse_sdp(body: bytes) -> SessionDescription:
    """Return the description. Raises SdpError(400) when it is malformed or too large."""
    if len(body) > SDP_BYTES_MAX:
        raise SdpError(f"session description of {len(body)} bytes, limit {SDP_BYTES_MAX}")
    try:
        lines = body.decode().replace("\r\n", "\n").rstrip("\n").split("\n")
    except UnicodeDecodeError as e:
        raise SdpError("session description is not UTF-8") from e
    if len(lines) > LINES_MAX or lines[0].strip() != "v=0":
        raise SdpError(f"session description must begin with v=0, at most {LINES_MAX} lines")
    origin: re.Match[str] | None = None
    address, direction, streams = "", Direction.SENDRECV, list[Stream]()
    for line in lines[1:]:
        kind, equals, value = line.partition("=")
        if len(kind) != 1 or not equals:
            raise SdpError(f"line of a session description, was {shown(line)}")
        if kind == "m":
            streams.append(_parse_media(value))
        elif kind == "o":
            origin = _ORIGIN.fullmatch(value.strip())
        elif streams:
            streams[-1] = _with_line(streams[-1], kind, value.strip())
        elif kind == "c":
            address = _parse_connection(value)
        elif kind == "a":
            direction = _direction(value.strip()) or direction
    if origin is None:
        raise SdpError("o= line is missing or malformed")
    if len(streams) > MEDIA_MAX:
        raise SdpError(f"{len(streams)} media streams, limit {MEDIA_MAX}")
    return SessionDescription(origin[2], int(origin[3]), address, tuple(streams), direction)


def _parse_media(value: str) -> Stream:
    found = _MEDIA.fullmatch(value.strip())
    if found is None or int(found[2]) > 65_535:
        raise SdpError(f"m= line, was {shown(value)}")
    return Stream(found[1], int(found[2]), found[3], tuple(found[4].split()))


def _parse_connection(value: str) -> str:
    parts = value.split()
    if len(parts) != 3 or parts[0] != "IN":
        raise SdpError(f"c= line, was {shown(value)}")
    return parts[2].partition("/")[0]


def _direction(attribute: str) -> Direction | None:
    return next((way for way in Direction if way.value == attribute), None)


def _with_line(stream: Stream, kind: str, value: str) -> Stream:
    if kind == "c":
        return replace(stream, address=_parse_connection(value))
    if kind != "a":
        return stream
    name, _, text = value.partition(":")
    if name == "rtpmap":
        found = _RTPMAP.fullmatch(text)
        if found is None:
            return stream  # of a codec that we do not know: not ours to judge
        mapped = (int(found[1]), f"{found[2].upper()}/{found[3]}")
        return replace(stream, rtpmaps=(*stream.rtpmaps, mapped))
    if name == "ptime" and text.isascii() and text.isdigit() and len(text) < 4:
        return replace(stream, ptime_ms=int(text))
    way = _direction(value)
    return stream if way is None else replace(stream, direction=way)


def build_sdp(sdp: SessionDescription) -> bytes:
    """Return the text of a description made by `offer_of` or `answer_to`."""
    kind = "IP6" if ":" in sdp.address else "IP4"
    lines = [
        "v=0",
        f"o=- {sdp.session_id} {sdp.version} IN {kind} {sdp.address}",
        "s=-",
        f"c=IN {kind} {sdp.address}",
        "t=0 0",
    ]
    for stream in sdp.streams:
        lines.append(f"m={stream.kind} {stream.port} {stream.profile} {' '.join(stream.formats)}")
        for payload_type, encoding in stream.rtpmaps:
            is_event = encoding == _EVENT_NAME
            lines.append(f"a=rtpmap:{payload_type} {encoding.lower() if is_event else encoding}")
            if is_event:
                lines.append(f"a=fmtp:{payload_type} {EVENTS}")
        if stream.ptime_ms is not None:
            lines.append(f"a=ptime:{stream.ptime_ms}")
        if stream.direction is not None:
            lines.append(f"a={stream.direction.value}")
    return ("\r\n".join(lines) + "\r\n").encode()


def agree(sdp: SessionDescription, codecs: Sequence[Codec] = tuple(Codec)) -> Agreed:
    """Return the audio stream of a description that we can do; its first codec of ours wins.

    Works for an offer and for an answer alike. Raises SdpError(488) when there is none.
    """
    for stream_no, stream in enumerate(sdp.streams):
        if not stream.is_audio:
            continue
        for text in stream.formats:
            codec = _STATIC.get(text)
            if codec in codecs and codec is not None and stream.is_static(codec):
                return _agreed(sdp, stream_no, codec)
    raise SdpError("no audio stream with PCMA or PCMU over RTP/AVP", 488)


def _agreed(sdp: SessionDescription, stream_no: int, codec: Codec) -> Agreed:
    stream = sdp.streams[stream_no]
    events = [
        number
        for number, encoding in stream.rtpmaps
        if encoding == _EVENT_NAME and str(number) in stream.formats
    ]
    host = stream.address or sdp.address
    if ipv4_of(host) is None:
        raise SdpError(f"c= must be an IPv4 address, was {shown(host)}", 488)
    if int(host.partition(".")[0]) >= MULTICAST_FIRST:
        raise SdpError(f"c= must be the address of one host, was {host}", 488)
    direction = (stream.direction or sdp.direction).mirrored
    if host == NOWHERE:  # hold as RFC 2543 wrote it
        direction = Direction.INACTIVE
    event_type = events[0] if events else None
    return Agreed(stream_no, codec, event_type, host, stream.port, direction)


class LocalAudio(NamedTuple):
    """Our end: where we listen, and the identity of our description."""

    host: str
    port: int
    session_id: str
    version: int = 1


def _audio(
    port: int, codecs: Sequence[Codec], event_type: int | None, direction: Direction
) -> Stream:
    maps = [(codec.value, _name(codec)) for codec in codecs]
    if event_type is not None:
        maps.append((event_type, _EVENT_NAME))
    formats = tuple(str(payload_type) for payload_type, _ in maps)
    return Stream(
        "audio",
        port,
        AUDIO_PROFILE,
        formats,
        rtpmaps=tuple(maps),
        direction=direction,
        ptime_ms=PTIME_MS,
    )


def offer_of(
    local: LocalAudio,
    codecs: Sequence[Codec] = (Codec.PCMA, Codec.PCMU),
    event_type: int = EVENT_TYPE_DEFAULT,
    direction: Direction = Direction.SENDRECV,
) -> SessionDescription:
    """Return our offer, in our order of preference."""
    stream = _audio(local.port, codecs, event_type, direction)
    return SessionDescription(local.session_id, local.version, local.host, (stream,))


def answer_to(offer: SessionDescription, agreed: Agreed, local: LocalAudio) -> SessionDescription:
    """Return our answer: the agreed stream with one codec, every other stream refused in place."""
    streams = [
        Stream(stream.kind, 0, stream.profile, stream.formats[:1] or ("0",))
        for stream in offer.streams
    ]
    streams[agreed.stream_no] = _audio(
        local.port, [agreed.codec], agreed.event_type, agreed.direction
    )
    return SessionDescription(local.session_id, local.version, local.host, tuple(streams))
