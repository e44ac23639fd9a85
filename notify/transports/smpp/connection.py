"""The socket of an SMPP link: carries bytes and timers between a connection and a Link.

Not here: the session rules (notify.transports.smpp.link), what a submit means (.smsc).
"""

from collections.abc import Awaitable, Sequence
from typing import Final, NamedTuple, cast
from typing import Protocol as Port

import structlog
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime, ITCPTransport
from twisted.internet.protocol import Protocol
from twisted.python.failure import Failure

from notify import metrics
from notify.transports.smpp.link import (
    Answered,
    Bound,
    Delivered,
    Drop,
    Effect,
    Late,
    Link,
    Throttled,
    Unanswered,
    Unsent,
    Write,
)
from notify.transports.smpp.pdu import CommandStatus, ShortMessage

log = structlog.get_logger("notify")

DELIVERIES_MAX: Final = 500  # receipts being written at a time

NO_ID: Final = "-"  # an accepted part whose centre gave no id

# What no later attempt can change; every other status is worth another attempt (section 5.1.3).
PERMANENT_STATUSES: Final = {
    0x01: "message_length",
    0x0A: "source_address",
    0x0B: "destination_address",
    0x43: "esm_class",
    0x48: "source_ton",
    0x49: "source_npi",
    0x50: "destination_ton",
    0x51: "destination_npi",
    0x62: "validity_period",
    0x65: "receiver_permanent_error",
    0x66: "receiver_rejected",
}


class Part(NamedTuple):
    """What a submit is about."""

    notice_id: int
    part_no: int
    part_count: int


class PartEnd(NamedTuple):
    """How a submit ended; the status of an answer, or None with the code of what went wrong."""

    message_id: str
    status: int | None
    code: str
    was_written: bool


class LinkOwner(Port):
    """Who hears what a link learns."""

    def on_bound(self, protocol: "LinkProtocol") -> None:
        """The link can take submits."""

    def on_lost(self, protocol: "LinkProtocol", code: str) -> None:
        """The link is gone."""

    def on_late(self, part: Part, message_id: str) -> None:
        """An answer came after its attempt."""

    def keep(self, message: ShortMessage) -> Awaitable[CommandStatus]:
        """Keep a deliver_sm; returns the status to answer with."""


class LinkProtocol(Protocol):
    """Carries a Link over a connection."""

    def __init__(self, owner: LinkOwner, link: Link[Part], clock: IReactorTime) -> None:
        self._owner = owner
        self._link = link
        self._clock = clock
        self._timer: IDelayedCall | None = None
        self._ends: dict[Part, Deferred[PartEnd]] = {}
        self._deliveries = 0
        self._drop_code = "smpp_link_lost"
        self._gone: Deferred[None] = Deferred()

    def submit(self, part: Part, message: ShortMessage, timeout_s: float) -> Deferred[PartEnd]:
        """Submit one part; fires once, never fails."""

        def given_up(_: object) -> None:
            self._ends.pop(part, None)  # its answer then counts as late

        end: Deferred[PartEnd] = Deferred(given_up)
        self._ends[part] = end
        now_s = self._clock.seconds()
        self._do(self._link.submit(part, message, now_s, now_s + timeout_s))
        return end

    def leave(self) -> Deferred[None]:
        """Unbind; fires when the connection is gone."""
        self._do(self._link.unbind(self._clock.seconds()))
        return self._gone

    def connectionMade(self) -> None:
        self._do(self._link.opened(self._clock.seconds()))

    def dataReceived(self, data: bytes) -> None:
        self._do(self._link.received(data, self._clock.seconds()))

    def connectionLost(self, reason: Failure | None = None) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        self._owner.on_lost(self, self._drop_code)
        self._do(self._link.lost())
        self._gone.callback(None)

    def _tick(self) -> None:
        self._timer = None
        self._do(self._link.tick(self._clock.seconds()))

    def _do(self, effects: Sequence[Effect[Part]]) -> None:
        octets = b"".join(effect.octets for effect in effects if isinstance(effect, Write))
        if octets and self.transport is not None:
            self.transport.write(octets)
        for effect in effects:
            match effect:
                case Bound():
                    self._owner.on_bound(self)
                case Answered(token, status, message_id):
                    code = PERMANENT_STATUSES.get(status, f"status_{status:#x}")
                    is_taken = status == CommandStatus.ROK
                    self._end(
                        token, PartEnd(message_id if is_taken else "", status, f"smpp_{code}", True)
                    )
                case Unanswered(token, code):
                    self._end(token, PartEnd("", None, code, True))
                case Unsent(token, code):
                    self._end(token, PartEnd("", None, code, False))
                case Late(token, message_id):
                    self._owner.on_late(token, message_id)
                case Delivered(sequence, message):
                    Deferred.fromCoroutine(self._deliver(sequence, message))
                case Throttled(pause_s):
                    metrics.SMPP_THROTTLED.inc()
                    if pause_s:
                        log.warning("smpp.throttled", pause_s=pause_s)
                case Drop(code):
                    self._drop_code = code
                    self._close(code)
        metrics.SMPP_IN_FLIGHT.set(self._link.in_flight)
        self._set_timer()

    def _end(self, part: Part, end: PartEnd) -> None:
        waiting = self._ends.pop(part, None)
        if waiting is not None:
            waiting.callback(end)
        elif end.message_id:
            self._owner.on_late(part, end.message_id)  # who asked has given up meanwhile

    def _close(self, code: str) -> None:
        if self.transport is None:
            return
        if code.endswith("timeout"):
            # a dead peer never takes the last octets
            cast(ITCPTransport, self.transport).abortConnection()
        else:
            self.transport.loseConnection()

    async def _deliver(self, sequence: int, message: ShortMessage) -> None:
        if self._deliveries >= DELIVERIES_MAX:
            status = CommandStatus.RMSGQFUL
        else:
            self._deliveries += 1
            try:
                status = await self._owner.keep(message)
            except Exception:
                # the transport boundary: the centre gets its answer whatever we did wrong
                log.exception("smpp.deliver_bug")
                status = CommandStatus.RX_T_APPN
            self._deliveries -= 1
        self._do(self._link.acknowledge(sequence, status))

    def _set_timer(self) -> None:
        due_s = self._link.due_s()
        if self._timer is not None and self._timer.active():
            if self._timer.getTime() <= due_s:
                return  # firing early does nothing and sets the next
            self._timer.cancel()
        self._timer = None
        if due_s != float("inf"):
            self._timer = self._clock.callLater(max(due_s - self._clock.seconds(), 0), self._tick)


def _answer(status: int, message_id: str) -> PartEnd:
    if status == CommandStatus.ROK:
        return PartEnd(message_id or NO_ID, status, "", True)
    name = PERMANENT_STATUSES.get(status, f"status_{status:#x}")
    return PartEnd("", status, f"smpp_{name}", True)
