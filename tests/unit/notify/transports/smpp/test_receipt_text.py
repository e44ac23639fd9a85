"""What a deliver_sm says of an earlier message: parameters first, then the text."""

import pytest

from notify.notices import ReceiptState
from notify.transports.smpp.pdu import CommandID, ShortMessage, Tag
from notify.transports.smpp.receipt_text import is_receipt, read_receipt

FULL = (
    b"id:0123456789 sub:001 dlvrd:001 submit date:2611220931 done date:2611220932 "
    b"stat:DELIVRD err:000 Text:id:9 stat:UNDELIV"
)


def a_deliver(body: bytes = FULL, esm_class: int = 4, **tlvs: bytes) -> ShortMessage:
    return ShortMessage(
        CommandID.DELIVER_SM,
        "8613800138000",
        "95500",
        body,
        esm_class=esm_class,
        tlvs={Tag[name]: value for name, value in tlvs.items()},
    )


@pytest.mark.parametrize(
    ("message", "message_id", "state", "error"),
    [
        (a_deliver(), "0123456789", ReceiptState.DELIVERED, "000"),
        (a_deliver(b"id:7 stat:undeliv err:0b2"), "7", ReceiptState.UNDELIVERABLE, "0b2"),
        (a_deliver(b"stat:REJECTD id:ab-1"), "ab-1", ReceiptState.REJECTED, ""),
        (a_deliver(b"ID: 77 STAT: EXPIRED"), "77", ReceiptState.EXPIRED, ""),
        (a_deliver(b"id:7 stat:WHATEVER"), "7", ReceiptState.UNKNOWN, ""),
        (a_deliver(b"id:7"), "7", ReceiptState.UNKNOWN, ""),
        (
            a_deliver(RECEIPTED_MESSAGE_ID=b"A1\0", MESSAGE_STATE=b"\x05"),
            "A1",
            ReceiptState.UNDELIVERABLE,
            "000",
        ),
        (
            a_deliver(b"", RECEIPTED_MESSAGE_ID=b"A1", NETWORK_ERROR_CODE=b"\x03\x00\x01"),
            "A1",
            ReceiptState.UNKNOWN,
            "030001",
        ),
        (a_deliver(b"", MESSAGE_PAYLOAD=FULL), "0123456789", ReceiptState.DELIVERED, "000"),
        (a_deliver(MESSAGE_STATE=b"\x63"), "0123456789", ReceiptState.DELIVERED, "000"),
    ],
)
def test_a_receipt_is_read(message, message_id, state, error) -> None:
    receipt = read_receipt(message, at_ns=5)

    assert receipt is not None
    assert receipt[:4] == (message_id, "8613800138000", state, error)
    assert receipt.at_ns == 5


def test_our_own_reference_alone_is_enough() -> None:
    receipt = read_receipt(a_deliver(b"stat:DELIVRD", USER_MESSAGE_REFERENCE=b"\x00\x11"), 1)

    assert receipt is not None
    assert (receipt.message_id, receipt.reference) == ("", 17)


def test_a_receipt_that_names_nothing_is_none() -> None:
    assert read_receipt(a_deliver(b"thank you"), 1) is None


@pytest.mark.parametrize(
    ("esm_class", "is_one"),
    [(0x04, True), (0x20, True), (0x44, True), (0x00, False), (0x08, False)],
)
def test_the_class_tells_receipts_from_messages_of_people(esm_class, is_one) -> None:
    assert is_receipt(a_deliver(esm_class=esm_class)) is is_one
