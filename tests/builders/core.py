"""The heart for tests: a toy step, a journal that commits when told, orders and their events."""

from collections.abc import Sequence

from twisted.internet.defer import Deferred, fail
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from gateway.core.bus import Bus
from gateway.core.ports import Batch, Step
from gateway.core.replies import Replies
from gateway.core.sequencer import Sequencer
from gateway.journal.codec import pack_event, unpack_event
from risk.domain.commands import (
    CancelOrder,
    Command,
    MoveCash,
    RecordInbound,
    SetKillSwitch,
    StartDay,
    SubmitOrder,
)
from risk.domain.enums import Channel, OrdType, Side, TimeInForce
from risk.domain.errors import HotlineError
from risk.domain.events import (
    CancelDenied,
    CashMoved,
    DayStarted,
    Event,
    InboundIgnored,
    KillSwitchSet,
    OrderAccepted,
    OrderDenied,
)
from risk.domain.reasons import ReasonCode

NOW_NS = 1_795_312_800_000_000_000  # 2026-11-22 10:00 in China


def an_order(request_id: str = "web:1", **changed: object) -> SubmitOrder:
    """Return a valid order."""
    order = SubmitOrder(
        request_id=request_id,
        account_no="10000001",
        symbol="600000",
        side=Side.BUY,
        qty=100,
        price_e4=100_500,
        channel=Channel.WEB,
        branch_code="10001",
        trace_id="t1",
        entered_ns=NOW_NS,
    )
    return order._replace(**changed)


def accepted(command: SubmitOrder, order_no: int = 1, at_ns: int = NOW_NS) -> OrderAccepted:
    """Return the event that accepts an order."""
    return OrderAccepted(
        at_ns=at_ns,
        request_id=command.request_id,
        cl_ord_id=f"261122{order_no:06d}",
        order_no=order_no,
        account_no=command.account_no,
        symbol=command.symbol,
        side=command.side,
        qty=command.qty,
        price_e4=command.price_e4,
        ord_type=OrdType.LIMIT,
        time_in_force=TimeInForce.DAY,
        reserved_e4=command.qty * command.price_e4 + 50_000,
        channel=command.channel,
        branch_code=command.branch_code,
        trace_id=command.trace_id,
        entered_ns=command.entered_ns,
        rules_version="2026-07-06",
    )


def denied(command: SubmitOrder, reason: ReasonCode, at_ns: int = NOW_NS) -> OrderDenied:
    """Return the event that denies an order."""
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
        broken=1,
        detail={"lot": 100},
        rules_version="2026-07-06",
    )


def answers(*replies: "Deferred[Event]") -> list[object]:
    """Return what each reply fired with: an event, an exception, or None when not yet."""
    fired: list[object] = [None] * len(replies)
    for index, reply in enumerate(replies):

        def note(result: object, index: int = index) -> None:
            fired[index] = result.value if isinstance(result, Failure) else result

        reply.addBoth(note)
    return fired


class ToyStep:
    """Accepts every order of whole lots; notes what it was asked."""

    def __init__(self, order_no: int = 0) -> None:
        self.batches: list[list[Command]] = []
        self.order_no = order_no

    def __call__(self, commands: Sequence[Command], now_ns: int) -> list[list[Event]]:
        """Return the events of each command."""
        self.batches.append(list(commands))
        return [self._decide(command, now_ns) for command in commands]

    def _decide(self, command: Command, now_ns: int) -> list[Event]:
        if isinstance(command, SubmitOrder):
            if command.qty % 100:
                return [denied(command, ReasonCode.OFF_LOT, now_ns)]
            self.order_no += 1
            return [accepted(command, self.order_no, now_ns)]
        if isinstance(command, MoveCash):
            moved = CashMoved(now_ns, command.account_no, command.amount_e4, command.reason)
            return [moved, moved]
        if isinstance(command, StartDay):
            return [DayStarted(now_ns, command.day)]
        if isinstance(command, SetKillSwitch):
            return [KillSwitchSet(now_ns, *command[1:])]
        if isinstance(command, CancelOrder):
            reason, channel = ReasonCode.ORDER_UNKNOWN, command.channel
            ids = command.request_id, command.cl_ord_id, command.account_no
            return [CancelDenied(now_ns, *ids, channel, reason, {})]
        assert isinstance(command, RecordInbound), command
        session, number = command.fix_session, command.msg_seq_num
        return [InboundIgnored(now_ns, session, number, "", "", "no_effect")]


class HeldJournal:
    """A journal port that keeps batches in a list and makes them durable when told."""

    def __init__(self, room: int = 64) -> None:
        self.batches: list[Batch] = []
        self.pending: list[Deferred[None]] = []
        self.room = room
        self.error: HotlineError | None = None

    @property
    def has_room(self) -> bool:
        """Whether fewer than `room` batches are pending."""
        return len(self.pending) < self.room

    def append(self, batch: Batch) -> "Deferred[None]":
        """Note the batch; it becomes durable with `commit`."""
        if self.error is not None:
            return fail(self.error)
        durable: Deferred[None] = Deferred()
        self.batches.append(batch)
        self.pending.append(durable)
        return durable

    def commit(self, count: int = 1_000_000) -> None:
        """Make the oldest `count` pending batches durable."""
        for _ in range(min(count, len(self.pending))):
            self.pending.pop(0).callback(None)

    def break_down(self, error: HotlineError) -> None:
        """Fail all that is pending and everything later."""
        self.error = error
        while self.pending:
            self.pending.pop(0).errback(error)


class Heart:
    """A sequencer with toy parts, all of them within reach."""

    def __init__(self, room: int = 64, durable_seq: int = 0, step: Step | None = None) -> None:
        self.clock = Clock()
        self.step = ToyStep()
        self.journal = HeldJournal(room)
        self.bus = Bus(durable_seq)
        self.replies = Replies(pack_event, unpack_event)
        self.failures: list[HotlineError] = []
        self.sequencer = Sequencer(
            step or self.step,
            self.journal,
            self.bus,
            self.replies,
            self.clock,
            lambda: NOW_NS,
            self.failures.append,
        )
        self.sequencer.accept(True)

    def turn(self, count: int = 1) -> None:
        """Let the reactor take some turns."""
        for _ in range(count):
            self.clock.advance(0)

    def settle(self) -> None:
        """Decide and commit everything submitted."""
        while self.clock.getDelayedCalls() or self.journal.pending:
            self.turn()
            self.journal.commit()
