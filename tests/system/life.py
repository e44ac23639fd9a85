"""One life of the gateway on a virtual clock, composed like gateway.app.gateway over memory ends.

A crash ends a life at one instant: what is on its disks then is copied for the next life, and from
then on nothing of the dead one reaches the world. Not here: time and the far ends (world.py).
"""

import asyncio
import errno
import queue
import random
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.internet.task import Clock
from zope.interface import implementer

from fix.settings import FixSettings
from gateway.app.day import CHECK_S, DayKeeper
from gateway.branch.protocol import BranchLink
from gateway.branch.pushes import Pushes
from gateway.branch.settings import BranchSettings
from gateway.core.bus import Numbered
from gateway.core.foresight import Foresight
from gateway.core.tasks import Tasks
from gateway.evidence.call_log import StoredCalls
from gateway.feed.alerts import AlertFeed
from gateway.feed.quotes import QuoteFeed
from gateway.identity.customers import Customer
from gateway.identity.registry import open_identity
from gateway.ivr.actions.ports import PhonePorts
from gateway.journal.heart import open_heart
from gateway.journal.memory_storage import MemoryStorage
from gateway.journal.reader import events_after
from gateway.journal.settings import JournalSettings
from gateway.refdata.day import commands_of_opening
from gateway.refdata.tables import OpeningAccount
from gateway.store.database import Database
from gateway.store.settings import StoreSettings, store_url
from gateway.web.limits import Waits
from gateway.web.orders import OrderRoom
from notify.edge import NoticeEdge
from notify.notices import Route
from notify.phrases import SecurityNames
from notify.settings import NotifySettings
from notify.transports.memory import MemoryTransport
from notify.transports.port import Outcome as SendOutcome
from notify.transports.port import Outgoing, Temporary
from risk.book import views
from risk.checks.moment import TradingRules
from risk.core.step import step
from risk.domain.commands import Command, ListInstrument
from risk.domain.errors import HotlineError
from risk.domain.events import CommandDenied, Filled, OrderAccepted
from risk.domain.instrument import Instrument
from tests.builders.identity import PEPPER, quick_settings
from tests.builders.notices import InlineWorker, the_templates
from tests.builders.rulebooks import the_rulebook
from tests.system.link import GatewayEnd, VenueEnd
from tests.system.telephone import ScriptMedia, a_phone_door
from tests.system.waiting import Waiting

THREAD_S_MAX: Final = 20.0
STORES: Final = ("store.sqlite", "outbox.sqlite")
PASSWORD: Final = "Scenario-2026"


@implementer(IReactorFromThreads)
class Reactor(Clock):
    """A virtual clock that also takes calls from threads; they run when they are waited for."""

    def __init__(self) -> None:
        super().__init__()
        self._called: queue.SimpleQueue[tuple[Callable[..., object], Any, Any]] = (
            queue.SimpleQueue()
        )

    def callFromThread(  # type: ignore[override]  # the interface names it like a builtin
        self, call: Callable[..., object], *args: Any, **kwargs: Any
    ) -> None:
        """Run `call` on this thread, soon."""
        self._called.put((call, args, kwargs))

    def take_calls(self, *, wait: bool) -> None:
        """Run what threads asked for; with `wait` there is something to come."""
        while wait or not self._called.empty():
            call, args, kwargs = self._called.get(timeout=THREAD_S_MAX)
            call(*args, **kwargs)
            wait = False


class Disks:
    """What survives a crash: the journal's files and the folder of the databases."""

    def __init__(self, folder: Path, journal: MemoryStorage | None = None) -> None:
        self.folder = folder
        self.is_full = False
        self.journal = journal or MemoryStorage()
        self.journal = self.journal.after_power_cut(_synced_only, self._fails)
        folder.mkdir(parents=True, exist_ok=True)

    def copied(self, folder: Path) -> "Disks":
        """Return the disks as they are now, of the journal only what was synced."""
        shutil.copytree(self.folder, folder)
        return Disks(folder, self.journal.after_power_cut(_synced_only))

    def _fails(self, _call_no: int, operation: str) -> int:
        return errno.ENOSPC if self.is_full and operation in ("append", "create") else 0


def _synced_only(_name: str, synced_bytes: int, _written_bytes: int) -> int:
    return synced_bytes


class Mailbox(MemoryTransport):
    """A way out whose messages reach the world while the life that sends them lasts."""

    def __init__(self, route: Route, arrived: Callable[[Route, Outgoing], None]) -> None:
        super().__init__(route)
        self._arrived = arrived
        self.is_dead = False
        self.before: Callable[[], None] = lambda: None
        self.after: Callable[[], None] = lambda: None

    async def send(self, message: Outgoing) -> SendOutcome:
        """Let the message arrive."""
        self.before()
        if self.is_dead:
            return Temporary("dead")
        outcome = await super().send(message)
        if self.messages and self.messages[-1] is message:
            self._arrived(self.route, message)
            self.after()
        return outcome


class Life:
    """The gateway from one start to its stop or crash."""

    def __init__(
        self,
        disks: Disks,
        listings: Sequence[Instrument],
        now_ns: Callable[[], int],
        venue: VenueEnd,
        arrived: Callable[[Route, Outgoing], None],
        on_crash: Callable[[], None],
    ) -> None:
        """`arrived` takes every message that goes out, `on_crash` is told of the end."""
        self._on_crash = on_crash
        self.disks, self._listings, self._now_ns = disks, listings, now_ns
        self.reactor = reactor = Reactor()
        self.failures: list[HotlineError] = []
        self.is_dead = False
        self.saved: Disks | None = None
        self._deadly: type[Any] | None = None
        self.is_doomed = False  # dead, or to die at a moment that was told
        rules = TradingRules(the_rulebook())
        self.heart = open_heart(
            disks.journal,
            JournalSettings(segment_mib=1),
            lambda book: lambda commands, at_ns: step(book, rules, commands, at_ns),
            reactor,
            reactor,
            now_ns,
            self.failures.append,
        )
        heart = self.heart
        self._drained: Deferred[None] = heart.sequencer.drained()
        store = StoreSettings()
        self.identity = open_identity(
            quick_settings(),
            Database(store_url(store, disks.folder), store, reactor),
            reactor,
            now_ns,
            PEPPER,
        )
        self.mailboxes = [Mailbox(route, arrived) for route in (Route.SMS, Route.MAIL)]
        self.notices = self._notice_edge()
        self.fix = self._fix_end(venue)
        self._days = DayKeeper(
            the_rulebook(), listings, heart.sequencer, lambda: heart.book.day, now_ns
        )
        self.media = ScriptMedia(reactor)
        self._waiting = Waiting()
        self._tasks = Tasks(reactor)
        self._calls = StoredCalls(
            self.identity.database, heart.sequencer.submit, self._tasks, disks.folder, now_ns
        )
        ports = PhonePorts(
            pins=self._waiting.room(self.identity.pins),
            queries=heart.queries,
            rules=Foresight(heart.book, heart.sequencer, rules, now_ns),
            orders=heart.sequencer,
            contacts=self._waiting.room(self.identity.customers),
            callers=self._waiting.room(self.identity.callers),
            notices=self._waiting.room(self.identity.phone_notices),
            calls=self._waiting.room(self._calls),
        )
        call_log = self._waiting.room(self._calls)
        self.phone = a_phone_door(self.media, ports, call_log, reactor, now_ns)
        self._pushes = Pushes(heart.queries.branch_of, heart.bus.durable_seq)
        self.loop = asyncio.new_event_loop()  # of the web door's answers; it has no socket
        waits = Waits(self.loop, 5.0, reactor.seconds)
        self.web = OrderRoom(heart.sequencer, heart.queries, waits)
        self._tasks.every("web.late", 0.5, waits.sweep)

    def _notice_edge(self) -> NoticeEdge:
        names = {each.symbol: SecurityNames(each.name_zh, each.name_en) for each in self._listings}
        return NoticeEdge(
            NotifySettings(),
            self.mailboxes,
            data_folder=self.disks.folder,
            contact_of=self.identity.customers.contact_of,
            events_after=lambda seq: events_after(self.disks.journal, seq),
            reactor=self.reactor,  # type: ignore[arg-type]  # no sockets here: memory transports
            now_ns=self._now_ns,
            rng=random.Random(1),
            name_of=names.get,
            templates=the_templates(),
            worker=InlineWorker(),
        )

    def _fix_end(self, venue: VenueEnd) -> GatewayEnd:
        heart = self.heart
        alerts = AlertFeed(heart.book, heart.sequencer.submit)
        return GatewayEnd(
            FixSettings(),
            self.disks.folder,
            heart.sequencer.submit,
            views.open_orders(heart.book),
            heart.book.fix_places,
            QuoteFeed(heart.book, alerts, self._now_ns).on_ticks,
            self.reactor,
            self._now_ns,
            venue,
        )

    def start(self, accounts: Sequence[OpeningAccount] = ()) -> None:
        """Start in the order of the real gateway; `accounts` are opened before, as by `init`."""
        heart = self.heart
        self.identity.start()
        if accounts:
            heart.lifecycle.open_doors()
            self._open(accounts)
        heart.bus.subscribe("crash", self._look)
        heart.bus.subscribe("notify", self._while_alive(self.notices.on_events))
        heart.bus.subscribe("fix", self._while_alive(self.fix.router.on_events))
        heart.bus.subscribe("branch", self._while_alive(self._pushes.on_events))
        self.finish(self.notices.start())
        self.fix.start()
        if not accounts:
            heart.lifecycle.open_doors()
        self.identity.pin_changes.start(heart.sequencer.submit)
        self.finish(self._days.check())
        self._tasks.every("day", CHECK_S, self._days.check)
        self.finish(self._calls.start())
        self.finish(self.phone.start())

    def _open(self, accounts: Sequence[OpeningAccount]) -> None:
        for account in accounts:
            customer = Customer(
                account.account_no,
                account.name,
                account.mobile,
                account.email,
                account.language,
                account.branch_code,
                account.is_elder,
            )
            pin = account.phone_pin
            self.identity.enrol(customer, pin, account.web_password, self._now_ns())
        commands: list[Command] = [ListInstrument(f"l:{one[0]}", *one) for one in self._listings]
        cost_e4 = {listing.symbol: listing.prev_close_e4 for listing in self._listings}
        for account in accounts:
            commands += commands_of_opening(account, cost_e4)
        done = [self.heart.sequencer.submit(command) for command in commands]
        self.drain()
        for one in done:
            assert not isinstance(one.result, CommandDenied), one.result

    def branch_link(self, branch_code: str, wake: Callable[[], None]) -> BranchLink:
        """Return a new connection of the branch door."""
        return BranchLink(
            branch_code,
            self.heart.sequencer,
            self.heart.queries,
            self._pushes,
            BranchSettings(),
            self.reactor,
            self._now_ns,
            wake,
        )

    def finish(self, work: Any) -> Any:
        """Run a coroutine of the gateway to its end and return what it returns."""
        done: Deferred[Any] = Deferred.fromCoroutine(work)
        told: list[Any] = []
        done.addBoth(told.append)
        until_s = time.monotonic() + THREAD_S_MAX
        while not told and time.monotonic() < until_s:
            self.drain()
            self.reactor.advance(0.01)
            if not told:
                time.sleep(0.0005)  # a thread of the store has the word
        assert told, "the gateway's work never came to its end"
        if hasattr(told[0], "raiseException"):
            told[0].raiseException()
        return told[0]

    def advance(self, seconds: float) -> None:
        """Let time pass, and let threads and disks finish what it set off."""
        self.reactor.advance(seconds)
        self.drain()

    def drain(self) -> None:
        """Wait until all commands are durable and all PINs verified."""
        self.reactor.take_calls(wait=False)
        while self._is_busy():
            self.reactor.take_calls(wait=True)
            self.reactor.advance(0)

    def _is_busy(self) -> bool:
        self.reactor.advance(0)
        if self._drained.called:
            self._drained = self.heart.sequencer.drained()
        is_failed = self.heart.sequencer.failed is not None
        return bool(self._waiting.count) or not (self._drained.called or is_failed)

    # The end of a life

    def crash(self) -> None:
        """Die here and now: nothing that happens later leaves this life."""
        if self.is_dead:
            return
        self.is_dead = self.is_doomed = True
        number = int(self.disks.folder.name.removeprefix("life")) + 1
        self.saved = self.disks.copied(self.disks.folder.with_name(f"life{number}"))
        self.fix.die()
        for mailbox in self.mailboxes:
            mailbox.is_dead = True
        self._on_crash()

    def crash_when(self, moment: str) -> None:
        """Die at the first moment of this kind. Raises KeyError for one nobody knows."""
        sms = self.mailboxes[0]
        moments: dict[str, Callable[[], None]] = {
            "an order is accepted": lambda: self._crash_on(OrderAccepted),
            "an order is sent": lambda: setattr(self.fix, "on_sent", self._crash_on_text("D")),
            "a cancel is sent": lambda: setattr(self.fix, "on_sent", self._crash_on_text("F")),
            "a report arrives": lambda: setattr(self.fix, "on_report", self._crash_on_text("8")),
            "a fill is durable": lambda: self._crash_on(Filled),
            "an sms is planned": lambda: setattr(sms, "before", self.crash),
            "an sms is sent": lambda: setattr(sms, "after", self.crash),
        }
        moments[moment]()
        self.is_doomed = True

    def spare(self) -> None:
        """Forget the moment to die at."""
        self._deadly = None
        self.fix.on_sent = self.fix.on_report = lambda text: None
        self.mailboxes[0].before = self.mailboxes[0].after = lambda: None
        self.is_doomed = self.is_dead

    def _crash_on(self, kind: type[Any]) -> None:
        """Die when such an event is durable, before anybody else hears of it."""
        self._deadly = kind

    def _look(self, batch: Numbered) -> None:
        if self._deadly and any(isinstance(event, self._deadly) for _, event in batch):
            self.crash()

    def _while_alive(self, take: Callable[[Numbered], None]) -> Callable[[Numbered], None]:
        return lambda batch: None if self.is_dead else take(batch)

    def _crash_on_text(self, kind: str) -> Callable[[str], None]:
        return lambda text: self.crash() if f"\x0135={kind}\x01" in text else None

    def stop(self) -> None:
        """Stop as the real gateway does; of a dead life only its threads and files are left."""
        self.finish(self.phone.stop())
        self._tasks.stop()
        self.fix.die()
        self.finish(self.heart.lifecycle.close())
        self.finish(self.notices.stop())
        self.identity.stop()
        self.loop.close()
        if not self.is_dead:
            self.saved = self.disks
