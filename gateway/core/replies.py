"""The first outcome of every request_id, so that asking again is harmless, also after a restart.

Kept: every request of the current trading day, and the newest of earlier days. The table is
rebuilt from the journal's recorded commands (or a snapshot of it).
Not here: repeats of venue reports. Those commands (Record...) are numbered by the FIX session,
which may restart its numbers; the book knows a report by its ExecID(17).
"""

from collections.abc import Callable
from hashlib import blake2b
from operator import itemgetter
from typing import Any, Final, TypedDict

import msgspec
from twisted.internet.defer import Deferred, succeed

from gateway.core import metrics
from risk.domain.commands import (
    CancelOrder,
    Command,
    ListInstrument,
    MoveCash,
    MoveShares,
    OpenAccount,
    RecordPinChange,
    RemoveAlert,
    RequestStatement,
    SetAlert,
    SetKillSwitch,
    StartDay,
    SubmitOrder,
)
from risk.domain.events import CancelDenied, CommandDenied, DayStarted, Event, OrderDenied
from risk.domain.reasons import ReasonCode

DAY_REPLIES_MAX: Final = 4_000_000
EARLIER_REPLIES_MAX: Final = 100_000  # of days before the last one, whose requests are all kept
_DIGEST_BYTES: Final = 8

# What may differ between two askings of the same thing: how and when it reached the door.
_NOT_BODY: Final = frozenset({"request_id", "trace_id", "entered_ns"})
ASKED: Final = (  # commands of doors and people; they may come twice
    OpenAccount,
    ListInstrument,
    MoveCash,
    MoveShares,
    StartDay,
    SubmitOrder,
    CancelOrder,
    SetKillSwitch,
    SetAlert,
    RemoveAlert,
    RequestStatement,
    RecordPinChange,  # by identity, until it has an answer
)
_BODY: Final[dict[type[Command], Callable[[Any], object]]] = {
    kind: itemgetter(*(i for i, name in enumerate(kind._fields) if name not in _NOT_BODY))
    for kind in ASKED
}
_encode: Final = msgspec.msgpack.Encoder().encode


class RepliesImage(TypedDict):
    """The table as plain values: (request_id, body digest and packed event) in order of age."""

    earlier: list[tuple[str, bytes]]
    today: list[tuple[str, bytes]]


def is_asked(command: Command) -> bool:
    """Whether a person or door asked for it (and may ask again), not the gateway itself."""
    return type(command) in _BODY


def denial(command: Command, reason: ReasonCode, at_ns: int) -> Event:
    """Return the answer that denies `command` for a reason of the heart's own (9xx)."""
    if isinstance(command, SubmitOrder):
        return OrderDenied(
            at_ns=at_ns,
            request_id=command.request_id,
            account_no=command.account_no,
            symbol=command.symbol,
            side=command.side,
            qty=command.qty,
            price_e4=command.price_e4,
            channel=command.channel,
            branch_code=command.branch_code,
            trace_id=command.trace_id,
            reason=reason,
            broken=0,
            detail={},
            rules_version="",
        )
    if isinstance(command, CancelOrder):
        return CancelDenied(
            at_ns=at_ns,
            request_id=command.request_id,
            orig_cl_ord_id=command.cl_ord_id,
            account_no=command.account_no,
            channel=command.channel,
            reason=reason,
            detail={},
        )
    return CommandDenied(at_ns, command.request_id, reason, {})


class Replies:
    """Outcomes by request_id. `pack` and `unpack` turn an event into bytes and back.

    Outcomes are kept as bytes: a day's million of tuples would be walked by every full pass of
    Python's garbage collector, bytes are not.
    """

    def __init__(self, pack: Callable[[Event], bytes], unpack: Callable[[bytes], Event]) -> None:
        self._pack = pack
        self._unpack = unpack
        self._in_flight: dict[str, bytes] = {}  # body digests
        self._waiting: dict[str, list[Deferred[Event]]] = {}  # who asked again meanwhile
        self._today: dict[str, bytes] = {}
        self._earlier: dict[str, bytes] = {}

    @property
    def has_room(self) -> bool:
        """Whether one more request of this day can be remembered."""
        return len(self._today) + len(self._in_flight) < DAY_REPLIES_MAX

    def repeat(self, command: Command, at_ns: int) -> "Deferred[Event] | None":
        """Return the answer if this request_id was used before, else None.

        Fires with the first outcome (at once, or when that is durable), or with a
        REQUEST_ID_REUSED denial when the earlier command said something else.
        """
        request_id = command.request_id
        known = self._in_flight.get(request_id) or self._stored(request_id)
        if known is None:
            return None
        if _digest(command) != known[:_DIGEST_BYTES]:
            return succeed(denial(command, ReasonCode.REQUEST_ID_REUSED, at_ns))
        metrics.REPEATS.inc()
        return self.find(request_id)

    def find(self, request_id: str) -> "Deferred[Event] | None":
        """Return the outcome of a request: fired, or firing when durable; None when never seen."""
        if request_id in self._in_flight:
            waiting: Deferred[Event] = Deferred()
            self._waiting.setdefault(request_id, []).append(waiting)
            return waiting
        stored = self._stored(request_id)
        return None if stored is None else succeed(self._unpack(stored[_DIGEST_BYTES:]))

    def begin(self, command: Command) -> None:
        """Note that the command has been taken; `settle` or `abandon` follows."""
        self._in_flight[command.request_id] = _digest(command)

    def settle(self, command: Command, outcome: Event) -> None:
        """Remember the durable outcome of a command and answer those who asked again meanwhile.

        Also the way the table is rebuilt from recorded commands.
        """
        if not is_asked(command):
            return
        request_id = command.request_id
        digest = self._in_flight.pop(request_id, None) or _digest(command)
        if type(outcome) is DayStarted:
            self._start_day()
        self._today[request_id] = digest + self._pack(outcome)
        for waiting in self._waiting.pop(request_id, ()):
            waiting.callback(outcome)

    def abandon(self, command: Command, error: Exception) -> None:
        """The command's outcome will not be known in this run: tell those who asked again."""
        self._in_flight.pop(command.request_id, None)
        for waiting in self._waiting.pop(command.request_id, ()):
            waiting.errback(error)

    def image(self) -> RepliesImage:
        """Return the table for a snapshot. Requests in flight are not part of it."""
        return {"earlier": list(self._earlier.items()), "today": list(self._today.items())}

    def load(self, image: RepliesImage) -> None:
        """Take over a snapshot's table."""
        self._earlier = dict(image["earlier"])
        self._today = dict(image["today"])

    def _stored(self, request_id: str) -> bytes | None:
        return self._today.get(request_id) or self._earlier.get(request_id)

    def _start_day(self) -> None:
        """Keep all of the day that ends: its callers may still ask. Forget the oldest before it."""
        older = list(self._earlier.items())[-EARLIER_REPLIES_MAX:]
        self._earlier = dict([*older, *self._today.items()])
        self._today = {}


def _digest(command: Command) -> bytes:
    body = _BODY[type(command)](command)
    return blake2b(_encode((type(command).__name__, body)), digest_size=_DIGEST_BYTES).digest()
