"""The session description in a body of several parts, as trunks with ISUP or geodata send it.

Not here: sessions themselves (gateway.sip.sdp). RFC 5621 §3, RFC 2046 §5.1.
"""

from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from typing import Final

from gateway.sip.errors import SipError, shown

PARTS_MAX: Final = 8
KINDS: Final = frozenset({"multipart/mixed", "multipart/related", "multipart/alternative"})
CONTENT_TYPE: Final = "application/sdp"


def sdp_part(content_type: str, body: bytes) -> bytes | None:
    """Return the first session description among the parts, None when there is none.

    Raises SipError: 400 for parts that cannot be told apart or are too many, 415 when another
    part says that it must be understood.
    """
    head = f"Content-Type: {content_type}\r\n\r\n".encode("utf-8", "surrogateescape")
    whole = BytesParser(policy=HTTP).parsebytes(head + body)
    parts = whole.get_payload()
    if not isinstance(parts, list) or whole.defects:
        raise SipError(f"body with parts that cannot be told apart, was {shown(content_type)}")
    if len(parts) > PARTS_MAX:
        raise SipError(f"body of {len(parts)} parts, limit {PARTS_MAX}")
    found: bytes | None = None
    for part in parts:
        assert isinstance(part, Message)
        if part.get_content_type() == CONTENT_TYPE:
            payload = part.get_payload(decode=True)
            if found is None and isinstance(payload, bytes):
                found = payload
        elif _must_be_understood(str(part.get("Content-Disposition", ""))):
            raise SipError(f"a part must be {CONTENT_TYPE}, was {part.get_content_type()}", 415)
    return found


def _must_be_understood(disposition: str) -> bool:
    """Only a part that says so: ISUP without a word on it is common, and nothing to us."""
    return "handling=required" in disposition.lower().replace(" ", "").replace('"', "")
