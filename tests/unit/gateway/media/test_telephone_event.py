"""Keys from event packets: one per press, whatever the network does to them."""

import random
from collections.abc import Iterable
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.media.rtp import TS_MOD, RtpPacket
from gateway.media.telephone_event import KEYS, PAYLOAD, KeyReceiver, press

KEY_TEXTS = st.text(KEYS, min_size=1, max_size=12)


def packets(keys: str, first: int = 1000, ssrc: int = 7, gap: int = 1600) -> list[list[RtpPacket]]:
    """Packets of each press, as our own sender makes them."""
    presses, seq = [], 0
    for n, key in enumerate(keys):
        group = []
        for frame in press(key):
            if frame is not None:
                timestamp = (first + n * gap) % TS_MOD
                group.append(RtpPacket(101, frame.marker, seq, timestamp, ssrc, frame.payload))
                seq += 1
        presses.append(group)
    return presses


def keys_of(arrived: Iterable[RtpPacket]) -> str:
    receiver = KeyReceiver()
    return "".join(key for p in arrived if (key := receiver.receive(p)) is not None)


@given(KEY_TEXTS, st.integers(0, TS_MOD - 1))
def test_every_press_is_one_key(keys: str, first: int) -> None:
    assert keys_of(chain(*packets(keys, first))) == keys


@given(KEY_TEXTS, st.randoms(use_true_random=False))
def test_losses_and_repeats_within_a_press_change_nothing(keys: str, chance: random.Random) -> None:
    arrived = []
    for group in packets(keys):
        kept = [p for p in group if chance.random() < 0.5] or [chance.choice(group)]
        arrived += sorted(kept + chance.sample(kept, len(kept) // 2), key=lambda p: p.seq)
    assert keys_of(arrived) == keys


@given(KEY_TEXTS)
def test_lost_ends_make_no_key_longer_or_double(keys: str) -> None:
    starts = [p for group in packets(keys) for p in group if not p.payload[1] & 0x80]
    assert keys_of(starts) == keys


def test_packets_of_an_earlier_press_that_come_late_are_dropped() -> None:
    one, two = packets("12")
    assert keys_of([*one[:2], *two, *one[2:]]) == "12"


def test_a_press_overtaken_as_a_whole_is_dropped_rather_than_swapped() -> None:
    one, two = packets("12")
    assert keys_of([*two[:-3], *one]) == "2"


def test_a_key_held_longer_than_a_segment_is_one_key() -> None:
    segments = [
        RtpPacket(101, n == 0, n, (1000 + 65_535 * n) % TS_MOD, 7, PAYLOAD.pack(5, 10, 65_535))
        for n in range(3)
    ]
    assert keys_of(segments) == "5"


def test_the_same_key_pressed_again_is_told_again() -> None:
    assert keys_of(chain(*packets("11111"))) == "11111"


def test_a_replayed_capture_with_equal_timestamps_is_a_new_press() -> None:
    (one,) = packets("1")
    assert keys_of([*one, *one, *one]) == "111"


def test_a_clock_set_back_does_not_silence_the_caller() -> None:
    (before,), (after,) = packets("1", first=10_000_000), packets("2", first=5_000)
    without_marker = [p._replace(marker=False) for p in after]
    assert keys_of([*before, *without_marker]) == "12"


def test_a_new_source_begins_anew() -> None:
    (one,), (other,) = packets("1"), packets("1", ssrc=8)
    assert keys_of([*one, *other]) == "11"


@pytest.mark.parametrize(
    "payload", [b"", b"\x01", b"\x01\x80\x00", b"\x10\x80\x00\xa0", b"\xff" * 4]
)
def test_what_is_no_key_is_ignored(payload: bytes) -> None:
    assert keys_of([RtpPacket(101, True, 1, 1000, 7, payload)]) == ""


@pytest.mark.parametrize("key", ["", "E", "12", "#1"])
def test_pressing_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="key must be one of"):
        press(key)
