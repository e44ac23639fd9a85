"""A leg's audio, frame by frame."""

import random

import pytest

from gateway.media import g711, rtp
from gateway.media.goertzel import ToneReceiver
from gateway.media.leg import LegAudio
from gateway.media.play_queue import QUEUE_MAX
from gateway.media.port import Clip, Codec
from gateway.media.rtp import RtpPacket
from gateway.media.telephone_event import press

SILENT = g711.ALAW_SILENCE * 160


def a_leg(codec: Codec = Codec.PCMA, event_type: int | None = 101, hear: bool = False) -> LegAudio:
    leg = LegAudio(random.Random(3).getrandbits, hear)
    leg.set_format(codec, event_type)
    return leg


def sent(leg: LegAudio, frames: int) -> tuple[list[RtpPacket], list[int]]:
    packets, done = [], []
    for _ in range(frames):
        data, _, tokens = leg.next_packet()
        packet = rtp.parse(data)
        assert packet is not None
        packets.append(packet)
        done += tokens
    return packets, done


def sound(seq: int, timestamp: int, payload: bytes, payload_type: int = 8) -> bytes:
    return rtp.build(RtpPacket(payload_type, False, seq, timestamp % rtp.TS_MOD, 5, payload))


def test_an_idle_leg_sends_silence() -> None:
    packets, done = sent(a_leg(), 3)
    assert [p.payload for p in packets] == [SILENT] * 3
    assert done == []


def test_clips_follow_each_other_without_a_gap_and_the_end_is_told_after_it() -> None:
    leg = a_leg()
    leg.play([Clip("a", b"\x11" * 100), Clip("b", b"\x22" * 100)], 7)
    leg.play([Clip("c", b"\x33" * 10)], 8)
    packets, done = sent(leg, 2)
    assert packets[0].payload == b"\x11" * 100 + b"\x22" * 60
    assert packets[1].payload[:40] == b"\x22" * 40
    assert done == []
    _, done = sent(leg, 2)
    assert done == [7, 8]


def test_an_empty_play_is_done_at_once() -> None:
    leg = a_leg()
    leg.play([], 4)
    assert sent(leg, 1)[1] == [4]


def test_stop_forgets_sound_and_tokens() -> None:
    leg = a_leg()
    leg.play([Clip("a", b"\x11" * 1000)], 7)
    sent(leg, 1)
    leg.stop()
    packets, done = sent(leg, 10)
    assert {p.payload for p in packets} == {SILENT}
    assert done == []


def test_keys_carry_the_timestamp_of_their_begin_and_end_three_times() -> None:
    leg = a_leg()
    leg.send_digits("5", 9)
    packets, done = sent(leg, len(press("5")) + 1)
    events = [p for p in packets if p.payload_type == 101]
    assert len({p.timestamp for p in events}) == 1
    assert [p.marker for p in events] == [True] + [False] * (len(events) - 1)
    ends = [p for p in events if p.payload[1] & 0x80]
    assert len(ends) == 3
    assert ends == events[-3:]
    assert {p.payload[0] for p in events} == {5}
    assert [p.seq for p in packets] == [(packets[0].seq + n) % 65_536 for n in range(len(packets))]
    assert done == [9]


def test_keys_wait_for_the_clip_before_them() -> None:
    leg = a_leg()
    leg.play([Clip("a", b"\x11" * 200)], 1)
    leg.send_digits("1", 2)
    packets, _ = sent(leg, 3)
    assert packets[1].payload == b"\x11" * 40 + g711.ALAW_SILENCE * 120
    assert packets[2].payload_type == 101


@pytest.mark.parametrize("codec", list(Codec))
def test_a_far_end_without_events_gets_keys_as_tones(codec: Codec) -> None:
    leg = a_leg(codec, event_type=None)
    leg.send_digits("15D#", 2)
    packets, done = sent(leg, 4 * len(press("1")) + 1)
    assert {p.payload_type for p in packets} == {codec}
    assert done == [2]
    receiver = ToneReceiver()
    row, keys = receiver.add(), ""
    for packet in packets:
        is_mulaw = codec is Codec.PCMU
        alaw = packet.payload.translate(g711.MULAW_TO_ALAW) if is_mulaw else packet.payload
        keys += "".join(key for _, key in receiver.hear([row], [alaw]))
    assert keys == "15D#"


def test_a_queue_has_a_limit_and_still_tells_its_end() -> None:
    leg = a_leg()
    leg.play([Clip("x", b"\x11")] * (2 * QUEUE_MAX), 1)
    _, done = sent(leg, QUEUE_MAX // 160 + 2)
    assert done == [1]


def test_skipped_frames_keep_the_clock_of_the_far_end_right() -> None:
    leg = a_leg()
    (one,), _ = sent(leg, 1)
    leg.skip_frames(5)
    (two,), _ = sent(leg, 1)
    assert (two.timestamp - one.timestamp) % rtp.TS_MOD == 6 * 160
    assert (two.seq - one.seq) % rtp.SEQ_MOD == 1


def test_losses_are_heard_as_silence_on_the_time_line() -> None:
    leg = a_leg(hear=True)
    leg.receive(sound(1, 0, b"\x11" * 160), 0.0)
    leg.receive(sound(4, 480, b"\x44" * 160), 0.06)
    leg.receive(sound(3, 320, b"\x33" * 160), 0.07)  # too late: its place is taken
    leg.receive(sound(4, 480, b"\x44" * 160), 0.08)  # repeated
    assert leg.take_heard(at_end=True) == b"\x11" * 160 + SILENT * 2 + b"\x44" * 160


def test_a_mulaw_far_end_is_heard_in_alaw() -> None:
    leg = a_leg(Codec.PCMU, hear=True)
    leg.receive(sound(1, 0, b"\x11" * 160, payload_type=0), 0.0)
    assert leg.take_heard(at_end=True) == (b"\x11" * 160).translate(g711.MULAW_TO_ALAW)


def test_what_is_not_of_the_format_is_dropped_and_counted() -> None:
    leg = a_leg()
    for junk in (b"", b"junk", sound(1, 0, b"", payload_type=0), sound(1, 0, b"", payload_type=13)):
        assert leg.receive(junk, 0.0) is None
        assert not leg.accepts(junk)
    assert leg.accepts(sound(1, 0, b""))
    assert leg.figures.dropped_packets == 4
    assert leg.figures.received_packets == 0


def event(seq: int, timestamp: int, ended: bool) -> bytes:
    payload = bytes((5, 0x8A if ended else 0x0A, 0, 160))
    return rtp.build(RtpPacket(101, False, seq, timestamp, 5, payload))


def test_secure_lasts_a_quarter_second_and_the_jitter_buffer_longer_than_asked() -> None:
    leg = a_leg()
    assert not leg.is_secure(0.0)
    leg.secure(True, 1.0)
    assert leg.is_secure(100.0)
    leg.secure(False, 100.0)
    assert leg.is_secure(100.3)
    assert not leg.is_secure(100.32)


def test_a_key_held_beyond_secure_keeps_it_until_its_end() -> None:
    leg = a_leg()
    leg.secure(True, 0.0)
    leg.receive(event(1, 800, False), 0.1)
    leg.secure(False, 0.2)
    for n in range(2, 50):
        leg.receive(event(n, 800, False), 0.2 + n * 0.02)
    leg.receive(event(50, 800, True), 1.2)
    assert leg.is_secure(1.4)
    assert not leg.is_secure(1.52)


def test_nothing_lengthens_secure_once_it_is_over() -> None:
    leg = a_leg()
    leg.secure(True, 0.0)
    leg.secure(False, 0.1)
    leg.receive(event(1, 800, False), 0.5)
    assert not leg.is_secure(0.5)
