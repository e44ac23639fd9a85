"""The composition root: every object of the gateway is built here once, in order.

Start is recover, then edges, then doors; stop is the other way round. Not here: what any of the
parts does.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import Any, Final

import structlog

from fix.edge import FixEdge
from gateway.app.day import CHECK_S, DayKeeper
from gateway.app.foundation import identity_of, locked_heart
from gateway.app.phone import Phone
from gateway.app.process import Ready
from gateway.app.settings import Settings
from gateway.branch.server import BranchDoor
from gateway.core.foresight import Foresight
from gateway.core.lifecycle import LifePhase
from gateway.core.tasks import Tasks
from gateway.feed.alerts import AlertFeed
from gateway.feed.quotes import QuoteFeed
from gateway.journal.reader import events_after
from gateway.obs.health import HealthPort, Readiness
from gateway.obs.watchdog import ReactorWatch
from gateway.refdata.loader import load_rulebook
from gateway.refdata.tables import read_listings
from gateway.web.server import WebDoor
from notify.edge import NoticeEdge, load_templates, transports_of
from notify.phrases import SecurityNames
from risk.book import views
from risk.checks.moment import HouseLimits, TradingRules
from risk.domain.errors import HotlineError
from risk.domain.instrument import Instrument

log = structlog.get_logger("app")

ROOM_CHECK_S: Final = 0.1


class Gateway:
    """The gateway process. Building it recovers the book, which blocks; `start` then runs."""

    def __init__(
        self,
        settings: Settings,
        reactor: Any,  # IReactorCore, -Time, -Threads, -TCP, -UDP: the one real reactor
        now_ns: Callable[[], int],
        on_failed: Callable[[], None],
    ) -> None:
        """`on_failed` is called once when nothing can be made durable any more: exit, restart."""
        self._settings = settings
        self._reactor = reactor
        self._now_ns = now_ns
        config = settings.gateway.config_folder
        rulebook = load_rulebook(config)
        listings = read_listings(config / settings.gateway.listings_file)
        self._tasks = Tasks(reactor)

        def failed(error: HotlineError) -> None:
            log.error("app.stopping", code=error.code)
            on_failed()

        rules = TradingRules(rulebook, _house(settings))
        self._storage, self.heart = locked_heart(settings, rules, reactor, now_ns, failed)
        self._identity = identity_of(settings, reactor, now_ns)
        self._notices = self._notice_edge(listings)
        self._fix = self._fix_edge()
        heart = self.heart
        self._days = DayKeeper(rulebook, listings, heart.sequencer, lambda: heart.book.day, now_ns)
        asked = (heart.sequencer, heart.queries)
        foresight = Foresight(heart.book, heart.sequencer, rules, now_ns)
        self._web = WebDoor(settings.web, *asked, heart.bus, self._identity, reactor, now_ns)
        data = settings.gateway.data_folder
        self._branch = BranchDoor(settings.branch, data, *asked, heart.bus, reactor, now_ns)
        self._phone = (
            Phone(settings, *asked, foresight, self._identity, listings, reactor, now_ns)
            if settings.phone.is_open
            else None
        )
        self._health = HealthPort(settings.health)
        self._watch = ReactorWatch(reactor)
        self._add_checks()

    def _notice_edge(self, listings: Sequence[Instrument]) -> NoticeEdge:
        settings, loop = self._settings, asyncio.get_event_loop()
        rng = random.Random()
        names = {row.symbol: SecurityNames(row.name_zh, row.name_en) for row in listings}
        return NoticeEdge(
            settings.notify,
            transports_of(settings.sms, settings.mail, self._reactor, loop, self._now_ns, rng),
            data_folder=settings.gateway.data_folder,
            contact_of=self._identity.customers.contact_of,
            events_after=lambda seq: events_after(self._storage, seq),
            reactor=self._reactor,
            now_ns=self._now_ns,
            rng=rng,
            templates=load_templates(
                settings.notify, settings.gateway.config_folder, settings.sms.parts_max
            ),
            name_of=names.get,
        )

    def _fix_edge(self) -> FixEdge:
        heart, data = self.heart, self._settings.gateway.data_folder
        alerts = AlertFeed(heart.book, heart.sequencer.submit)
        return FixEdge(
            self._settings.fix,
            data,
            heart.sequencer.submit,
            views.open_orders(heart.book),
            heart.book.fix_places,
            QuoteFeed(heart.book, alerts, self._now_ns).on_ticks,
            self._reactor,
            self._now_ns,
        )

    async def start(self) -> Ready:
        """Start edges, bring the book to the day, open the doors; return the real ports."""
        heart = self.heart
        self._identity.start()
        self._watch.start()
        await self._health.start()
        heart.bus.subscribe("notify", self._notices.on_events)
        heart.bus.subscribe("fix", self._fix.on_events)
        await self._notices.start()
        self._fix.start()
        heart.lifecycle.open_doors()
        self._identity.pin_changes.start(heart.sequencer.submit)
        await self._days.check()
        self._tasks.every("day", CHECK_S, self._days.check)
        self._tasks.every("room", ROOM_CHECK_S, self._check_room)
        await self._web.start()
        await self._branch.start()
        if self._phone is not None:
            await self._phone.start()
        return {
            "ready": "gateway",
            "health_port": self._health.port,
            "web_port": self._web.port,
            "branch_port": self._branch.port,
            "sip_port": self._phone.port if self._phone else 0,
        }

    async def stop(self) -> None:
        """Close the doors, log out, let what was taken become durable, close the files."""
        if self._phone is not None:
            await self._phone.stop()
        await self._branch.stop()
        await self._web.stop()
        self._tasks.stop()
        await self._fix.stop()
        await self.heart.lifecycle.close()
        await self._notices.stop()
        await self._health.stop()
        self._watch.stop()
        self._identity.stop()
        self._storage.unlock()

    def _check_room(self) -> None:
        """Take no orders while too many wait for the venue: better a no than hours of doubt."""
        self.heart.sequencer.take_orders(self._fix.has_room)

    def _add_checks(self) -> None:
        lifecycle, health = self.heart.lifecycle, self._health
        health.add_check(
            "journal",
            lambda: Readiness(
                lifecycle.phase is LifePhase.OPEN,
                f"the heart is {lifecycle.phase.value}: see core.* in the log, free disk space",
            ),
        )
        health.add_check(
            "fix", lambda: Readiness(self._fix.is_up, "the venue does not answer: see [fix]")
        )
        health.add_check(
            "reconciled",
            lambda: Readiness(self._fix.is_reconciled, "the venue is still being asked"),
        )
        health.add_check(
            "notices",
            lambda: Readiness(self._notices.is_ready, "a route cannot send: see [sms], [mail]"),
        )


def _house(settings: Settings) -> HouseLimits:
    house = settings.house
    return HouseLimits(
        house.duplicate_window_s,
        house.account_per_s,
        house.branch_per_s,
        house.alerts_per_account,
        house.statement_wait_s,
    )
