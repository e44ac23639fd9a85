"""The outbound edge as one object: events in; SMS, mail and evidence out.

Builds the outbox, its worker, the planner and one dispatcher per route. Not here: who subscribes it
to the bus or when the journal is recovered (the composition root).
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy.exc import DBAPIError
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.internet.task import LoopingCall, deferLater

from notify import metrics
from notify.dispatcher import Dispatcher
from notify.gather import Gathered
from notify.letters import trace_of_events, trace_of_order
from notify.notices import NoticeTrace, Route
from notify.outbox import Depth, Outbox
from notify.phrases import SecurityNames
from notify.planner import Composer, ContactOf, EventsAfter, NameOf, Numbered, Planner
from notify.receipts import Matched, record_late_answer, record_receipt
from notify.render import House, Templates
from notify.retry import RetrySchedule
from notify.settings import MailSettings, NotifySettings, SMSSettings
from notify.tables import open_outbox
from notify.transports.port import LateAnswer, Receipt, Transport
from notify.transports.smpp.smsc import SMPPTransport, SMSCReactor
from notify.transports.smtp import SMTPTransport
from notify.worker import ThreadWorker, Worker
from risk.domain.errors import TemporaryFailure

log = structlog.get_logger("notify")

GAUGES_S: Final = 1.0
RETRY_S: Final = 1.0
NS: Final = 1_000_000_000


class EdgeReactor(SMSCReactor, IReactorFromThreads):
    """What the edge needs of the reactor."""


def no_name(_symbol: str) -> SecurityNames | None:
    """Know no listing by name: its code is told."""
    return None


def transports_of(
    sms: SMSSettings,
    mail: MailSettings,
    reactor: EdgeReactor,
    loop: asyncio.AbstractEventLoop,
    now_ns: Callable[[], int],
    rng: random.Random,
) -> list[Transport]:
    """Return the ways out that are switched on; `loop` is the asyncio loop of the reactor."""
    found: list[Transport] = []
    if sms.is_enabled:
        found.append(SMPPTransport(sms, reactor, now_ns, rng))
    if mail.is_enabled:
        found.append(SMTPTransport(mail, loop, now_ns))
    return found


def load_templates(settings: NotifySettings, config_folder: Path, sms_parts_max: int) -> Templates:
    """Read and check all texts. Raises ConfigError that names the file and the remedy."""
    house = House(settings.firm_zh, settings.firm_en, settings.hotline_no)
    return Templates(config_folder / settings.templates, house, sms_parts_max)


class NoticeEdge:
    """Plans and sends notices. Every method belongs to the reactor thread.

    `contact_of`, `name_of` and `events_after` are called on the outbox thread and may block;
    a TemporaryFailure of theirs is tried again. `events_after(seq)` yields `(event_seq, event)`
    after `seq` in order; at `start` everything it yields counts as durable. Texts are read from the
    settings' folder unless `templates` are given; `worker` replaces the outbox thread.
    """

    def __init__(
        self,
        settings: NotifySettings,
        transports: Sequence[Transport],
        *,
        data_folder: Path,
        contact_of: ContactOf,
        events_after: EventsAfter,
        reactor: EdgeReactor,
        now_ns: Callable[[], int],
        rng: random.Random,
        templates: Templates,
        name_of: NameOf = no_name,
        worker: Worker | None = None,
    ) -> None:
        self._settings = settings
        self._reactor = reactor
        self._now_ns = now_ns
        self._transports = tuple(transports)
        self._own_worker: ThreadWorker | None = None
        if worker is None:
            worker = self._own_worker = ThreadWorker(reactor)
        self._worker: Worker = worker
        self._outbox = Outbox(open_outbox(data_folder / settings.file))
        routes = [transport.route for transport in self._transports]
        self._planner = Planner(
            self._outbox,
            self._worker,
            Composer(templates, routes, settings.keep_s, contact_of, name_of),
            events_after,
            reactor,
            now_ns,
            self._wake,
        )
        self._dispatchers = {
            transport.route: self._dispatcher(transport, rng) for transport in self._transports
        }
        self._receipts = Gathered(self._worker, self._record_receipts)
        self._gauges = LoopingCall(self._measure)
        self._gauges.clock = reactor

    @property
    def is_ready(self) -> bool:
        """Whether every route can send now."""
        return all(transport.is_ready for transport in self._transports)

    async def start(self) -> None:
        """Resume: free the leases of the last life, plan what the journal has, begin to send.

        Raises OutboxAhead; the constructor ConfigError or OutboxVersion.
        """
        if self._own_worker is not None:
            self._own_worker.start()
        freed = await self._worker.run(self._outbox.take_back, self._settings.instance)
        if freed:
            log.warning("notify.leases_freed", count=freed)
        await self._planner.start()
        for transport in self._transports:
            await transport.start(_Listener(self, transport.route))
            self._dispatchers[transport.route].start()
        measuring = self._gauges.start(GAUGES_S, now=True)
        measuring.addErrback(lambda failure: log.error("notify.bug", traceback=str(failure)))

    async def stop(self) -> None:
        """End what is under way within its time, leave the next hops, close the outbox."""
        if self._gauges.running:
            self._gauges.stop()
        await self._planner.stop()
        for dispatcher in self._dispatchers.values():
            dispatcher.pause()
        for transport in self._transports:
            await transport.stop()  # ends its running sends
        for dispatcher in self._dispatchers.values():
            await dispatcher.stop()
        if self._own_worker is not None:
            self._own_worker.stop()
        self._outbox.close()

    def on_events(self, batch: Numbered) -> None:
        """Take durable events, `[(event_seq, event), ...]` in journal order; returns at once."""
        self._planner.on_events(batch)

    async def trace_of_order(self, cl_ord_id: str) -> list[NoticeTrace]:
        """Return the evidence of every notice of an order, in event order."""
        return await self._worker.run(trace_of_order, self._outbox, cl_ord_id)

    async def trace_of_events(self, event_seqs: Sequence[int]) -> list[NoticeTrace]:
        """Return the evidence of the notices planned from these events."""
        return await self._worker.run(trace_of_events, self._outbox, event_seqs)

    async def depths(self) -> dict[Route, Depth]:
        """Return what waits on each route."""
        return await self._worker.run(self._outbox.depths)

    def wake(self, route: Route) -> None:
        """Look for due notices of a route now."""
        self._dispatchers[route].wake()

    async def keep_receipt(self, receipt: Receipt) -> None:
        """Write a delivery receipt; returns when it is durable. Raises what the outbox raises."""
        matched = await self._receipts.put(receipt)
        if matched is None:
            return
        metrics.RECEIPTS.labels(matched.state.name.lower()).inc()
        if matched.is_complete and matched.sent_ns:
            metrics.DLR_SECONDS.observe(max(receipt.at_ns - matched.sent_ns, 0) / NS)
        log.info(
            "notice.receipt", notice_id=matched.notice_id, receipt_state=matched.state.name.lower()
        )

    async def keep_late_answer(self, answer: LateAnswer) -> None:
        """Write an answer that came after its attempt; tries until it is durable."""
        while True:
            try:
                is_sent = await self._worker.run(self._record_late_answer, answer)
                break
            except (DBAPIError, TemporaryFailure) as e:
                metrics.OUTBOX_FAILURES.inc()
                log.error("notify.late_answer_failed", error=type(e).__name__)
                await deferLater(self._reactor, RETRY_S)
        log.info("notice.late_answer", notice_id=answer.notice_id, is_sent=is_sent)

    def _dispatcher(self, transport: Transport, rng: random.Random) -> Dispatcher:
        settings = self._settings
        return Dispatcher(
            self._outbox,
            self._worker,
            transport,
            RetrySchedule(
                settings.first_wait_s,
                settings.wait_s_max,
                settings.attempts_max,
                settings.unknown_wait_s,
            ),
            settings.instance,
            settings.lease_s,
            settings.send_timeout_s,
            self._reactor,
            self._now_ns,
            rng.random,
        )

    def _wake(self) -> None:
        for dispatcher in self._dispatchers.values():
            dispatcher.wake()

    async def _measure(self) -> None:
        try:
            depths = await self.depths()
        except (DBAPIError, TemporaryFailure):
            metrics.OUTBOX_FAILURES.inc()
            return
        now_ns = self._now_ns()
        for route, depth in depths.items():
            name = route.name.lower()
            metrics.OUTBOX_DEPTH.labels(name).set(depth.open_count)
            metrics.OUTBOX_DEAD.labels(name).set(depth.dead_count)
            age_s = max(now_ns - depth.oldest_ns, 0) / NS if depth.open_count else 0.0
            metrics.OUTBOX_OLDEST_SECONDS.labels(name).set(age_s)

    # On the worker thread:

    def _record_receipts(self, receipts: list[Receipt]) -> list[Matched | None]:
        with self._outbox.engine.begin() as connection:
            return [record_receipt(connection, receipt) for receipt in receipts]

    def _record_late_answer(self, answer: LateAnswer) -> bool:
        with self._outbox.engine.begin() as connection:
            return record_late_answer(connection, answer, self._now_ns())


class _Listener:
    """Hears what one transport learns between sends."""

    def __init__(self, edge: NoticeEdge, route: Route) -> None:
        self._edge = edge
        self._route = route

    def on_ready(self) -> None:
        self._edge.wake(self._route)

    def on_receipt(self, receipt: Receipt) -> Awaitable[None]:
        return Deferred.fromCoroutine(self._edge.keep_receipt(receipt))

    def on_late_answer(self, answer: LateAnswer) -> None:
        kept = Deferred.fromCoroutine(self._edge.keep_late_answer(answer))
        kept.addErrback(lambda failure: log.error("notify.bug", traceback=str(failure)))
