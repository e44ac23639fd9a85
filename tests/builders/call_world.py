"""A phone door's calls on a virtual clock, with a heart that is slow, denies, and loses its memory.

The runner, the flows, the actions and the words are the product's. What stands in for the rest is
small enough to be believed: outcomes are durable or not, and a crash forgets what is not. `Watch`
knows from what a caller heard and pressed, and from nothing else, which order there must be.
"""

import random
from collections.abc import Callable, Mapping, Sequence

from twisted.internet.task import Clock

from gateway.core.tasks import Tasks
from gateway.ivr.actions.table import phone_actions
from gateway.ivr.dialplan import Line
from gateway.ivr.fittings import Fittings
from gateway.ivr.flow import HURRY, Confirm
from gateway.ivr.flows.hotline import HOTLINE
from gateway.ivr.runner import CallRunner
from gateway.ivr.settings import PhoneSettings
from gateway.ivr.wishes import Action
from gateway.media.port import Clip, LostReason, MediaLost, OnLegEvent
from gateway.media.speech import Code, Name, OrderNo, Price, Qty, Value, measure_of
from gateway.sip.calls import CloseReason
from gateway.sip.desk_port import CallerCard, DeskCall, Ticket, TicketEnd
from risk.domain.commands import SubmitOrder
from risk.domain.enums import Language, Side
from tests.builders.legs import FakeCall
from tests.builders.model_heart import NOW_NS, NS, Book, CallShelf, Heart
from tests.builders.phone import (
    ACCOUNT_NO,
    BOND,
    PUFA,
    FakeCallers,
    FakeContacts,
    FakePins,
    phone_ports,
)
from tests.system.telephone import ScriptLeg, the_voice

CONFIRMS = [state for state in HOTLINE.states.values() if isinstance(state, Confirm)]


class RandomTicket:
    """One caller in the queue."""

    def __init__(self, card: CallerCard) -> None:
        self.card, self.has_left, self.is_over = card, False, False

    def on_place(self, callback: Callable[[int, int], None]) -> None:
        self.place = callback

    def on_answered(self, callback: Callable[[str], None]) -> None:
        self.answered = callback

    def on_ended(self, callback: Callable[[TicketEnd], None]) -> None:
        self._ended = callback

    def leave(self) -> None:
        self.has_left = True

    def end(self, why: TicketEnd) -> None:
        """Tell it, once."""
        assert not self.is_over
        self.is_over = True
        self._ended(why)


class RandomDesk:
    """Queues everybody; the script says what agents do."""

    def __init__(self) -> None:
        self.tickets: list[RandomTicket] = []

    def enqueue(self, card: CallerCard, leg: object, call: DeskCall) -> Ticket:
        self.tickets.append(RandomTicket(card))
        return self.tickets[-1]


class Watch:
    """What one caller heard and pressed: says when a 1 orders, and what."""

    def __init__(self) -> None:
        self.armed: tuple[Action, str, str] | None = None  # read back to its end, and asked about
        self._reads: tuple[Action, str, str] | None = None  # being read back

    def begins(self, clips: Sequence[Clip]) -> None:
        """Prompts begin to play."""
        last = clips[-1]
        for state in CONFIRMS:
            if last.name.startswith(state.readback.partition("{")[0]):
                self._reads, self.armed = (state.guards, last.name, last.alaw.decode()), None
                return
        asks = {state.prompt for state in CONFIRMS} | {HURRY}
        if last.name not in asks:
            self.armed = None
        self._reads = None

    def ended(self) -> None:
        """They have been heard to their end."""
        if self._reads is not None:
            self.armed, self._reads = self._reads, None

    def pressed(self, key: str) -> tuple[Action, str, str] | None:
        """Return what this key confirms."""
        armed = self.armed if key == "1" else None
        if armed is not None:
            self.armed = None
        return armed


class WatchedLeg(ScriptLeg):
    """A leg that tells its watch."""

    def __init__(self, on_event: OnLegEvent, clock: Clock) -> None:
        super().__init__(on_event, clock)
        self.watch = Watch()
        self.is_secure = False
        self.secure_ns: list[tuple[int, int]] = []  # from, until; until 0 for not yet
        self._now_ns: Callable[[], int] = lambda: NOW_NS + int(clock.seconds() * NS)

    def play(self, clips: Sequence[Clip], token: int, *, repeats: bool = False) -> None:
        assert not self.is_closed, "played to a dead call"
        self.watch.begins(clips)
        super().play(clips, token, repeats=repeats)

    def _played(self, token: int) -> None:
        self.watch.ended()
        super()._played(token)

    def secure(self, is_on: bool, since_ns: int = 0) -> None:
        assert is_on != self.is_secure
        self.is_secure = is_on
        if is_on:
            self.secure_ns.append((since_ns or self._now_ns(), 0))
        else:
            self.secure_ns[-1] = (self.secure_ns[-1][0], self._now_ns())

    def was_secure(self, at_ns: int) -> bool:
        """Whether a key at this time is not to be heard in a recording."""
        return any(start <= at_ns and (not end or at_ns <= end) for start, end in self.secure_ns)


class WorldCall(FakeCall):
    """One call of the story."""

    def __init__(self, call_no: str) -> None:
        super().__init__()
        self.call_no = call_no
        self.expected: list[str] = []  # read-backs confirmed with 1, as spoken
        self.ended_ns, self.ended_by_crash = 0, False


def order_words(command: SubmitOrder, language: Language) -> str:
    """Return the read-back of an order, as it is spoken."""
    instrument = {one.symbol: one for one in (PUFA, BOND)}[command.symbol]
    name = instrument.name_zh if language is Language.ZH else instrument.name_en
    values: Mapping[str, Value] = {
        "security": Name(name),
        "symbol": Code(command.symbol),
        "qty": Qty(command.qty, measure_of(instrument.board)),
        "price": Price(command.price_e4),
    }
    side = "buy" if command.side is Side.BUY else "sell"
    return spoken(f"order.readback_{side}", values, language)


def accepted_words(order_no: int, language: Language) -> str:
    """Return how an acceptance is spoken."""
    return spoken("order.accepted", {"order_no": OrderNo(order_no)}, language)


def spoken(key: str, values: Mapping[str, Value], language: Language) -> str:
    (clip,) = the_voice().clips(key, values, language)
    return clip.alaw.decode()


class World:
    """One account, its calls one after the other, and the lives of one gateway."""

    def __init__(self, rng: random.Random, contacts: FakeContacts, callers: FakeCallers) -> None:
        self.clock = Clock()
        self.heart = Heart(self.clock, self.now_ns, rng)
        self.shelf, self.desk, self.pins = CallShelf(), RandomDesk(), FakePins()
        self.contacts, self.callers = contacts, callers
        self.calls: list[WorldCall] = []
        self.legs: list[WatchedLeg] = []
        self.runner: CallRunner | None = None
        self._live()

    def now_ns(self) -> int:
        return NOW_NS + int(self.clock.seconds() * NS)

    def _live(self) -> None:
        """Begin a life of the gateway."""
        self.tasks, settings = Tasks(self.clock), PhoneSettings()
        ports = phone_ports(
            pins=self.pins,
            queries=Book(self.heart),
            orders=self.heart,
            contacts=self.contacts,
            callers=self.callers,
            calls=self.shelf,
        )
        actions = phone_actions(ports, settings, the_voice(), self.clock, self.now_ns)
        self.fittings = Fittings(
            *(the_voice(), actions, settings, self.tasks, self.clock, self.now_ns),
            desk=self.desk,
            call_log=self.shelf,
        )

    @property
    def call(self) -> WorldCall | None:
        """The call under way."""
        return self.calls[-1] if self.calls and not self.calls[-1].is_closed else None

    @property
    def leg(self) -> WatchedLeg:
        return self.legs[-1]

    def dial(self) -> None:
        """A new call, unless there is one."""
        if self.call is not None:
            return
        call = WorldCall(f"c{len(self.calls) + 1}")
        runner = CallRunner(call, Line(), self.fittings)
        call.on_closed(lambda reason: self._closed(call, runner, reason))
        leg = WatchedLeg(runner.leg_event, self.clock)
        self.calls.append(call)
        self.legs.append(leg)
        self.runner = runner
        runner.start(leg)

    def _closed(self, call: WorldCall, runner: CallRunner, reason: CloseReason) -> None:
        call.ended_ns = self.now_ns()
        runner.call_closed(reason.value)

    def press(self, key: str) -> None:
        """The caller presses a key; a 1 after a read-back is an order, nothing else is."""
        call = self.call
        if call is None:
            return
        confirmed = self.leg.watch.pressed(key)
        before = len(self.heart.submitted)
        self.leg.press(key, self.now_ns())
        new = self.heart.submitted[before:]
        if confirmed is not None and confirmed[0] is Action.SUBMIT_ORDER:
            language = Language.ZH if "您" in confirmed[2] else Language.EN
            assert [order_words(order, language) for order in new] == [confirmed[2]]
            assert [order.trace_id for order in new] == [call.call_no]
            assert [order.account_no for order in new] == [ACCOUNT_NO]
            call.expected.append(confirmed[2])
        else:
            assert new == [], "ordered without a yes of its own"

    @property
    def has_timers(self) -> bool:
        """Whether anything of a call is still to happen by itself."""
        return bool(self.tasks._timers)

    def ended_lately(self, within_s: int) -> dict[str, bool]:
        """Return the calls that last, or ended so lately, and whether a crash ended them."""
        since_ns = self.now_ns() - within_s * NS
        return {
            call.call_no: call.ended_by_crash
            for call in self.calls
            if not call.ended_ns or call.ended_ns >= since_ns
        }

    def hang_up(self) -> None:
        if self.call is not None:
            self.call.close(CloseReason.REMOTE_BYE)
            self._forget_tickets()

    def lose_media(self) -> None:
        if self.runner is not None and self.call is not None:
            self.runner.leg_event(MediaLost(LostReason.WORKER_ENDED))
            self._forget_tickets()

    def crash(self) -> None:
        """The gateway dies and starts again; its callers hear nothing any more."""
        if self.runner is not None:
            self.runner._is_over = True  # a dead process takes no input and tells nobody
        self.tasks.stop()
        if self.call is not None:
            self.call.ended_ns, self.call.ended_by_crash = self.now_ns(), True
            self.call.is_closed = self.leg.is_closed = True
            ScriptLeg.stop(self.leg)
            self._forget_tickets()
        self.heart.crash()
        self.shelf.crash(self.now_ns())
        self._live()

    def agent(self, what: str) -> None:
        """An agent, or the queue, does something to who waits."""
        ticket = self.waiting
        if ticket is None:
            return
        if ticket.has_left:
            ticket.end(TicketEnd.LEFT)
        elif what == "place":
            ticket.place(2, 60)
        elif what == "answered":
            ticket.answered("Li Lei")
        else:
            ticket.end(TicketEnd[what])

    @property
    def waiting(self) -> RandomTicket | None:
        """The caller in the queue."""
        return next((ticket for ticket in self.desk.tickets if not ticket.is_over), None)

    def _forget_tickets(self) -> None:
        """The desk notices that the call is gone."""
        while (ticket := self.waiting) is not None:
            ticket.end(TicketEnd.CALLER_GONE)
