"""Legs over real sockets and a clock of our own: reports, floods, strangers."""

import random
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.media import g711, rtcp, rtp, wire
from tests.builders.bank import TICK_S, Clocked, Far
from tests.builders.recordings import sides_of
from tests.builders.tones import alaw_of, dialled


@pytest.fixture(name="clocked")
def _clocked() -> Iterator[Clocked]:
    clocked = Clocked()
    yield clocked
    clocked.bank.close()


@pytest.fixture(name="far")
def _far(clocked: Clocked) -> Iterator[Far]:
    far = Far(clocked, 1)
    yield far
    far.close()


def test_reports_go_to_the_port_above_and_theirs_give_the_round_trip(
    clocked: Clocked, far: Far
) -> None:
    far.send()
    clocked.turn(4.0)
    sent = far.received(far.rtcp_sock)
    assert len(sent) == 1
    (ours,) = rtcp.parse(sent[0]) or []
    assert ours.ntp is not None
    assert [block.ssrc for block in ours.blocks] == [7]
    held_s, sent_ns = 1.5, (ours.ntp >> 16) % 2**32
    now = rtcp.ntp_of(clocked.wall_ns + round(held_s * 1e9)) >> 16
    trip = rtcp.Block(ours.ssrc, 0, 12, 0, 0, sent_ns, 0)
    answer = trip._replace(dlsr=(now - sent_ns) % 2**32 - round(0.2 * 65_536))
    clocked.turn(held_s - TICK_S)
    far.send_report(rtcp.build(rtcp.Report(7, None, [answer])))
    clocked.turn(TICK_S)
    figures = clocked.figures(1)
    assert figures.rtt_ms == pytest.approx(200, abs=1)
    assert figures.remote_lost == 12


def test_reports_of_strangers_and_malformed_ones_change_nothing(clocked: Clocked, far: Far) -> None:
    far.send()
    clocked.turn(0.1)
    ssrc = rtp.parse(far.received(far.sock)[0])
    assert ssrc is not None
    forged = rtcp.build(rtcp.Report(7, None, [rtcp.Block(ssrc.ssrc, 9, 99, 0, 0, 0, 0)]))
    stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    stranger.bind(("127.0.0.2", 0))
    with stranger:
        far.send_report(forged, stranger)
        far.send_report(forged[:-1])
        far.send_report(b"\xff" * 1500)
        clocked.turn(0.1)
    assert clocked.figures(1).remote_lost == 0


def test_a_flood_on_one_leg_costs_the_others_no_frame(clocked: Clocked, far: Far) -> None:
    others = [Far(clocked, leg_no) for leg_no in (2, 3, 4)]
    for other in [far, *others]:
        other.send()
    clocked.turn(0.1)
    for other in others:
        other.received(other.sock)
    ticks, flood = 200, 0
    for _ in range(ticks):  # 8,000 packets in a second of the clock, RTCP beside it
        for _ in range(40):
            far.send()
            flood += 1
        far.send_report(b"\x80\xc9 not a report")
        clocked.turn(TICK_S)
    assert [len(other.received(other.sock)) for other in others] == [50] * 3
    figures = clocked.figures(1)
    assert flood == 8_000
    assert 0 < figures.received_packets <= ticks + 30
    for other in others:
        assert clocked.figures(other.leg_no).late_frames == 0
        other.close()


@pytest.mark.parametrize("turns_per_s", [200, 40, 8, 2])
def test_a_host_that_is_starved_still_reads_as_fast_as_is_spoken(
    clocked: Clocked, far: Far, turns_per_s: int
) -> None:
    far.send()
    clocked.turn(0.1)
    for _ in range(4 * turns_per_s):
        for _ in range(50 // turns_per_s if turns_per_s < 50 else 1):
            far.send()
        clocked.now_s += 1 / turns_per_s - TICK_S
        clocked.turn(TICK_S)
    received = clocked.figures(1).received_packets
    assert received == far.seq


def test_what_was_spoken_while_the_host_was_stalled_is_in_the_recording(
    clocked: Clocked, far: Far, tmp_path: Path
) -> None:
    clocked.ask(wire.Record(1, str(tmp_path / "1.wav")))
    far.say(b"\x11" * 1600)
    frames = [bytes([0x20 + n]) * 160 for n in range(20)]
    for frame in frames:
        far.send(frame)
    clocked.now_s += 0.4  # without a single tick
    clocked.turn(0.5)
    clocked.figures(1)
    clocked.bank.close()
    left, right = sides_of(tmp_path / "1.wav")
    assert sum(frame in left for frame in frames) >= 15
    assert len(left) == len(right)
    assert len(left) // 8 == pytest.approx(1100, abs=25)  # as long as the call


def test_a_burst_of_the_network_does_not_make_a_call_late_for_ever(
    clocked: Clocked, far: Far, tmp_path: Path
) -> None:
    clocked.ask(wire.Record(1, str(tmp_path / "1.wav")))
    began_s = clocked.now_s
    far.say(b"\x11" * 1600)
    for _ in range(50):  # a second of sound at once: a far end whose clock is far ahead
        far.send(b"\x22" * 160)
    clocked.turn(0.5)
    spoken_ms = (clocked.now_s - began_s) * 1000
    far.say(b"\x33" * 160)
    clocked.turn(1.5)
    clocked.figures(1)
    clocked.bank.close()
    left, _ = sides_of(tmp_path / "1.wav")
    assert 0 < left.index(b"\x33" * 160) / 8 - spoken_ms < 200


def test_sound_injected_by_a_stranger_is_neither_heard_nor_recorded(
    clocked: Clocked, far: Far, tmp_path: Path
) -> None:
    clocked.ask(wire.Record(1, str(tmp_path / "1.wav")))
    far.say(b"\x11" * 1600)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for _ in range(50):
            far.send(b"\x99" * 160, stranger)
        clocked.turn(1.0)
    figures = clocked.figures(1)
    clocked.bank.close()
    left, _ = sides_of(tmp_path / "1.wav")
    assert b"\x11" * 1600 in left
    assert b"\x99" not in left
    assert figures.received_packets == 10


def test_garbage_on_the_media_port_costs_only_itself(clocked: Clocked, far: Far) -> None:
    far.send()
    clocked.turn(0.02)
    rng = random.Random(5)
    for _ in range(300):
        far.sock.sendto(rng.randbytes(rng.randrange(200)), far.leg_address)
        clocked.turn(TICK_S)
    far.say(b"\x22" * 1600)
    figures = clocked.figures(1)
    assert figures.received_packets + figures.dropped_packets == 311
    assert figures.dropped_packets > 290


def test_tones_are_searched_only_where_events_are_not_offered(clocked: Clocked, far: Far) -> None:
    without = Far(clocked, 2, event_type=None)
    sound = alaw_of(dialled("159#", 60, 60))
    for at in range(0, len(sound), 160):
        far.send(sound[at : at + 160])
        without.send(sound[at : at + 160])
        clocked.turn(0.02)
    clocked.turn(0.2)
    assert clocked.keys(1) == ""
    assert clocked.keys(2) == "159#"
    without.close()


def test_silence_without_packets_between_tones_parts_them(clocked: Clocked) -> None:
    far = Far(clocked, 1, event_type=None)
    for key in "2446800#":  # a far end that sends packets only while there is sound
        tone = alaw_of(dialled(key, 100, 0))
        far.say(tone)
        clocked.turn(0.1)
        far.seq += 5  # its clock goes on, its packets do not
    assert clocked.keys() == "2446800#"
    far.close()


def test_a_press_told_by_tone_by_info_and_by_event_is_one(clocked: Clocked) -> None:
    clocked.bank.close()
    always = Clocked(inband_dtmf="always")
    far = Far(always, 1)
    for n, key in enumerate("11"):
        always.ask(wire.InfoKey(1, key))
        far.say(alaw_of(dialled(key, 100, 100)))
        press = rtp.RtpPacket(
            101, True, far.seq % 65_536, 70_000 + 3200 * n, 7, b"\x01\x8a\x03\x20"
        )
        far.sock.sendto(rtp.build(press), far.leg_address)
        far.seq += 1
        always.turn(0.2)
    assert always.keys() == "11"
    assert always.figures(1).digit_count == 2
    always.bank.close()
    far.close()


def test_a_tone_passes_a_bridge_as_sound_and_not_as_a_second_press(clocked: Clocked) -> None:
    far, other = Far(clocked, 1, event_type=None), Far(clocked, 2)
    clocked.ask(wire.Bridge(1, 2))
    tone = alaw_of(dialled("5", 100, 0))
    far.say(tone)
    clocked.turn(0.3)
    assert clocked.keys(1) == "5"
    packets = [rtp.parse(datagram) for datagram in other.received(other.sock)]
    sound = b"".join(p.payload for p in packets if p is not None and p.payload_type == 8)
    assert tone in sound
    assert {p.payload_type for p in packets if p is not None} == {8}
    far.close()
    other.close()


def test_never_searches_no_tones() -> None:
    never = Clocked(inband_dtmf="never")
    far = Far(never, 1, event_type=None)
    far.say(alaw_of(dialled("15", 100, 100)))
    assert never.keys() == ""
    never.bank.close()
    far.close()


def test_a_pin_in_tones_is_told_and_stays_out_of_the_recording(
    clocked: Clocked, tmp_path: Path
) -> None:
    far = Far(clocked, 1, event_type=None)
    clocked.ask(wire.Record(1, str(tmp_path / "1.wav")))
    far.say(alaw_of(dialled("12#", 80, 80)))
    clocked.turn(0.5)
    clocked.ask(wire.Secure(1, True, 0))
    far.say(alaw_of(dialled("25803", 80, 80)))
    last = alaw_of(dialled("6", 900, 0))  # held down beyond the end of the field
    far.say(last[:1600])
    clocked.ask(wire.Secure(1, False, 0))
    far.say(last[1600:])
    clocked.turn(0.6)
    far.say(alaw_of(dialled("9", 80, 80)))
    clocked.turn(0.3)
    assert clocked.keys() == "12#2580369"
    clocked.figures(1)
    clocked.bank.close()
    left, right = sides_of(tmp_path / "1.wav")
    assert set(right) == {0xD5}
    assert loud_ms(left) == pytest.approx(4 * 80, abs=20)  # 1, 2, # and 9
    far.close()


def loud_ms(alaw: bytes) -> float:
    """How long there is sound."""
    loud = abs(g711.decode_alaw(alaw).astype(int)) > 200
    return float(sum(loud[at : at + 40].any() for at in range(0, len(loud), 40)) * 5)
