"""Session timers: a call whose peer is gone ends, although no BYE comes (RFC 4028).

We refresh when the peer cannot, or leaves it to us: by UPDATE when it allows that, else by an
INVITE within the call. Not here: how those are sent (gateway.sip.calls, .session_change).
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from gateway.sip.errors import SipError
from gateway.sip.headers import parse_number, parse_params
from gateway.sip.message import Headers
from gateway.sip.uri import param_of

MIN_SE_S: Final = 90  # §5: nobody may ask for less
EXPIRES_S_MAX: Final = 86_400
UAC, UAS = "uac", "uas"

Rows = tuple[tuple[str, str], ...]


class SessionTooBrief(SipError):
    """The peer asks for a shorter interval than anybody may: 422, and Min-SE says what may be."""

    code = "sip.session_too_brief"

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Session-Expires must be at least {MIN_SE_S}, was {seconds}", 422)


class Expires(NamedTuple):
    """A Session-Expires value; `refresher` is "uac", "uas" or "" when it is left open."""

    seconds: int
    refresher: str = ""

    def __str__(self) -> str:
        return f"{self.seconds};refresher={self.refresher}" if self.refresher else f"{self.seconds}"


def session_expires(headers: Headers) -> Expires | None:
    """Return the Session-Expires, None when there is none. Raises SipError."""
    text = headers.get("Session-Expires")
    if text is None:
        return None
    number, semicolon, tail = text.partition(";")
    seconds = min(parse_number("Session-Expires", number, 2**31 - 1), EXPIRES_S_MAX)
    refresher = (param_of(parse_params(semicolon + tail), "refresher") or "").lower()
    return Expires(seconds, refresher if refresher in (UAC, UAS) else "")


def min_se(headers: Headers) -> int:
    """Return the Min-SE, at least MIN_SE_S. Raises SipError."""
    text = (headers.get("Min-SE") or "0").partition(";")[0]
    return min(max(MIN_SE_S, parse_number("Min-SE", text, 2**31 - 1)), EXPIRES_S_MAX)


def supports(headers: Headers, extension: str) -> bool:
    """Return True when the sender supports, or requires, the extension."""
    return any(extension in headers.listed(name) for name in ("Supported", "Require"))


def answer_of(headers: Headers, ours_s: int) -> Expires:
    """Return what our 2xx says to a request with these headers (§9, table 2).

    A peer that does not know session timers is refreshed by us. Raises SessionTooBrief.
    """
    asked = session_expires(headers)
    knows_timers = supports(headers, "timer")
    if asked is not None and asked.seconds < MIN_SE_S and knows_timers:
        raise SessionTooBrief(asked.seconds)
    seconds = max(min(asked.seconds, ours_s) if asked else ours_s, min_se(headers))
    refresher = asked.refresher if asked and knows_timers else ""
    return Expires(seconds, refresher or UAS)


class SessionTimer:
    """The timer of one call. Every refresh, by either side, starts it anew."""

    def __init__(
        self,
        clock: IReactorTime,
        ours_s: int,
        refresh: Callable[[], None],
        expired: Callable[[], None],
    ) -> None:
        self.is_ours = False  # we refresh
        self._clock = clock
        self._seconds = ours_s
        self._min_se_s = MIN_SE_S
        self._ours_s = ours_s
        self._refresh = refresh
        self._expired = expired
        self._delayed: IDelayedCall | None = None
        self._is_running = False

    def asking(self) -> Rows:
        """Return the headers of an INVITE or UPDATE of ours."""
        refresher = ""
        if self._is_running:
            refresher = UAC if self.is_ours else UAS
        expires = Expires(max(self._seconds, self._min_se_s), refresher)
        return (("Session-Expires", str(expires)), ("Min-SE", str(self._min_se_s)))

    def judged(self, headers: Headers) -> Expires:
        """Return what our 2xx to such a request will say. Raises SipError for one to refuse."""
        return answer_of(headers, self._ours_s)

    def agreed(self, expires: Expires) -> Rows:
        """Return the headers of that 2xx, and start."""
        self._start(expires.seconds, is_ours=expires.refresher == UAS)
        rows: Rows = (("Session-Expires", str(expires)),)
        return (*rows, ("Require", "timer")) if expires.refresher == UAC else rows

    def accepted(self, headers: Headers) -> None:
        """A 2xx to such a request of ours came; without Session-Expires we refresh alone."""
        try:
            expires = session_expires(headers)
        except SipError:
            expires = None
        if expires is None:
            self._start(self._seconds, is_ours=True)
        else:
            seconds = max(expires.seconds, self._min_se_s)
            self._start(seconds, is_ours=expires.refresher != UAS)

    def refused(self) -> None:
        """A refresh of ours was answered, if only by a refusal: the far end is there."""
        if self.is_ours:
            self._start(self._seconds, is_ours=True)

    def raised(self, headers: Headers) -> bool:
        """Take the Min-SE of a 422; False when it asks for no more than we offered."""
        try:
            wanted_s = min_se(headers)
        except SipError:
            return False
        offered_s = max(self._seconds, self._min_se_s)
        if wanted_s <= offered_s:
            return False
        self._min_se_s = self._seconds = wanted_s
        return True

    def _start(self, seconds: int, is_ours: bool) -> None:
        self._cancel()
        self._seconds, self.is_ours, self._is_running = seconds, is_ours, True
        if is_ours:
            self._delayed = self._clock.callLater(seconds / 2, self._half_gone)
        else:  # §10: BYE a little before its end
            self._delayed = self._clock.callLater(seconds - min(32, seconds / 3), self._end)

    def _half_gone(self) -> None:
        self._delayed = self._clock.callLater(self._seconds / 2, self._end)
        self._refresh()

    def _end(self) -> None:
        self._delayed = None
        self._expired()

    def stop(self) -> None:
        """The call is over; nothing leads back to it from here."""
        self._cancel()
        self._refresh = self._expired = _nothing

    def _cancel(self) -> None:
        if self._delayed is not None and self._delayed.active():
            self._delayed.cancel()
        self._delayed = None


def _nothing() -> None:
    """What a timer of a call that is over does."""
