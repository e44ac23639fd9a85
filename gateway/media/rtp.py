"""RTP packets and the figures of a received stream: bytes in, values out (RFC 3550, RFC 3551).

Not here: sockets (gateway.media.line), RTCP (gateway.media.rtcp), SRTP.
"""

import struct
from typing import Final, NamedTuple

VERSION_BITS: Final = 0x80
HEADER: Final = struct.Struct("!BBHII")
PACKET_BYTES_MAX: Final = 1500
SEQ_MOD: Final = 1 << 16
TS_MOD: Final = 1 << 32
SAMPLE_RATE: Final = 8000
FRAME_SAMPLES: Final = 160  # 20 ms
FRAME_S: Final = 0.020
SEQ_JUMP_MAX: Final = 3000  # RFC 3550 A.1 MAX_DROPOUT: more than this is a new stream
_MARKER: Final = 0x80
_EXTENSION: Final = 0x10
_PADDING: Final = 0x20


class RtpPacket(NamedTuple):
    """One RTP packet; extension and padding are taken off, contributing sources are dropped."""

    payload_type: int
    marker: bool
    seq: int
    timestamp: int
    ssrc: int
    payload: bytes


def parse(datagram: bytes) -> RtpPacket | None:
    """Return the packet, or None when the bytes are not RTP version 2 of sane size."""
    size = len(datagram)
    if not HEADER.size <= size <= PACKET_BYTES_MAX:
        return None
    first, second, seq, timestamp, ssrc = HEADER.unpack_from(datagram)
    start, end = HEADER.size, size
    if first != VERSION_BITS:
        if first & 0xC0 != VERSION_BITS:
            return None
        start += 4 * (first & 0x0F)
        if first & _EXTENSION:
            if start + 4 > size:
                return None
            start += 4 + 4 * int.from_bytes(datagram[start + 2 : start + 4], "big")
        if first & _PADDING:
            end -= datagram[-1]
            if datagram[-1] == 0:
                return None
        if start > end:
            return None
    return RtpPacket(
        second & 0x7F, bool(second & _MARKER), seq, timestamp, ssrc, datagram[start:end]
    )


def build(packet: RtpPacket) -> bytes:
    """Return the packet's bytes, without extension, padding or contributing sources."""
    second = packet.payload_type | (_MARKER if packet.marker else 0)
    header = HEADER.pack(VERSION_BITS, second, packet.seq, packet.timestamp, packet.ssrc)
    return header + packet.payload


def signed_distance(later: int, earlier: int, mod: int) -> int:
    """Return later - earlier on a circle of `mod`, in -mod/2 .. mod/2 - 1."""
    half = mod >> 1
    return (later - earlier + half) % mod - half


class ReceivedStream:
    """Loss and jitter of one source (RFC 3550 A.3 and A.8).

    Arrival times come quantised by the caller's poll interval, so jitter below that is noise.
    """

    def __init__(self) -> None:
        self.received = 0
        self._lost_before = 0  # of earlier sources
        self.ssrc = -1
        self._base = 0
        self._highest = 0
        self._cycles = 0
        self.count = 0  # packets of the source that is heard now
        self._transit: float | None = None
        self._jitter = 0.0

    def note(self, packet: RtpPacket, arrival_s: float, is_timed: bool = True) -> None:
        """Count a packet. `is_timed` is False for events, whose timestamp stands still."""
        self.received += 1
        jump = signed_distance(packet.seq, self._highest, SEQ_MOD)
        if packet.ssrc != self.ssrc or abs(jump) > SEQ_JUMP_MAX:
            self._restart(packet)
        elif jump > 0:
            if packet.seq < self._highest:
                self._cycles += SEQ_MOD
            self._highest = packet.seq
        self.count += 1
        if not is_timed:
            return
        transit = arrival_s * SAMPLE_RATE - packet.timestamp
        if self._transit is not None:
            change = abs(transit - self._transit)
            if change < SAMPLE_RATE:  # a jump of the far end's clock is not jitter
                self._jitter += (change - self._jitter) / 16
        self._transit = transit

    def _restart(self, packet: RtpPacket) -> None:
        self._lost_before = self.lost
        self.ssrc, self._base, self._highest = packet.ssrc, packet.seq, packet.seq
        self._cycles = self.count = 0
        self._transit = None

    @property
    def highest_seq(self) -> int:
        """Highest sequence number seen, with the count of its cycles above 16 bits."""
        return self._cycles + self._highest

    @property
    def expected(self) -> int:
        """Packets that the source which is heard now has sent by its numbers."""
        return self.highest_seq - self._base + 1 if self.count else 0

    @property
    def lost(self) -> int:
        """Packets expected by number and not seen; repeated ones do not make it negative."""
        return self._lost_before + max(0, self.expected - self.count)

    @property
    def jitter_samples(self) -> float:
        """Smoothed interarrival jitter in the source's clock."""
        return self._jitter

    @property
    def jitter_ms(self) -> float:
        """Smoothed interarrival jitter."""
        return self._jitter * 1000 / SAMPLE_RATE
