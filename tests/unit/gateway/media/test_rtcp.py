"""Sender and receiver reports: bytes by RFC 3550, figures by its arithmetic."""

import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.media import rtcp, rtp
from gateway.media.rtcp import Block, Report, ReportExchange, Sent

NOW_NS = 1_795_000_000_000_000_000
U32 = st.integers(0, 2**32 - 1)
BLOCKS = st.builds(
    Block, U32, st.integers(0, 255), st.integers(-(2**23), 2**23 - 1), U32, U32, U32, U32
)
REPORTS = st.builds(
    Report, U32, st.one_of(st.none(), st.integers(0, 2**64 - 1)), st.lists(BLOCKS, max_size=31)
)


@given(REPORTS)
def test_what_is_built_is_read_again(report: Report) -> None:
    assert rtcp.parse(rtcp.build(report, 5, 6, 7)) == [report]


@given(REPORTS, st.data())
def test_a_packet_cut_anywhere_is_malformed_or_ends_at_a_packet(
    report: Report, data: st.DataObject
) -> None:
    whole = rtcp.build(report)
    cut = data.draw(st.integers(0, len(whole) - 1))
    head_bytes = 4 * (int.from_bytes(whole[2:4], "big") + 1)
    assert rtcp.parse(whole[:cut]) == ([report] if cut == head_bytes else None)


@given(st.binary(max_size=1600))
def test_no_bytes_from_outside_raise(junk: bytes) -> None:
    rtcp.parse(junk)
    rtcp.parse(b"\x80\xc9" + junk)
    rtcp.parse(b"\x9f\xc8" + junk)


@pytest.mark.parametrize(
    "datagram",
    [
        b"\x80\xca\x00\x01" + bytes(4),  # a name before any report
        b"\x40\xc9\x00\x01" + bytes(4),  # version 1
        b"\x81\xc9\x00\x01" + bytes(4),  # one block announced, none there
        b"\x80\xc8\x00\x01" + bytes(4),  # SR without its figures
        b"\x80\xc9\xff\xff" + bytes(4),  # longer than the datagram
        b"\x80\xc9\x00\x01" + bytes(4) + b"\x80\xc9",  # a rest
        b"\x80\xc9\x00\x00" * 2,  # no source
        b"\x80\xc9\x00\x01" + bytes(1500),
    ],
)
def test_malformed_packets_are_refused_whole(datagram: bytes) -> None:
    assert rtcp.parse(datagram) is None


def test_the_ntp_time_of_unix_time_is_as_in_rfc_3550() -> None:
    assert rtcp.ntp_of(0) == 2_208_988_800 << 32
    assert rtcp.ntp_of(500_000_000) & 0xFFFFFFFF == 1 << 31


def an_exchange(now_s: float = 0.0) -> ReportExchange:
    return ReportExchange(77, random.Random(1).getrandbits, now_s)


def heard(seqs: list[int], ssrc: int = 9) -> rtp.ReceivedStream:
    stream = rtp.ReceivedStream()
    for n, seq in enumerate(seqs):
        packet = rtp.RtpPacket(8, False, seq % rtp.SEQ_MOD, 160 * seq % rtp.TS_MOD, ssrc, b"")
        stream.note(packet, n * 0.02)
    return stream


def test_our_report_tells_what_was_sent_and_what_of_theirs_is_missing() -> None:
    exchange = an_exchange()
    stream = heard([65_534, 65_535, 65_536, 65_538])  # one lost, numbers begin anew
    (report,) = rtcp.parse(exchange.next_report(stream, Sent(10, 1600, 4242), 3.0, NOW_NS)) or []
    assert report.ntp == rtcp.ntp_of(NOW_NS)
    (block,) = report.blocks
    assert block == Block(9, 256 // 5, 1, 65_538, block.jitter, 0, 0)


def test_the_sent_figures_are_where_rfc_3550_has_them() -> None:
    datagram = an_exchange().next_report(rtp.ReceivedStream(), Sent(10, 1600, 4242), 3.0, NOW_NS)
    assert struct.unpack_from("!BBHIQIII", datagram) == (
        *(0x80, 200, 6, 77, rtcp.ntp_of(NOW_NS)),
        *(4242, 10, 1600),
    )


def test_the_fraction_lost_is_of_the_last_interval() -> None:
    exchange, stream = an_exchange(), heard([0, 5])
    exchange.next_report(stream, Sent(1, 160, 0), 3.0, NOW_NS)
    for seq in range(6, 10):
        stream.note(rtp.RtpPacket(8, False, seq, 160 * seq, 9, b""), 0.0)
    (report,) = rtcp.parse(exchange.next_report(stream, Sent(2, 320, 0), 8.0, NOW_NS)) or []
    assert report.blocks[0][1:4] == (0, 4, 9)


def test_a_leg_that_sent_nothing_since_reports_as_a_receiver() -> None:
    exchange = an_exchange()
    exchange.next_report(heard([1]), Sent(1, 160, 0), 3.0, NOW_NS)
    (report,) = rtcp.parse(exchange.next_report(heard([1]), Sent(1, 160, 0), 8.0, NOW_NS)) or []
    assert report.ntp is None


def test_the_round_trip_is_what_is_left_of_the_time_since_our_report() -> None:
    exchange = an_exchange()
    lsr = rtcp.ntp_of(NOW_NS) >> 16 & 0xFFFFFFFF
    block = Block(77, 0, 3, 0, 0, lsr, 2 * 65_536)  # they held it for 2 s
    exchange.receive(rtcp.build(Report(9, None, [block])), 5.0, NOW_NS + 2_150_000_000)
    assert exchange.rtt_ms == pytest.approx(150, abs=0.1)
    assert exchange.remote_lost == 3


@pytest.mark.parametrize(
    "block",
    [
        Block(78, 0, 3, 0, 0, 1, 0),  # of another source
        Block(77, 0, -5, 0, 0, 12345, 0),  # a report that we never sent; doubled packets
        Block(77, 0, 0, 0, 0, 0, 0),  # they had none of us yet
    ],
)
def test_strange_blocks_make_no_figures(block: Block) -> None:
    exchange = an_exchange()
    exchange.receive(rtcp.build(Report(9, None, [block])), 5.0, NOW_NS)
    assert (exchange.rtt_ms, exchange.remote_lost) == (0.0, 0)


def test_our_report_echoes_theirs_for_their_round_trip() -> None:
    exchange = an_exchange()
    theirs = rtcp.build(Report(9, 0x1122334455667788, []))
    exchange.receive(theirs, 10.0, NOW_NS)
    (report,) = rtcp.parse(exchange.next_report(heard([1]), Sent(1, 1, 1), 11.5, NOW_NS)) or []
    assert report.blocks[0][5:] == (0x33445566, round(1.5 * 65_536))


def test_a_malformed_packet_is_counted_and_changes_nothing() -> None:
    exchange = an_exchange()
    good = rtcp.build(Report(9, None, [Block(77, 0, 3, 0, 0, 0, 0)]))
    exchange.receive(good + b"\x80", 1.0, NOW_NS)
    assert (exchange.malformed, exchange.remote_lost) == (1, 0)


def test_reports_are_due_at_random_between_half_and_one_and_a_half_of_five_seconds() -> None:
    exchange, waits = an_exchange(), set()
    for n in range(200):
        exchange.next_report(rtp.ReceivedStream(), Sent(0, 0, 0), float(n), NOW_NS)
        waits.add(exchange.due_s - n)
    assert 2.5 <= min(waits) < 3.0
    assert 7.0 < max(waits) <= 7.5
