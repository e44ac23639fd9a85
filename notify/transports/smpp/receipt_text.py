"""What a deliver_sm says about an earlier message: by optional parameters first, then by its text.

The text form (`id:… sub:… dlvrd:… submit date:… done date:… stat:… err:… text:…`) is appendix B of
SMPP 3.4; centres shorten and reorder it. Not here: which message it belongs to (notify.receipts).
"""

import re
from typing import Final

from notify.notices import ReceiptState
from notify.transports.port import Receipt
from notify.transports.smpp.encoding import decode
from notify.transports.smpp.pdu import ShortMessage, Tag

TEXT_CHARS_MAX: Final = 512
_RECEIPT_CLASSES: Final = frozenset({0x04, 0x20})  # esm_class: receipt, intermediate notification
_STATES: Final = {
    "ENROUTE": ReceiptState.ENROUTE,
    "DELIVRD": ReceiptState.DELIVERED,
    "EXPIRED": ReceiptState.EXPIRED,
    "DELETED": ReceiptState.DELETED,
    "UNDELIV": ReceiptState.UNDELIVERABLE,
    "ACCEPTD": ReceiptState.ACCEPTED,
    "UNKNOWN": ReceiptState.UNKNOWN,
    "REJECTD": ReceiptState.REJECTED,
}
_FIELD: Final = re.compile(r"(?i)(?<![a-z])(id|stat|err):\s*([^\s:]*)")
_QUOTED_TEXT: Final = re.compile(r"(?i)(?<![a-z])text:")


def is_receipt(message: ShortMessage) -> bool:
    """Whether a deliver_sm is about an earlier message and no message of a person."""
    return message.esm_class & 0x3C in _RECEIPT_CLASSES or Tag.RECEIPTED_MESSAGE_ID in message.tlvs


def read_receipt(message: ShortMessage, at_ns: int) -> Receipt | None:
    """Return the receipt a deliver_sm carries; None when it names no message.

    A state that cannot be read counts as UNKNOWN, which decides nothing.
    """
    text = decode(message.payload, message.data_coding)[:TEXT_CHARS_MAX]
    # the quoted start of our own message comes last and may hold anything
    fields = {name.lower(): value for name, value in _FIELD.findall(_QUOTED_TEXT.split(text, 1)[0])}
    message_id = _tlv_text(message, Tag.RECEIPTED_MESSAGE_ID) or fields.get("id", "")
    reference = int.from_bytes(message.tlvs.get(Tag.USER_MESSAGE_REFERENCE, b"")[:2], "big")
    if not message_id and not reference:
        return None
    error = fields.get("err", "") or message.tlvs.get(Tag.NETWORK_ERROR_CODE, b"").hex()
    return Receipt(
        message_id, message.source_addr, _state(message, fields), error, reference, at_ns
    )


def _state(message: ShortMessage, fields: dict[str, str]) -> ReceiptState:
    told = message.tlvs.get(Tag.MESSAGE_STATE, b"")
    if len(told) == 1 and 1 <= told[0] <= max(ReceiptState):
        return ReceiptState(told[0])
    return _STATES.get(fields.get("stat", "").upper()[:7], ReceiptState.UNKNOWN)


def _tlv_text(message: ShortMessage, tag: Tag) -> str:
    octets = message.tlvs.get(tag, b"")
    return octets.split(b"\0", 1)[0].decode("latin-1")[:65]
