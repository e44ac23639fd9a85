"""The file of a recording, byte by byte."""

import pytest

from gateway.media import wav

STARTED_NS = 1_795_000_000_123_456_789


def test_an_open_file_says_so_and_when_it_began() -> None:
    assert wav.read_header(wav.header(STARTED_NS)) == wav.Header(STARTED_NS, True, 0)


@pytest.mark.parametrize("data_bytes", [0, 2, 32_000])
def test_a_complete_file_says_its_size(data_bytes: int) -> None:
    head = wav.header(STARTED_NS, data_bytes)
    assert len(head) == wav.HEADER_BYTES
    assert wav.read_header(head) == wav.Header(STARTED_NS, False, data_bytes)


def test_gaps_are_named_in_a_chunk_of_even_size() -> None:
    tail = wav.tail([wav.Gap(1000, 2000), wav.Gap(5000, 5500)])
    assert b"missing: 1000-2000 ms, 5000-5500 ms\0" in tail
    assert len(tail) % 2 == 0
    assert int.from_bytes(tail[4:8], "little") == len(tail) - 8
    assert wav.tail([]) == b""


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"RIFF",
        wav.header(STARTED_NS)[:-1],
        wav.header(STARTED_NS).replace(b"fmt ", b"fmt_"),
        wav.header(STARTED_NS).replace(b"started", b"STARTED").replace(b" ns", b"   "),
        wav.header(STARTED_NS).replace(b"\x06\x00\x02\x00", b"\x07\x00\x02\x00"),  # mu-law
    ],
)
def test_other_files_are_no_recordings(head: bytes) -> None:
    with pytest.raises(wav.NoRecording):
        wav.read_header(head)
