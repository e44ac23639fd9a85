"""Keys that come as SIP INFO: `application/dtmf-relay` and `application/dtmf`.

No RFC defines them; the forms are those that phones and carriers send. The duration says nothing
that we need. Not here: keys in RTP (gateway.media).
"""

import re
from typing import Final

from gateway.sip.errors import SipError, shown
from gateway.sip.message import Request

RELAY: Final = "application/dtmf-relay"
PLAIN: Final = "application/dtmf"
ACCEPTED: Final = f"{RELAY}, {PLAIN}"
BODY_BYTES_MAX: Final = 256

_SIGNAL = re.compile(r"^[ \t]*signal[ \t]*=[ \t]*([^\r\n]*?)[ \t]*\r?$", re.I | re.M)
_KEYS: Final = {key: key for key in "0123456789*#ABCD"} | {
    "10": "*", "11": "#", "12": "A", "13": "B", "14": "C", "15": "D", "16": "", "!": "",
}  # fmt: skip


def key_of(info: Request) -> str:
    """Return the key an INFO brings, "" when it brings none that we know: no body, hook flash.

    Raises SipError: 413 for a large body, 415 for another type, 400 for what is no key, 469 for
    an Info-Package (RFC 6086).
    """
    if info.headers.get("Info-Package") is not None:
        raise SipError("no Info-Package is known here", 469)
    if not info.body:
        return ""
    if len(info.body) > BODY_BYTES_MAX:
        raise SipError(f"INFO body of {len(info.body)} bytes, limit {BODY_BYTES_MAX}", 413)
    kind = (info.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
    if kind not in (RELAY, PLAIN):
        raise SipError(f"INFO body must be {ACCEPTED}, was {shown(kind)}", 415)
    text = info.body.decode("latin-1")
    found = _SIGNAL.search(text)
    if found is None and kind == RELAY:
        raise SipError("dtmf-relay without Signal=")
    signal = (found[1] if found else text).strip().upper()
    key = _KEYS.get(signal)
    if key is None:
        raise SipError("Signal must be one of 0-9 * # A-D")
    return key
