"""Which alphabet, how many parts, where they are cut."""

import pytest

from notify.transports.smpp.encoding import (
    DataCoding,
    Header,
    TextTooLong,
    decode,
    segment,
    split_header,
)


@pytest.mark.parametrize(
    ("text", "data_coding", "sizes"),
    [
        ("", DataCoding.DEFAULT, [0]),
        ("a" * 160, DataCoding.DEFAULT, [160]),
        ("a" * 161, DataCoding.DEFAULT, [153, 8]),
        ("€" * 80, DataCoding.DEFAULT, [160]),  # an extension character is two septets
        ("€" * 81, DataCoding.DEFAULT, [152, 10]),  # and is not cut: 76 fit into 153
        ("成" * 70, DataCoding.UCS2, [140]),
        ("成" * 71, DataCoding.UCS2, [134, 8]),
        ("成" * 66 + "😀" * 3, DataCoding.UCS2, [132, 12]),  # a pair is not cut
        ("a" * 159 + "ł", DataCoding.UCS2, [134, 134, 52]),
    ],
)
def test_a_text_is_cut_where_it_may_be(text, data_coding, sizes) -> None:
    segments = segment(text, reference=0x1FF)

    header_bytes = 6 if len(sizes) > 1 else 0
    assert segments.data_coding is data_coding
    assert [len(part) - header_bytes for part in segments.parts] == sizes


def test_parts_carry_an_eight_bit_reference_their_count_and_number() -> None:
    first, second = segment("a" * 161, reference=0x1FF).parts

    assert first[:6].hex() == "050003ff0201"
    assert second[:6].hex() == "050003ff0202"


def test_too_long_a_text_is_refused() -> None:
    with pytest.raises(TextTooLong, match="16 parts, was 17"):
        segment("成" * (67 * 16 + 1), 0)


@pytest.mark.parametrize(
    ("octets", "header", "body"),
    [
        (b"\x05\x00\x03\x07\x02\x01hi", Header(7, 2, 1), b"hi"),
        (b"\x06\x08\x04\x01\x02\x03\x02hi", Header(0x102, 3, 2), b"hi"),  # 16-bit reference
        (b"\x07\x24\x01\x00\x00\x03\x07\x02", None, b"\x07\x24\x01\x00\x00\x03\x07\x02"),
        (b"\x05\x00\x03\x07\x02\x03hi", None, b"hi"),  # part 3 of 2 is none
        (b"\x05\x00\x03\x07\x00\x00hi", None, b"hi"),
        (b"\x03\x00\x09\x01hi", None, b"\x03\x00\x09\x01hi"),  # element longer than the header
        (b"\xffhi", None, b"\xffhi"),
        (b"", None, b""),
    ],
)
def test_a_header_is_read_or_left_as_text(octets, header, body) -> None:
    assert split_header(octets) == (header, body)


@pytest.mark.parametrize(
    ("octets", "data_coding", "text"),
    [
        (b"\x1b\x65 \x00", 0, "€ @"),
        (b"\x1b", 0, " "),
        (b"\x1b\x41", 0, "A"),  # not in the extension table: shown as the basic character
        (b"\x80", 0, "\ufffd"),
        (b"\x6b\x65", 8, "步"),
        (b"\xe9", 3, "é"),
        (b"\xe9", 1, "\ufffd"),
        (b"\xd8\x3d", 8, "\ufffd"),  # half a pair
    ],
)
def test_a_body_is_read_by_its_data_coding(octets, data_coding, text) -> None:
    assert decode(octets, data_coding) == text
