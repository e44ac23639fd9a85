"""Octets of PDUs as the specification lays them out, and what is refused."""

import pytest

from notify.transports.smpp.pdu import (
    PDU,
    Bare,
    Bind,
    BindResp,
    CommandID,
    CommandStatus,
    Foreign,
    Malformed,
    PDUReader,
    ShortMessage,
    ShortMessageResp,
    encode,
)

# A bind_transmitter laid out by hand from the field table of section 4.1.1
BIND_TRANSMITTER = bytes.fromhex(
    "0000002f 00000002 00000000 00000001"
    "534d50503354455354 00 7365637265743038 00 5355424d495431 00 34 01 01 00"
)


def test_a_bind_has_the_layout_of_the_specification() -> None:
    bind = Bind(
        CommandID.BIND_TRANSMITTER,
        "SMPP3TEST",
        "secret08",
        "SUBMIT1",
        interface_version=0x34,
        addr_ton=1,
        addr_npi=1,
    )
    octets = BIND_TRANSMITTER

    assert PDUReader().feed(octets) == [PDU(1, 0, bind)]
    assert encode(PDU(1, 0, bind)) == octets


def test_an_error_answer_has_no_body_and_is_read_without_one() -> None:
    refused = PDU(7, CommandStatus.RINVPASWD, BindResp(CommandID.BIND_TRANSCEIVER_RESP))
    throttled = PDU(8, CommandStatus.RTHROTTLED, ShortMessageResp(CommandID.SUBMIT_SM_RESP))

    octets = encode(refused) + encode(throttled)

    assert len(octets) == 32
    assert PDUReader().feed(octets) == [refused, throttled]


@pytest.mark.parametrize(
    ("octets", "body"),
    [
        ("00000010 00000003 00000000 00000005", Foreign(3)),  # query_sm
        ("00000010 00000004 00000000 00000005", Malformed(CommandID.SUBMIT_SM, "")),
        ("00000014 80000004 00000000 00000005 41414141", Malformed(CommandID.SUBMIT_SM_RESP, "")),
        ("00000010 80000000 00000003 00000005", Bare(CommandID.GENERIC_NACK)),
    ],
)
def test_what_cannot_be_read_is_a_value(octets, body) -> None:
    (pdu,) = PDUReader().feed(bytes.fromhex(octets))

    assert pdu.sequence == 5
    assert pdu.body == body or (
        isinstance(pdu.body, Malformed) and pdu.body.command_id == body.command_id
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"destination_addr": "1" * 21}, "destination_addr has at most 20 characters, was 21"),
        ({"short_message": bytes(255)}, "short_message has at most 254 bytes, was 255"),
        ({"source_addr": "1\0002"}, "source_addr"),
    ],
)
def test_a_field_that_does_not_fit_is_named(changes, message) -> None:
    submit = ShortMessage(CommandID.SUBMIT_SM, "1", "2", b"")

    with pytest.raises(ValueError, match=message):
        encode(PDU(1, 0, submit._replace(**changes)))
