"""Sender and receiver reports of one leg: round trip, and what the far end lost (RFC 3550 §6).

Pure: bytes and times in, bytes and figures out. What comes in is bounded by a datagram and checked
whole before any of it counts (RFC 3550 A.2). Times are 64-bit NTP (32 bits of seconds, 32 of
fraction); of the far end's only differences matter. Not here: sockets (gateway.media.line), BYE and
application packets.
"""

import struct
from collections.abc import Callable
from typing import Final, NamedTuple

from gateway.media.rtp import PACKET_BYTES_MAX, ReceivedStream

INTERVAL_S: Final = 5.0  # RFC 3550 §6.2, between half of it and one and a half
RTT_S_MAX: Final = 10.0  # a longer one is a forged or foreign report
CNAME: Final = b"gateway"  # tells nothing of the host; one source a session (RFC 7022)
_SR, _RR, _SDES = 200, 201, 202
_HEAD: Final = struct.Struct("!BBHI")
_SENT: Final = struct.Struct("!QIII")
_BLOCK: Final = struct.Struct("!IIIIII")
_VERSION: Final = 0x80
_NTP_EPOCH_S: Final = 2_208_988_800  # 1900 to 1970
_MID_MOD: Final = 1 << 32


def ntp_of(wall_ns: int) -> int:
    """Return Unix time as a 64-bit NTP timestamp."""
    seconds, rest = divmod(wall_ns, 1_000_000_000)
    return ((seconds + _NTP_EPOCH_S) << 32 | (rest << 32) // 1_000_000_000) % (1 << 64)


def _mid(ntp: int) -> int:
    """Return the middle 32 bits: seconds in units of 1/65536."""
    return (ntp >> 16) % _MID_MOD


class Block(NamedTuple):
    """What a receiver says of one source (RFC 3550 §6.4.1); `lsr` and `dlsr` in 1/65536 s."""

    ssrc: int
    fraction_lost: int
    lost: int
    highest_seq: int
    jitter: int
    lsr: int
    dlsr: int


class Report(NamedTuple):
    """One SR or RR; `ntp` is None in an RR."""

    ssrc: int
    ntp: int | None
    blocks: list[Block]


def parse(datagram: bytes) -> list[Report] | None:
    """Return the reports of a compound packet, None when any of it is malformed."""
    size, at = len(datagram), 0
    if not _HEAD.size <= size <= PACKET_BYTES_MAX:
        return None
    reports: list[Report] = []
    while at < size:
        if size - at < 4:
            return None
        first, kind, words = struct.unpack_from("!BBH", datagram, at)
        end = at + 4 * (words + 1)
        if first & 0xC0 != _VERSION or end > size or (at == 0 and kind not in (_SR, _RR)):
            return None
        if kind in (_SR, _RR):
            report = _report(datagram[at:end], kind, first & 0x1F)
            if report is None:
                return None
            reports.append(report)
        at = end
    return reports


def _report(packet: bytes, kind: int, count: int) -> Report | None:
    at, ntp = _HEAD.size, None
    if kind == _SR:
        if len(packet) < at + _SENT.size:
            return None
        ntp, at = _SENT.unpack_from(packet, at)[0], at + _SENT.size
    if len(packet) < at + count * _BLOCK.size:
        return None
    blocks = []
    for ssrc, lost, highest_seq, jitter, lsr, dlsr in _BLOCK.iter_unpack(
        packet[at : at + count * _BLOCK.size]
    ):
        signed = lost & 0xFFFFFF
        signed -= (signed & 0x800000) << 1
        blocks.append(Block(ssrc, lost >> 24, signed, highest_seq, jitter, lsr, dlsr))
    return Report(_HEAD.unpack_from(packet)[3], ntp, blocks)


def build(
    report: Report, rtp_timestamp: int = 0, sent_packets: int = 0, sent_octets: int = 0
) -> bytes:
    """Return a compound packet: SR (RR without `ntp`) and the source's name."""
    body = b""
    if report.ntp is not None:
        octets = sent_octets % _MID_MOD
        body = _SENT.pack(report.ntp, rtp_timestamp, sent_packets % _MID_MOD, octets)
    for block in report.blocks:
        lost = block.fraction_lost << 24 | (block.lost & 0xFFFFFF)
        body += _BLOCK.pack(block.ssrc, lost, *block[3:])
    kind = _RR if report.ntp is None else _SR
    first = _VERSION | len(report.blocks)
    head = _HEAD.pack(first, kind, len(body) // 4 + 1, report.ssrc)
    item = bytes((1, len(CNAME))) + CNAME
    item += b"\0" * (4 - len(item) % 4)
    name = _HEAD.pack(_VERSION | 1, _SDES, len(item) // 4 + 1, report.ssrc) + item
    return head + body + name


class ReportExchange:
    """Our reports and the far end's, of one leg."""

    def __init__(self, ssrc: int, random_bits: Callable[[int], int], now_s: float) -> None:
        self._ssrc, self._random_bits = ssrc, random_bits
        self.due_s = now_s + self._interval_s() / 2
        self._sent_before = 0
        self._expected_before = self._received_before = 0
        self._source = -1
        self._last_sr, self._last_sr_s = 0, 0.0
        self.rtt_ms = 0.0
        self.remote_lost = 0
        self.malformed = 0

    def _interval_s(self) -> float:
        return INTERVAL_S * (0.5 + self._random_bits(16) / (1 << 16))

    def receive(self, datagram: bytes, now_s: float, wall_ns: int) -> None:
        """Take a packet of the far end; a malformed one is only counted."""
        reports = parse(datagram)
        if reports is None:
            self.malformed += 1
            return
        for report in reports:
            if report.ntp is not None:
                self._last_sr, self._last_sr_s = _mid(report.ntp), now_s
            for block in report.blocks:
                if block.ssrc == self._ssrc:
                    self._take(block, wall_ns)

    def _take(self, block: Block, wall_ns: int) -> None:
        self.remote_lost = max(0, block.lost)
        if block.lsr:
            rtt = (_mid(ntp_of(wall_ns)) - block.lsr - block.dlsr) % _MID_MOD / 65_536
            if rtt <= RTT_S_MAX:
                self.rtt_ms = round(rtt * 1000, 1)

    def next_report(
        self, stream: ReceivedStream, sent: "Sent", now_s: float, wall_ns: int
    ) -> bytes:
        """Return the report that is due, and be due again later."""
        self.due_s = now_s + self._interval_s()
        is_sender = sent.packets > self._sent_before
        self._sent_before = sent.packets
        blocks = [self._block(stream, now_s)] if stream.ssrc >= 0 else []
        report = Report(self._ssrc, ntp_of(wall_ns) if is_sender else None, blocks)
        return build(report, sent.timestamp, sent.packets, sent.octets)

    def _block(self, stream: ReceivedStream, now_s: float) -> Block:
        if stream.ssrc != self._source:
            self._source, self._expected_before, self._received_before = stream.ssrc, 0, 0
        expected = stream.expected - self._expected_before
        missed = expected - (stream.count - self._received_before)
        self._expected_before, self._received_before = stream.expected, stream.count
        fraction = 256 * missed // expected if expected > 0 and missed > 0 else 0
        lost = max(-0x800000, min(0x7FFFFF, stream.expected - stream.count))
        dlsr = round((now_s - self._last_sr_s) * 65_536) % _MID_MOD if self._last_sr else 0
        highest, jitter = stream.highest_seq % _MID_MOD, round(stream.jitter_samples)
        return Block(stream.ssrc, min(fraction, 255), lost, highest, jitter, self._last_sr, dlsr)


class Sent(NamedTuple):
    """What a leg has sent so far, and the RTP timestamp of now."""

    packets: int
    octets: int
    timestamp: int
