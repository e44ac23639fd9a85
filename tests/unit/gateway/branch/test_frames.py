"""Frames however the bytes are cut."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.branch.frames import FrameReader, WireError, framed


@given(
    messages=st.lists(st.binary(max_size=60), max_size=8),
    cuts=st.lists(st.integers(0, 500), max_size=12),
)
def test_messages_come_out_whole_however_the_bytes_are_cut(
    messages: list[bytes], cuts: list[int]
) -> None:
    data = framed(messages)
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    reader = FrameReader(60)
    got: list[bytes] = []
    for start, end in itertools.pairwise(edges):
        got += reader.feed(data[start:end])
    assert got == messages


def test_a_frame_above_the_limit_is_refused_by_its_length_alone() -> None:
    reader = FrameReader(60)
    with pytest.raises(WireError, match="may have 60 bytes, was 61"):
        reader.feed((61).to_bytes(4, "big"))


def test_a_frame_of_the_limit_is_taken() -> None:
    assert FrameReader(60).feed(framed([bytes(60)])) == [bytes(60)]
