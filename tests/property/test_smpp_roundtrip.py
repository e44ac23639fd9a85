"""SMPP octets: every split of a stream, every text in parts, and hostile bytes."""

import contextlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notify.notices import ReceiptState
from notify.simulator.reassembly import Reassembly
from notify.transports.smpp.encoding import (
    BASIC,
    EXTENSION,
    GSM_PART_MAX,
    GSM_SINGLE_MAX,
    UCS2_PART_MAX,
    UCS2_SINGLE_MAX,
    DataCoding,
    TextTooLong,
    decode,
    segment,
    split_header,
)
from notify.transports.smpp.link import Drop, Link, LinkLimits, Unanswered, Unsent, Write
from notify.transports.smpp.pdu import (
    PDU,
    PDU_BYTES_MAX,
    Bare,
    Bind,
    BindResp,
    CommandID,
    PDUReader,
    ShortMessage,
    ShortMessageResp,
    SMPPError,
    encode,
)
from notify.transports.smpp.receipt_text import read_receipt

GSM_CHARS = "".join(sorted(set(BASIC) - {"\x1b"})) + "".join(EXTENSION.values())
plain = st.characters(exclude_categories=["Cs"])
texts = st.one_of(
    st.text(alphabet=GSM_CHARS, max_size=600),
    st.text(alphabet=plain, max_size=300),
    st.text(alphabet="成交😀𠀀a€[", max_size=400),
)


def c_strings(size_max: int) -> st.SearchStrategy[str]:
    return st.text(
        alphabet=st.characters(min_codepoint=1, max_codepoint=127), max_size=size_max - 1
    )


byte = st.integers(0, 255)
tlvs = st.dictionaries(st.integers(0, 0xFFFF), st.binary(max_size=80), max_size=4)
bodies = st.one_of(
    st.builds(
        Bind,
        st.sampled_from([CommandID.BIND_TRANSCEIVER, CommandID.BIND_RECEIVER]),
        c_strings(16),
        c_strings(9),
        c_strings(13),
        byte,
        byte,
        byte,
        c_strings(41),
    ),
    st.builds(BindResp, st.just(CommandID.BIND_TRANSCEIVER_RESP), c_strings(16), tlvs),
    st.builds(
        ShortMessage,
        st.sampled_from([CommandID.SUBMIT_SM, CommandID.DELIVER_SM]),
        c_strings(21),
        c_strings(21),
        st.binary(max_size=254),
        byte,
        byte,
        byte,
        byte,
        byte,
        byte,
        byte,
        c_strings(6),
        byte,
        byte,
        c_strings(17),
        c_strings(17),
        byte,
        byte,
        tlvs,
    ),
    st.builds(
        ShortMessageResp,
        st.sampled_from([CommandID.SUBMIT_SM_RESP, CommandID.DELIVER_SM_RESP]),
        c_strings(65),
    ),
    st.builds(
        Bare,
        st.sampled_from([CommandID.ENQUIRE_LINK, CommandID.UNBIND_RESP, CommandID.GENERIC_NACK]),
    ),
)
pdus = st.builds(PDU, st.integers(0, 2**32 - 1), st.just(0), bodies)


def pieces(octets: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({min(cut, len(octets)) for cut in cuts})
    return [octets[a:b] for a, b in zip([0, *places], [*places, len(octets)], strict=True)]


@given(st.lists(pdus, max_size=5), st.lists(st.integers(0, 2000), max_size=8))
def test_pdus_survive_any_split_of_their_bytes(sent: list[PDU], cuts: list[int]) -> None:
    reader, received = PDUReader(), []
    for piece in pieces(b"".join(map(encode, sent)), cuts):
        received += reader.feed(piece)
    assert received == sent


@given(texts, st.integers(0, 2**31), st.randoms(use_true_random=False))
def test_a_text_is_whole_again_whatever_the_order_of_its_parts(
    text: str, reference: int, rng: random.Random
) -> None:
    try:
        segments = segment(text, reference)
    except TextTooLong:
        assert len(text) > 16 * 66 / 2
        return
    submits = [
        ShortMessage(
            CommandID.SUBMIT_SM,
            "1",
            "2",
            part,
            segments.data_coding,
            0x40 if segments.has_header else 0,
        )
        for part in segments.parts
    ]
    rng.shuffle(submits)
    phone = Reassembly()
    *gaps, whole = [phone.take(str(number), submit) for number, submit in enumerate(submits)]
    assert gaps == [None] * (len(submits) - 1)
    assert whole is not None
    assert whole.text == text


@given(texts)
def test_every_part_can_be_read_alone_and_fits(text: str) -> None:
    with contextlib.suppress(TextTooLong):
        segments = segment(text, 7)
        is_gsm = segments.data_coding is DataCoding.DEFAULT
        single_max = GSM_SINGLE_MAX if is_gsm else UCS2_SINGLE_MAX
        part_max = GSM_PART_MAX if is_gsm else UCS2_PART_MAX
        for part in segments.parts:
            header, body = split_header(part) if segments.has_header else (None, part)
            assert len(body) <= (part_max if segments.has_header else single_max)
            assert "\ufffd" not in decode(body, segments.data_coding) or "\ufffd" in text
            if is_gsm:
                assert not body.endswith(b"\x1b")
            if header is not None:
                assert header.reference == 7


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=4))
def test_hostile_bytes_are_pdus_or_an_smpp_error(octets: bytes, cuts: list[int]) -> None:
    reader = PDUReader()
    with contextlib.suppress(SMPPError):
        for piece in pieces(octets, cuts):
            reader.feed(piece)


@given(pdus, st.binary(max_size=30), st.integers(0, 300), st.integers(16, 400))
def test_a_damaged_pdu_never_breaks_the_reader_or_the_link(
    pdu: PDU, noise: bytes, at: int, size: int
) -> None:
    octets = bytearray(encode(pdu))
    at = min(at, len(octets))
    octets[at : at + len(noise)] = noise
    octets[:4] = size.to_bytes(4, "big")
    octets += bytes(max(size - len(octets), 0))
    link: Link[int] = Link(
        Bind(CommandID.BIND_TRANSCEIVER, "a", "b"), LinkLimits(4, 0, 5, 5, 30, 0.1, 1)
    )
    link.opened(0)
    for effect in link.received(bytes(octets), 1):
        assert not isinstance(effect, Unanswered | Unsent)
        if isinstance(effect, Write):
            assert PDUReader().feed(effect.octets)


@given(st.binary(max_size=254), byte, byte, tlvs)
def test_a_hostile_receipt_is_read_or_ignored(
    body: bytes, esm_class: int, data_coding: int, optional: dict[int, bytes]
) -> None:
    message = ShortMessage(
        CommandID.DELIVER_SM, "1", "2", body, data_coding, esm_class, tlvs=optional
    )
    receipt = read_receipt(message, 1)
    assert receipt is None or receipt.state in ReceiptState


@pytest.mark.parametrize("size", [0, 1, 15, PDU_BYTES_MAX + 1, 0xFFFFFFFF])
def test_an_impossible_length_drops_the_link(size: int) -> None:
    link: Link[int] = Link(
        Bind(CommandID.BIND_TRANSCEIVER, "a", "b"), LinkLimits(4, 0, 5, 5, 30, 0.1, 1)
    )
    assert link.received(size.to_bytes(4, "big") + bytes(12), 0) == [Drop("smpp_garbage")]
