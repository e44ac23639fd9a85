"""One SMPP session seen from our side (ESME): bytes and moments in, effects out.

Bind, window, pacing, response timer, enquire_link both ways, throttling that pauses the whole link
and keeps the order, late answers. SMPP 3.4 sections 2.2, 2.9, 4. Time is monotonic seconds given by
the caller. Not here: the socket and reconnecting (notify.transports.smpp.smsc), text, receipts.
"""

import enum
import heapq
from typing import Final, Generic, NamedTuple, TypeVar

from notify.transports.smpp.pdu import (
    PDU,
    SEQUENCE_MAX,
    Bare,
    Bind,
    BindResp,
    CommandID,
    CommandStatus,
    Foreign,
    Malformed,
    PDUReader,
    ShortMessage,
    ShortMessageResp,
    SMPPError,
    encode,
    is_request,
)

LATE_MAX: Final = 1000  # expired requests whose late answer we would still understand
QUEUE_MAX: Final = 4096
THROTTLE_DOUBLINGS_MAX: Final = 16
_THROTTLED: Final = frozenset({CommandStatus.RTHROTTLED, CommandStatus.RMSGQFUL})

Token = TypeVar("Token")


class LinkLimits(NamedTuple):
    """Windows and timers. Seconds; `pdus_per_s` 0 means no limit."""

    window: int
    pdus_per_s: int
    bind_timeout_s: float
    response_timeout_s: float
    enquire_link_s: float
    throttle_first_s: float
    throttle_s_max: float


class Write(NamedTuple):
    """Send these octets."""

    octets: bytes


class Bound(NamedTuple):
    """The session is open for submits."""


class Answered(NamedTuple, Generic[Token]):
    """The centre answered a submit."""

    token: Token
    status: int
    message_id: str


class Unanswered(NamedTuple, Generic[Token]):
    """A submit was written and no answer came: nobody knows whether it was taken."""

    token: Token
    code: str


class Unsent(NamedTuple, Generic[Token]):
    """A submit was never written, or only throttled."""

    token: Token
    code: str


class Late(NamedTuple, Generic[Token]):
    """An accepting answer came after `Unanswered` had been told."""

    token: Token
    message_id: str


class Delivered(NamedTuple):
    """A deliver_sm came; answer it with `acknowledge` when it is durable."""

    sequence: int
    message: ShortMessage


class Throttled(NamedTuple):
    """The link pauses for this long."""

    pause_s: float


class Drop(NamedTuple):
    """Close the connection."""

    code: str


class Phase(enum.Enum):
    """Where the session is (section 2.2)."""

    CLOSED = "closed"
    BINDING = "binding"
    BOUND = "bound"
    UNBINDING = "unbinding"


class _Request(NamedTuple, Generic[Token]):
    order: int  # of submission; a throttled request goes back to its place
    token: Token
    message: ShortMessage
    deadline_s: float

    def __lt__(self, other: tuple[object, ...]) -> bool:
        return bool(self[0] < other[0])  # type: ignore[operator]  # compared with its own kind


class _InFlight(NamedTuple, Generic[Token]):
    request: _Request[Token]
    written_s: float


Effect = (
    Write
    | Bound
    | Answered[Token]
    | Unanswered[Token]
    | Unsent[Token]
    | Late[Token]
    | Delivered
    | Throttled
    | Drop
)


class Link(Generic[Token]):
    """A session from bind to unbind. Every method returns what is to be done, in order."""

    def __init__(self, bind: Bind, limits: LinkLimits) -> None:
        assert limits.window >= 1, limits.window
        self.phase = Phase.CLOSED
        self._bind = bind
        self._limits = limits
        self._reader = PDUReader()
        self._sequence = 0
        self._order = 0
        self._queue: list[_Request[Token]] = []
        self._in_flight: dict[int, _InFlight[Token]] = {}
        self._late: dict[int, Token] = {}
        self._phase_until_s = 0.0  # when a bind or unbind is given up
        self._heard_s = 0.0
        self._enquired_s: float | None = None
        self._throttlings = 0  # in a row
        self._paused_until_s = 0.0
        self._next_write_s = 0.0

    @property
    def in_flight(self) -> int:
        """Submits without an answer."""
        return len(self._in_flight)

    def opened(self, now_s: float) -> list[Effect[Token]]:
        """The connection stands: log in."""
        self.phase = Phase.BINDING
        self._heard_s = now_s
        self._phase_until_s = now_s + self._limits.bind_timeout_s
        return [self._write(self._bind)]

    def submit(
        self, token: Token, message: ShortMessage, now_s: float, deadline_s: float
    ) -> list[Effect[Token]]:
        """Send a message when window, pace and throttling allow, `Unsent` after the deadline."""
        if self.phase is not Phase.BOUND:
            return [Unsent(token, "smpp_not_bound")]
        if len(self._queue) >= QUEUE_MAX:
            return [Unsent(token, "smpp_queue_full")]
        self._order += 1
        heapq.heappush(self._queue, _Request(self._order, token, message, deadline_s))
        return self._pump(now_s)

    def acknowledge(self, sequence: int, status: int) -> list[Effect[Token]]:
        """Answer a deliver_sm."""
        answer = ShortMessageResp(CommandID.DELIVER_SM_RESP)
        return [Write(encode(PDU(sequence, status, answer)))]

    def unbind(self, now_s: float) -> list[Effect[Token]]:
        """Say goodbye; `Drop` follows with the answer or after the response timer."""
        if self.phase is not Phase.BOUND:
            return [Drop("stopped")]
        self.phase = Phase.UNBINDING
        self._phase_until_s = now_s + self._limits.response_timeout_s
        return [*self._give_up_queue("smpp_stopping"), self._write(Bare(CommandID.UNBIND))]

    def lost(self) -> list[Effect[Token]]:
        """The connection is gone: what was written is unknown, the rest was never sent."""
        self.phase = Phase.CLOSED
        effects: list[Effect[Token]] = [
            Unanswered(one.request.token, "smpp_link_lost") for one in self._in_flight.values()
        ]
        self._in_flight.clear()
        return effects + self._give_up_queue("smpp_link_lost")

    def received(self, data: bytes, now_s: float) -> list[Effect[Token]]:
        """Take bytes from the centre."""
        self._heard_s = now_s
        effects: list[Effect[Token]] = []
        try:
            pdus = self._reader.feed(data)
        except SMPPError:
            return [Drop("smpp_garbage")]
        for pdu in pdus:
            effects += self._on_pdu(pdu, now_s)
        return effects + self._pump(now_s)

    def tick(self, now_s: float) -> list[Effect[Token]]:
        """Do what is due; call at `due_s` or later."""
        if self.phase is Phase.CLOSED:
            return []
        if self.phase in (Phase.BINDING, Phase.UNBINDING):
            name = self.phase.value
            return [Drop(f"smpp_{name}_timeout")] if now_s >= self._phase_until_s else []
        effects = self._expire(now_s)
        if self._enquired_s is not None:
            if now_s >= self._enquired_s + self._limits.response_timeout_s:
                return [*effects, Drop("smpp_enquire_link_timeout")]
        elif now_s >= self._heard_s + self._limits.enquire_link_s:
            self._enquired_s = now_s
            effects.append(self._write(Bare(CommandID.ENQUIRE_LINK)))
        return effects + self._pump(now_s)

    def due_s(self) -> float:
        """Return when `tick` has something to do next."""
        if self.phase is Phase.CLOSED:
            return float("inf")
        if self.phase is not Phase.BOUND:
            return self._phase_until_s
        moments = [self._heard_s + self._limits.enquire_link_s]
        if self._enquired_s is not None:
            moments = [self._enquired_s + self._limits.response_timeout_s]
        if self._in_flight:
            oldest = next(iter(self._in_flight.values()))
            moments.append(oldest.written_s + self._limits.response_timeout_s)
        if self._queue:
            moments.append(min(request.deadline_s for request in self._queue))
            if len(self._in_flight) < self._room:
                moments.append(max(self._paused_until_s, self._next_write_s))
        return min(moments)

    @property
    def _room(self) -> int:
        """Submits that may be unanswered: one as long as the centre throttles."""
        return 1 if self._throttlings else self._limits.window

    def _pump(self, now_s: float) -> list[Effect[Token]]:
        """Write what window, pace and throttling allow."""
        effects: list[Effect[Token]] = []
        while (
            self.phase is Phase.BOUND
            and self._queue
            and len(self._in_flight) < self._room
            and now_s >= max(self._paused_until_s, self._next_write_s)
        ):
            request = heapq.heappop(self._queue)
            if now_s >= request.deadline_s:
                effects.append(Unsent(request.token, self._unsent_code))
                continue
            effects.append(self._write(request.message))
            self._in_flight[self._sequence] = _InFlight(request, now_s)
            if self._limits.pdus_per_s:
                pace_s = 1 / self._limits.pdus_per_s
                self._next_write_s = max(now_s, self._next_write_s) + pace_s
        return effects

    @property
    def _unsent_code(self) -> str:
        return "smpp_throttled" if self._throttlings else "smpp_window_full"

    def _expire(self, now_s: float) -> list[Effect[Token]]:
        effects: list[Effect[Token]] = []
        for sequence, one in list(self._in_flight.items()):
            if now_s >= one.written_s + self._limits.response_timeout_s:
                del self._in_flight[sequence]
                self._late[sequence] = one.request.token
                effects.append(Unanswered(one.request.token, "smpp_response_timeout"))
        while len(self._late) > LATE_MAX:
            self._late.pop(next(iter(self._late)))
        overdue = [request for request in self._queue if now_s >= request.deadline_s]
        if overdue:
            self._queue = [request for request in self._queue if now_s < request.deadline_s]
            heapq.heapify(self._queue)
            effects += [Unsent(request.token, self._unsent_code) for request in sorted(overdue)]
        return effects

    def _give_up_queue(self, code: str) -> list[Effect[Token]]:
        queued, self._queue = sorted(self._queue), []
        return [Unsent(request.token, code) for request in queued]

    def _on_pdu(self, pdu: PDU, now_s: float) -> list[Effect[Token]]:
        body = pdu.body
        match body:
            case BindResp():
                return self._on_bind_resp(pdu, body)
            case ShortMessageResp(command_id=CommandID.SUBMIT_SM_RESP):
                return self._on_answer(pdu.sequence, pdu.status, body.message_id, now_s)
            case ShortMessage(command_id=CommandID.DELIVER_SM) if self.phase is Phase.BOUND:
                return [Delivered(pdu.sequence, body)]
            case ShortMessage(command_id=CommandID.DELIVER_SM):
                return self.acknowledge(pdu.sequence, CommandStatus.RINVBNDSTS)
            case Bare():
                return self._on_bare(pdu, body, now_s)
            case Malformed(command_id=CommandID.SUBMIT_SM_RESP):
                return self._on_unreadable(pdu.sequence)
            case Malformed() if is_request(body.command_id):
                return [self._nack(pdu.sequence, CommandStatus.RINVCMDLEN)]
            case Foreign() | Bind() | ShortMessage() if is_request(body.command_id):
                return [self._nack(pdu.sequence, CommandStatus.RINVCMDID)]
        return []

    def _on_bare(self, pdu: PDU, body: Bare, now_s: float) -> list[Effect[Token]]:
        match body.command_id:
            case CommandID.ENQUIRE_LINK:
                answer = Bare(CommandID.ENQUIRE_LINK_RESP)
                return [Write(encode(PDU(pdu.sequence, CommandStatus.ROK, answer)))]
            case CommandID.ENQUIRE_LINK_RESP:
                self._enquired_s = None
            case CommandID.UNBIND:
                answer = Bare(CommandID.UNBIND_RESP)
                farewell = Write(encode(PDU(pdu.sequence, CommandStatus.ROK, answer)))
                return [farewell, Drop("smpp_unbound_by_peer")]
            case CommandID.UNBIND_RESP:
                return [Drop("stopped")]
            case CommandID.GENERIC_NACK:
                if self._enquired_s is not None and pdu.sequence not in self._in_flight:
                    self._enquired_s = None  # a centre that knows no enquire_link is alive too
                status = pdu.status or CommandStatus.RUNKNOWNERR
                return self._on_answer(pdu.sequence, status, "", now_s)
        return []

    def _on_bind_resp(self, pdu: PDU, body: BindResp) -> list[Effect[Token]]:
        if self.phase is not Phase.BINDING:
            return []
        if pdu.status != CommandStatus.ROK:
            return [Drop(f"smpp_bind_refused_{pdu.status:#x}")]
        self.phase = Phase.BOUND
        return [Bound()]

    def _on_answer(
        self, sequence: int, status: int, message_id: str, now_s: float
    ) -> list[Effect[Token]]:
        one = self._in_flight.pop(sequence, None)
        if one is None:
            token = self._late.pop(sequence, None)
            is_taken = status == CommandStatus.ROK
            return [Late(token, message_id)] if token is not None and is_taken else []
        if status in _THROTTLED:
            heapq.heappush(self._queue, one.request)
            return self._throttle(one, now_s)
        if status == CommandStatus.ROK and one.written_s >= self._paused_until_s:
            self._throttlings = 0
        return [Answered(one.request.token, status, message_id)]

    def _throttle(self, one: _InFlight[Token], now_s: float) -> list[Effect[Token]]:
        """Pause; requests of one window that are throttled together count once."""
        if self._throttlings and one.written_s < self._paused_until_s:
            return [Throttled(0.0)]
        self._throttlings = min(self._throttlings + 1, THROTTLE_DOUBLINGS_MAX)
        pause_s = self._limits.throttle_first_s * float(1 << (self._throttlings - 1))
        pause_s = min(pause_s, self._limits.throttle_s_max)
        self._paused_until_s = now_s + pause_s
        return [Throttled(pause_s)]

    def _on_unreadable(self, sequence: int) -> list[Effect[Token]]:
        one = self._in_flight.pop(sequence, None)
        return [] if one is None else [Unanswered(one.request.token, "smpp_answer_unreadable")]

    def _nack(self, sequence: int, status: CommandStatus) -> Write:
        return Write(encode(PDU(sequence, status, Bare(CommandID.GENERIC_NACK))))

    def _write(self, body: Bind | ShortMessage | Bare) -> Write:
        """Encode with the next free sequence number (1 to 0x7FFFFFFF, section 5.1.4)."""
        self._sequence = self._sequence % SEQUENCE_MAX + 1
        while self._sequence in self._in_flight or self._sequence in self._late:
            self._sequence = self._sequence % SEQUENCE_MAX + 1
        return Write(encode(PDU(self._sequence, CommandStatus.ROK, body)))
