"""The ladder of one call as text, for logs and people: when, which way, what.

Not here: audio, and header values that could tell more than a log may know.
"""

from typing import Final, NamedTuple

from gateway.sip.message import Request, Response

ROWS_MAX: Final = 200


class Rung(NamedTuple):
    """One message or happening; `arrow` is "-->" from us, "<--" to us, "   " for a remark."""

    at_s: float
    arrow: str
    text: str


def summary(message: Request | Response) -> str:
    """Return what a ladder shows of a message: "INVITE (SDP)", "200 OK to INVITE (SDP)"."""
    body = " (SDP)" if message.body.startswith(b"v=0") else ""
    if isinstance(message, Request):
        return f"{message.method}{body}"
    reason = ascii(message.reason[:40])[1:-1]
    return f"{message.status} {reason} to {message.cseq.method}{body}"


class Ladder:
    """Rungs in their order, at most ROWS_MAX; what comes after is only counted."""

    def __init__(self, start_s: float) -> None:
        self._start_s = start_s
        self._rungs: list[Rung] = []
        self._omitted = 0

    def __repr__(self) -> str:
        """As a log shows it, if it does: lines are made only then."""
        return self.text()

    def sent(self, at_s: float, message: Request | Response) -> Rung:
        """Note a message of ours."""
        return self._note(at_s, "-->", summary(message))

    def received(self, at_s: float, message: Request | Response) -> Rung:
        """Note a message of the peer."""
        return self._note(at_s, "<--", summary(message))

    def remark(self, at_s: float, text: str) -> Rung:
        """Note something that is not a message."""
        return self._note(at_s, "   ", text)

    def _note(self, at_s: float, arrow: str, text: str) -> Rung:
        rung = Rung(at_s - self._start_s, arrow, text)
        if len(self._rungs) < ROWS_MAX:
            self._rungs.append(rung)
        else:
            self._omitted += 1
        return rung

    def lines(self) -> list[str]:
        """Return one line per rung: seconds since the start, arrow, text."""
        shown = [line_of(rung) for rung in self._rungs]
        return [*shown, f"{self._omitted} more"] if self._omitted else shown

    def text(self) -> str:
        """Return all lines as one text."""
        return "\n".join(self.lines())


def line_of(rung: Rung) -> str:
    """Return one rung as a line."""
    return f"{rung.at_s:9.3f}  {rung.arrow}  {rung.text}"
