"""The composition root: every object of the gateway is built here once, in order.

Start is recover, then edges, then doors; stop is the other way round. Not here: what any of the
parts does.
"""

import asyncio
import random
from collections.abc import Callable
from typing import Any

import structlog

from fix.edge import FixEdge
from gateway.app.day import CHECK_S, DayKeeper
from gateway.app.keys import read_pepper
from gateway.app.phone import Phone
from gateway.app.process import Ready
from gateway.app.settings import Settings
from gateway.branch.server import BranchDoor
from gateway.core.lifecycle import LifePhase
from gateway.core.tasks import Tasks
from gateway.feed.quotes import QuoteFeed
from gateway.identity.registry import open_identity
from gateway.journal.heart import journal_storage, open_heart
from gateway.journal.reader import events_after
from gateway.obs.health import HealthPort, Readiness
from gateway.obs.watchdog import ReactorWatch
from gateway.refdata.loader import load_rulebook
from gateway.refdata.tables import read_listings
from gateway.store.database import Database
from gateway.store.settings import store_url
from gateway.web.server import WebDoor
from notify.edge import NoticeEdge, transports_of
from notify.phrases import SecurityNames
from risk.book import views
from risk.checks.moment import HouseLimits, TradingRules
from risk.core.step import step
from risk.domain.errors import HotlineError

log = structlog.get_logger("app")


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
        data, config = settings.gateway.data_folder, settings.gateway.config_folder
        rulebook = load_rulebook(config)
        listings = read_listings(config / settings.gateway.listings_file)
        rules = TradingRules(rulebook, HouseLimits(*_house(settings)))
        storage = journal_storage(data, settings.journal)
        storage.lock()

        def failed(error: HotlineError) -> None:
            log.error("app.stopping", code=error.code)
            on_failed()

        self.heart = open_heart(
            storage,
            settings.journal,
            lambda book: lambda commands, at_ns: step(book, rules, commands, at_ns),
            reactor,
            reactor,
            now_ns,
            failed,
        )
        heart = self.heart
        self._storage = storage
        self._tasks = Tasks(reactor)
        self._identity = open_identity(
            settings.identity,
            Database(store_url(settings.store, data), settings.store, reactor),
            reactor,
            now_ns,
            read_pepper(data),
        )
        rng = random.Random()
        names = {row.symbol: SecurityNames(row.name_zh, row.name_en) for row in listings}
        self._notices = NoticeEdge(
            settings.notify,
            transports_of(
                settings.sms, settings.mail, reactor, asyncio.get_event_loop(), now_ns, rng
            ),
            data_folder=data,
            contact_of=self._identity.customers.contact_of,
            events_after=lambda seq: events_after(storage, seq),
            reactor=reactor,
            now_ns=now_ns,
            rng=rng,
            name_of=names.get,
            sms_parts_max=settings.sms.parts_max,
        )
        self._feed = QuoteFeed(heart.book, now_ns)
        self._fix = FixEdge(
            settings.fix,
            data,
            heart.sequencer.submit,
            views.open_orders(heart.book),
            heart.book.fix_places,
            self._feed.on_ticks,
            reactor,
            now_ns,
        )
        self._days = DayKeeper(rulebook, listings, heart.sequencer, lambda: heart.book.day, now_ns)
        self._web = WebDoor(
            settings.web,
            heart.sequencer,
            heart.queries,
            heart.bus,
            self._identity,
            reactor,
            now_ns,
        )
        self._branch = BranchDoor(
            settings.branch, data, heart.sequencer, heart.queries, heart.bus, reactor, now_ns
        )
        self._phone = (
            Phone(settings, heart.sequencer, heart.queries, self._identity, reactor, now_ns)
            if settings.phone.is_open
            else None
        )
        self._health = HealthPort(settings.health)
        self._watch = ReactorWatch(reactor)
        self._add_checks()

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
        await self._days.check()
        self._tasks.every("day", CHECK_S, self._days.check)
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


def _house(settings: Settings) -> tuple[int, int, int]:
    house = settings.house
    return house.duplicate_window_s, house.account_per_s, house.branch_per_s
