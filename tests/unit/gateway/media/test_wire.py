"""Control messages and their frames."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.media import wire
from gateway.media.keys import KeySource
from gateway.media.port import LegFigures

REQUESTS: list[wire.Request] = [
    wire.OpenLeg(1, True),
    wire.SetPeer(1, "192.0.2.1", 4000, 8, None),
    wire.LoadClip("a", b"\xd5" * 300),
    wire.ForgetClip("a"),
    wire.Play(1, ["a", "b"], 7, True),
    wire.InfoKey(1, "5"),
    wire.Record(1, "/var/calls/1.wav"),
    wire.StopRecording(1),
    wire.Secure(1, True, 1_700_000_000_000_000_000),
    wire.Bridge(1, 2),
    wire.Unbridge(1),
    wire.SendDigits(1, "12#", 8),
    wire.StopPlay(1),
    wire.CloseLeg(1),
]
REPORTS: list[wire.Report] = [
    wire.LegOpened(1, "127.0.0.1", 4000),
    wire.LegRefused(1, "no port"),
    wire.KeyPressed(1, "5", 1_700_000_000_000_000_000, KeySource.INFO),
    wire.Played(1, 7),
    wire.SoundHeard(1, b"\xd5"),
    wire.RecordingDone(1, "/var/calls/1.wav", "ab", 1200, 1_700_000_000_000_000_000, 20),
    wire.RecordingRefused(1, "/var/calls/1.wav", "no room"),
    wire.LegFailed(1),
    wire.LegClosed(1, LegFigures(1, 2, 3, 4.5, 6, 7)),
    wire.Beat(3, [1, 2, 3]),
]


@given(st.lists(st.integers(1, 400), max_size=40))
def test_messages_survive_any_cut_of_the_stream(cuts: list[int]) -> None:
    stream = b"".join(map(wire.frame, [*REQUESTS, *REPORTS]))
    reader, bodies = wire.FrameReader(), []
    for cut in [*cuts, len(stream)]:
        bodies += reader.feed(stream[:cut])
        stream = stream[cut:]
    assert [wire.read_request(body) for body in bodies[: len(REQUESTS)]] == REQUESTS
    assert [wire.read_report(body) for body in bodies[len(REQUESTS) :]] == REPORTS


def test_an_oversized_frame_is_told_at_its_head() -> None:
    with pytest.raises(wire.WireBroken, match="was 4294967295"):
        wire.FrameReader().feed(b"\xff" * 4)


@pytest.mark.parametrize("body", [b"", b"\x90", b"\x92\xa7OpenLeg\x01", b"\xff" * 10])
def test_foreign_bodies_are_refused(body: bytes) -> None:
    with pytest.raises(wire.WireBroken, match="not a request"):
        wire.read_request(body)
    with pytest.raises(wire.WireBroken, match="not a report"):
        wire.read_report(body)


def test_keys_are_not_in_any_repr() -> None:
    told = [
        wire.SendDigits(1, "258036", 8),
        wire.KeyPressed(1, "#", 1, KeySource.TONE),
        wire.InfoKey(1, "#"),
    ]
    shown = repr(told)
    assert "258036" not in shown
    assert "#" not in shown
