"""What is repeated until the peer acknowledges it: a 2xx until its ACK, a 1xx until its PRACK.

Not here: failure responses, which their transaction repeats. RFC 3261 §13.3.1.4, RFC 3262 §3.
"""

import re
from collections.abc import Callable
from typing import Final, Protocol

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from gateway.sip.errors import SipError, shown
from gateway.sip.headers import parse_number
from gateway.sip.message import Request
from gateway.sip.server_transaction import ServerTransaction
from gateway.sip.wire import Timers

RSEQ_MAX: Final = 2**31 - 1
WAITING_MAX: Final = 8  # provisional responses behind one that is not acknowledged

_RACK = re.compile(r"([0-9]{1,10})[ \t]+([0-9]{1,10})[ \t]+([A-Za-z0-9.!%*_+`'~-]+)")


class Timing(Protocol):
    """What the repeating needs of its house."""

    clock: IReactorTime
    timers: Timers


class AnswerInFlight:
    """A response of ours that is sent again until `stop`, or for 64 x T1.

    The interval doubles: up to T2 for a 2xx, without an end for a provisional response.
    """

    def __init__(
        self,
        house: Timing,
        transaction: ServerTransaction,
        on_timeout: Callable[[], None],
        interval_s_max: float,
    ) -> None:
        self.transaction = transaction
        self._house = house
        self._on_timeout = on_timeout
        self._interval_s = house.timers.t1_s
        self._interval_s_max = interval_s_max
        self._deadline_s = house.clock.seconds() + house.timers.give_up_s
        self._delayed: IDelayedCall = house.clock.callLater(self._interval_s, self._repeat)

    def _repeat(self) -> None:
        left_s = self._deadline_s - self._house.clock.seconds()
        if left_s <= 0:
            self._on_timeout()
            return
        self.transaction.repeat()
        self._interval_s = min(2 * self._interval_s, self._interval_s_max)
        self._delayed = self._house.clock.callLater(min(self._interval_s, left_s), self._repeat)

    def stop(self) -> None:
        """It is acknowledged, or the call is over."""
        if self._delayed.active():
            self._delayed.cancel()


def rack_of(prack: Request) -> tuple[int, int, str]:
    """Return RSeq, CSeq number and method that a PRACK acknowledges. Raises SipError."""
    text = (prack.headers.get("RAck") or "").strip()
    found = _RACK.fullmatch(text)
    if found is None:
        raise SipError(f"RAck must be two numbers and a method, was {shown(text)}")
    return int(found[1]), int(found[2]), found[3]


def rseq_of(text: str) -> int:
    """Return the number of an RSeq header. Raises SipError."""
    return parse_number("RSeq", text, RSEQ_MAX)


class ReliableResponses:
    """The provisional responses to one INVITE that want a PRACK, one at a time, in their order."""

    def __init__(
        self,
        house: Timing,
        transaction: ServerTransaction,
        first_rseq: int,
        respond: Callable[[int, tuple[tuple[str, str], ...], bytes], None],
        on_timeout: Callable[[], None],
    ) -> None:
        self._house = house
        self._transaction = transaction
        self._rseq = first_rseq - 1
        self._respond = respond
        self._on_timeout = on_timeout
        self._unacknowledged: int | None = None
        self._in_flight: AnswerInFlight | None = None
        self._waiting: list[tuple[int, tuple[tuple[str, str], ...], bytes]] = []
        self._has_body = False

    @property
    def holds_answer(self) -> bool:
        """True while a session description of ours waits for its PRACK: no 2xx before (§3)."""
        return self._in_flight is not None and self._has_body

    def send(self, status: int, extra: tuple[tuple[str, str], ...], body: bytes = b"") -> None:
        """Send a provisional response, once those before it are acknowledged."""
        if self._in_flight is not None:
            if len(self._waiting) < WAITING_MAX:
                self._waiting.append((status, extra, body))
            return
        self._rseq += 1
        self._unacknowledged = self._rseq
        self._has_body = bool(body)
        rows = (*extra, ("Require", "100rel"), ("RSeq", str(self._rseq)))
        self._respond(status, rows, body)
        self._in_flight = AnswerInFlight(
            self._house, self._transaction, self._timed_out, self._house.timers.give_up_s
        )

    def acknowledge(self, prack: Request) -> bool:
        """Take a PRACK; False when it is of nothing that waits. Raises SipError."""
        rseq, cseq_number, method = rack_of(prack)
        cseq = self._transaction.request.cseq
        if (cseq_number, method) != cseq or rseq != self._unacknowledged:
            return False
        self._unacknowledged = None
        self._stop_repeating()
        return True

    def send_waiting(self) -> None:
        """Send what waited for the PRACK that was just answered."""
        if self._waiting and self._in_flight is None:
            self.send(*self._waiting.pop(0))

    def _timed_out(self) -> None:
        self._in_flight = None
        self._on_timeout()

    def stop(self) -> None:
        """A final response was sent; a PRACK on its way is still taken (§3)."""
        self._stop_repeating()
        self._waiting.clear()

    def _stop_repeating(self) -> None:
        if self._in_flight is not None:
            self._in_flight.stop()
            self._in_flight = None
