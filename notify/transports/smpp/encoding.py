"""Text of an SMS as octets: GSM 03.38 or UCS-2, split into parts by a user data header.

GSM 7-bit text goes unpacked, one septet per octet, as SMPP centres take it. A part never splits an
escape sequence or a surrogate pair. Sources: 3GPP TS 23.038 (alphabet), TS 23.040 section 9.2.3.24
(user data header). Not here: PDUs (notify.transports.smpp.pdu).
"""

import enum
from typing import Final, NamedTuple

BASIC: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION: Final = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}
ESCAPE: Final = 0x1B
assert len(BASIC) == 128

_SEPTETS: Final = {char: bytes([code]) for code, char in enumerate(BASIC) if code != ESCAPE} | {
    char: bytes([ESCAPE, code]) for code, char in EXTENSION.items()
}

GSM_SINGLE_MAX: Final = 160  # septets
GSM_PART_MAX: Final = 153
UCS2_SINGLE_MAX: Final = 140  # octets
UCS2_PART_MAX: Final = 134
PARTS_MAX: Final = 16  # what part_reference can number
_CONCAT_8: Final = 0x00  # information element: concatenated message, 8-bit reference
_CONCAT_16: Final = 0x08


class DataCoding(enum.IntEnum):
    """data_coding of SMPP 3.4 section 5.2.19, as far as we read it."""

    DEFAULT = 0
    IA5 = 1
    LATIN_1 = 3
    UCS2 = 8


class TextTooLong(ValueError):
    """More parts than a message may have."""


class Segments(NamedTuple):
    """One message as short_message fields; with more than one, each begins with its header."""

    data_coding: DataCoding
    parts: tuple[bytes, ...]

    @property
    def has_header(self) -> bool:
        """Whether the parts carry a user data header (esm_class 0x40)."""
        return len(self.parts) > 1


class Header(NamedTuple):
    """Place of a part in its message; `part_no` counts from 1."""

    reference: int
    part_count: int
    part_no: int


def segment(text: str, reference: int) -> Segments:
    """Split `text` into parts; `reference` (taken modulo 256) ties them together.

    GSM 03.38 when every character has a septet, UCS-2 otherwise. Raises TextTooLong.
    """
    units, single_max, part_max, data_coding = _units(text)
    size = sum(map(len, units))
    if size <= single_max:
        return Segments(data_coding, (b"".join(units),))
    bodies: list[bytearray] = [bytearray()]
    for unit in units:
        if len(bodies[-1]) + len(unit) > part_max:
            bodies.append(bytearray())
        bodies[-1] += unit
    if len(bodies) > PARTS_MAX:
        raise TextTooLong(f"a message may have {PARTS_MAX} parts, was {len(bodies)}")
    return Segments(
        data_coding,
        tuple(
            bytes((5, _CONCAT_8, 3, reference % 256, len(bodies), number)) + bytes(body)
            for number, body in enumerate(bodies, 1)
        ),
    )


def _units(text: str) -> tuple[list[bytes], int, int, DataCoding]:
    """Return what may not be split, the room in a single and in a split part, and the coding."""
    try:
        return [_SEPTETS[char] for char in text], GSM_SINGLE_MAX, GSM_PART_MAX, DataCoding.DEFAULT
    except KeyError:
        units = [char.encode("utf-16-be", "replace") for char in text]
        return units, UCS2_SINGLE_MAX, UCS2_PART_MAX, DataCoding.UCS2


def split_header(short_message: bytes) -> tuple[Header | None, bytes]:
    """Return the concatenation header of a part, if it has one, and what follows the headers.

    Damaged headers are no headers: the octets then count as text.
    """
    if not short_message or short_message[0] >= len(short_message):
        return None, short_message
    end = short_message[0] + 1
    at, found = 1, None
    while at + 2 <= end:
        element, size = short_message[at], short_message[at + 1]
        value = short_message[at + 2 : at + 2 + size]
        if at + 2 + size > end:
            return None, short_message
        if element == _CONCAT_8 and size == 3:
            found = Header(value[0], value[1], value[2])
        elif element == _CONCAT_16 and size == 4:
            found = Header(int.from_bytes(value[:2], "big"), value[2], value[3])
        at += 2 + size
    if found is not None and not 1 <= found.part_no <= found.part_count:
        found = None
    return found, short_message[end:]


def decode(body: bytes, data_coding: int) -> str:
    """Return the text of a body without headers; what cannot be read becomes U+FFFD."""
    if data_coding == DataCoding.UCS2:
        return body.decode("utf-16-be", "replace")
    if data_coding == DataCoding.LATIN_1:
        return body.decode("latin-1")
    if data_coding == DataCoding.IA5:
        return body.decode("ascii", "replace")
    return _decode_septets(body)


def _decode_septets(body: bytes) -> str:
    text: list[str] = []
    codes = iter(body)
    for code in codes:
        if code == ESCAPE:
            escaped = next(codes, None)
            # an extension that is not in the table shows as the basic character (TS 23.038 6.2.1.1)
            text.append(" " if escaped is None else EXTENSION.get(escaped, _basic(escaped)))
        else:
            text.append(_basic(code))
    return "".join(text)


def _basic(code: int) -> str:
    return "\ufffd" if code > 0x7F else (" " if code == ESCAPE else BASIC[code])
