"""What can be wrong with signalling; each error knows the response it deserves (RFC 3261 §21).

Not here: outcomes of a call, which are values (gateway.sip.calls).
"""

from risk.domain.errors import PermanentFailure, TemporaryFailure

SHOWN_CHARS_MAX = 60


class SipError(PermanentFailure):
    """A message, or a part of one, is not acceptable; `status` is the response it deserves."""

    code = "sip.unacceptable"

    def __init__(self, problem: str, status: int = 400) -> None:
        super().__init__(problem)
        self.status = status


class SdpError(SipError):
    """A session description is malformed (400) or offers nothing that we can do (488)."""

    code = "sip.session_unacceptable"


class SipNotSent(TemporaryFailure):
    """Our socket is closed, or the message is larger than it may be."""

    code = "sip.not_sent"


def shown(text: str) -> str:
    """Return foreign text safe and short enough for an error message."""
    short = text if len(text) <= SHOWN_CHARS_MAX else text[:SHOWN_CHARS_MAX] + "..."
    return ascii(short)
