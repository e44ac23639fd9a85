"""Commands in, events out, in one order: compute early, release late.

A batch is decided and applied in memory at once and handed to the journal; its answers and events
leave only when it is durable, in order. Whatever fails on the way stops acceptance for good: the
book in memory may be ahead of the disk, and only a restart (recovery) makes them equal again.
Not here: rules (the `step` parameter) and files (the journal port).
"""

from collections import Counter, deque
from collections.abc import Callable
from typing import Final

import structlog
from twisted.internet.defer import Deferred, fail, maybeDeferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from gateway.core import metrics
from gateway.core.bus import Bus
from gateway.core.ports import AcceptanceStopped, Batch, Journal, NowNs, OutcomeUnknown, Step
from gateway.core.replies import Replies, denial, is_asked
from risk.domain.commands import Command, SetKillSwitch, SubmitOrder
from risk.domain.errors import HotlineError, InvariantBroken
from risk.domain.events import Event, OrderDenied
from risk.domain.reasons import ReasonCode

log = structlog.get_logger("core")

BATCH_MAX: Final = 256  # bounds one reactor turn
INBOX_MAX: Final = 65_536

_Taken = list[tuple[Command, "Deferred[Event]"]]


class Sequencer:
    """The only way to the book. Every method runs on the reactor thread."""

    def __init__(
        self,
        step: Step,
        journal: Journal,
        bus: Bus,
        replies: Replies,
        clock: IReactorTime,
        now_ns: NowNs,
        on_failed: Callable[[HotlineError], None],
    ) -> None:
        """`on_failed` is told once when acceptance has stopped for good."""
        self._step = step
        self._journal = journal
        self._bus = bus
        self._replies = replies
        self._clock = clock
        self._now_ns = now_ns
        self._on_failed = on_failed
        self._inbox: deque[tuple[Command, Deferred[Event]]] = deque()
        self._undurable: deque[tuple[Batch, _Taken]] = deque()
        self._drained: list[Deferred[None]] = []
        self._next_seq = bus.durable_seq + 1
        self._turn: object | None = None
        self._accepting = False
        self._takes_orders = True
        self.failed: HotlineError | None = None
        metrics.ACCEPTING.set(0)

    @property
    def accepting(self) -> bool:
        """Whether new commands from doors are taken. False before start, while draining, failed."""
        return self._accepting and self.failed is None

    def accept(self, accepting: bool) -> None:
        """Open or close to commands from doors; what venues report is taken in either case."""
        self._accepting = accepting
        if self.failed is None:
            metrics.ACCEPTING.set(int(accepting))
            log.info("core.accepting", accepting=accepting)

    def take_orders(self, taking: bool) -> None:
        """While False, new orders are denied; cancels and all else are taken as before."""
        if taking is not self._takes_orders:
            self._takes_orders = taking
            log.warning("core.taking_orders", taking=taking)

    def submit(self, command: Command) -> "Deferred[Event]":
        """Return the first event of the command, once it is durable.

        A repeated request_id is answered with its first outcome. While not accepting (or full)
        a door's command is denied with NOT_ACCEPTING, which is not recorded. Fails with
        AcceptanceStopped (not taken) or OutcomeUnknown (ask again) after a failure.
        The caller may cancel the Deferred: it stops waiting, the command stays in its batch.
        """
        if self.failed is not None:
            return fail(AcceptanceStopped(f"the gateway stopped: {self.failed.code}"))
        if is_asked(command):
            at_ns = self._now_ns()
            repeated = self._replies.repeat(command, at_ns)
            if repeated is not None:
                return repeated
            if not self._takes(command):
                return succeed(denial(command, ReasonCode.NOT_ACCEPTING, at_ns))
            self._replies.begin(command)
        reply: Deferred[Event] = Deferred()  # no canceller: a caller that left is no error
        self._inbox.append((command, reply))
        self._plan_turn()
        return reply

    def find(self, request_id: str) -> "Deferred[Event] | None":
        """Return the outcome of an earlier request, None when it was never taken.

        For a door whose caller lost the answer. Doors prefix request_ids with their own name and
        the caller's, so that nobody finds what another one asked.
        """
        return self._replies.find(request_id)

    def drained(self) -> "Deferred[None]":
        """Fire when everything taken so far is released (or acceptance has failed)."""
        done: Deferred[None] = Deferred()
        self._drained.append(done)
        self._tell_drained()
        return done

    def _takes(self, command: Command) -> bool:
        if type(command) is SetKillSwitch:  # the way out of a flood must stay open in one
            return self._accepting
        has_room = len(self._inbox) < INBOX_MAX and self._replies.has_room
        is_wanted = self._takes_orders or type(command) is not SubmitOrder
        return self._accepting and has_room and is_wanted

    def _plan_turn(self) -> None:
        if self._turn is None and self._inbox and self._journal.has_room:
            self._turn = self._clock.callLater(0, self._run)

    def _run(self) -> None:
        """One turn: decide up to BATCH_MAX commands and hand them to the journal."""
        self._turn = None
        if self.failed is not None:
            return
        taken = [self._inbox.popleft() for _ in range(min(BATCH_MAX, len(self._inbox)))]
        batch = self._decide(taken)
        self._next_seq = batch.next_seq
        self._undurable.append((batch, taken))
        durable = maybeDeferred(self._journal.append, batch)
        durable.addCallback(self._release).addErrback(self._commit_failed)
        metrics.INBOX_DEPTH.set(len(self._inbox))
        self._plan_turn()

    def _decide(self, taken: _Taken) -> Batch:
        commands = [command for command, _ in taken]
        at_ns = self._now_ns()
        started_s = self._clock.seconds()
        events: list[list[Event]] = []
        try:
            events = _complete(self._step(commands, at_ns), len(commands))
        finally:
            if not events:  # it raised: nothing of this batch was recorded, so it was not taken
                self._inbox.extendleft(reversed(taken))
                self._fail(InvariantBroken("a step failed: see the traceback in the log"))
        metrics.BATCH_SIZE.observe(len(commands))
        metrics.TURN_SECONDS.observe(self._clock.seconds() - started_s)
        for kind, count in Counter(map(type, commands)).items():
            metrics.COMMANDS.labels(kind.__name__).inc(count)
        return Batch(self._next_seq, at_ns, commands, events)

    def _release(self, _: None) -> None:
        """The oldest batch is durable: only now may the world know.

        The bus comes first, so that orders are on their way before any door's code runs.
        """
        batch, taken = self._undurable.popleft()
        events = [event for caused in batch.events for event in caused]
        self._bus.publish(batch.first_seq, events)
        for (command, reply), caused in zip(taken, batch.events, strict=True):
            outcome = caused[0]
            self._replies.settle(command, outcome)
            reply.callback(outcome)
            if type(outcome) is OrderDenied:
                metrics.ORDERS_DENIED.labels(outcome.reason.name, outcome.channel.name).inc()
        self._plan_turn()
        self._tell_drained()

    def _commit_failed(self, failure: Failure) -> None:
        error = failure.value
        self._fail(error if isinstance(error, HotlineError) else InvariantBroken(repr(error)))

    def _fail(self, error: HotlineError) -> None:
        """Stop for good. What was handed to the journal is unknown, the rest was not taken."""
        if self.failed is not None:
            return
        self.failed = error
        metrics.ACCEPTING.set(-1)
        log.error("core.acceptance_stopped", code=error.code, error=str(error))
        undurable = [pair for _, taken in self._undurable for pair in taken]
        inbox = list(self._inbox)
        self._undurable.clear()
        self._inbox.clear()
        unknown = OutcomeUnknown("not known to be durable: ask again with the same request_id")
        not_taken = AcceptanceStopped(f"the gateway stopped: {error.code}")
        self._abandon(undurable, unknown)
        self._abandon(inbox, not_taken)
        self._tell_drained()
        self._on_failed(error)

    def _abandon(self, taken: _Taken, error: HotlineError) -> None:
        for command, reply in taken:
            self._replies.abandon(command, error)
            reply.errback(error)

    def _tell_drained(self) -> None:
        if not self._inbox and not self._undurable:
            waiting, self._drained = self._drained, []
            for done in waiting:
                done.callback(None)


def _complete(events: list[list[Event]], command_count: int) -> list[list[Event]]:
    if len(events) != command_count or not all(events):
        raise InvariantBroken("every command needs its events")
    return events
