"""A live call with a fake heart, on a virtual clock: what tests of the runner begin with."""

from collections.abc import Callable
from pathlib import Path

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from gateway.core.tasks import Tasks
from gateway.ivr.actions.table import phone_actions
from gateway.ivr.call_record import CallRecord
from gateway.ivr.dialplan import Line
from gateway.ivr.fittings import Fittings
from gateway.ivr.runner import CallRunner
from gateway.ivr.settings import PhoneSettings
from gateway.media.port import Leg
from gateway.sip.desk_port import CallerCard, DeskCall, Ticket, TicketEnd
from tests.builders.legs import FakeCall, FakeLeg
from tests.builders.phone import (
    ACCOUNT_NO,
    PIN,
    FakeOrders,
    FakePins,
    FakeQueries,
    phone_ports,
)
from tests.builders.voice import a_readable_voice


class FakeLog:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.begun: list[CallRecord] = []
        self.noted: list[CallRecord] = []

    def begin(self, record: CallRecord) -> Deferred[None]:
        self.begun.append(record)
        return succeed(None)

    def note(self, record: CallRecord) -> Deferred[None]:
        self.noted.append(record)
        return succeed(None)


class FakeTicket:
    """One caller in the queue; the test is the call centre."""

    def __init__(self, card: CallerCard) -> None:
        self.card = card
        self.has_left = False

    def on_place(self, callback: Callable[[int, int], None]) -> None:
        callback(1, 30)

    def on_answered(self, callback: Callable[[str], None]) -> None:
        self.answered = callback

    def on_ended(self, callback: Callable[[TicketEnd], None]) -> None:
        self.ended = callback

    def leave(self) -> None:
        self.has_left = True


class FakeDesk:
    """Queues everybody."""

    def __init__(self) -> None:
        self.tickets: list[FakeTicket] = []

    def enqueue(self, card: CallerCard, leg: Leg, call: DeskCall) -> Ticket:
        self.tickets.append(FakeTicket(card))
        return self.tickets[-1]


class RunnerCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.orders, self.pins, self.queries = FakeOrders(), FakePins(), FakeQueries()
        self.voice = a_readable_voice(Path(self.mktemp()))
        self.successResultOf(Deferred.fromCoroutine(self.voice.prepare()))
        self.tasks = Tasks(self.clock)
        ports = phone_ports(pins=self.pins, queries=self.queries, orders=self.orders)
        actions = phone_actions(ports, PhoneSettings(), self.voice, self.clock, lambda: 55)
        self.log = FakeLog()
        self.fittings = Fittings(
            *(self.voice, actions, PhoneSettings(), self.tasks, self.clock, self.now_ns),
            call_log=self.log,
            recordings=Path("/recordings"),
        )
        self.begin(Line())

    def now_ns(self) -> int:
        return int((1_000 + self.clock.seconds()) * 1e9)

    def begin(self, line: Line) -> None:
        """A call comes and is answered."""
        self.call, self.leg = FakeCall(), FakeLeg()
        self.runner = CallRunner(self.call, line, self.fittings)
        self.call.on_closed(lambda reason: self.runner.call_closed(reason.value))
        self.leg.on_event = self.runner.leg_event
        self.runner.start(self.leg)

    def log_in(self) -> None:
        self.leg.press(f"1{ACCOUNT_NO}#{PIN}#")
        self.leg.finish()

    def to_confirm(self) -> None:
        self.log_in()
        self.leg.press("160000010*05#200#")
        self.leg.finish()
