"""Follows the journal: events in, rows and cursor into the outbox in one transaction.

Live batches are planned as they come. Whenever that is not possible (start, a failed transaction,
more waiting than `EVENTS_WAITING_MAX`, a cursor moved by someone else) the planner reads the
journal from its own place instead: nothing depends on memory.
Not here: which events are told (notify.plan), sending (notify.dispatcher).
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Final, NamedTuple

import structlog
from sqlalchemy.exc import DBAPIError
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from notify import metrics
from notify.notices import Contact, Notice, Route
from notify.outbox import CursorMoved, Outbox
from notify.phrases import SecurityNames
from notify.plan import Facts, facts_of
from notify.render import Templates
from notify.worker import Worker
from risk.domain.errors import PermanentFailure, TemporaryFailure
from risk.domain.events import Event

log = structlog.get_logger("notify")

PLAN_BATCH_MAX: Final = 512
EVENTS_WAITING_MAX: Final = 8192
CURSOR_LAG_MAX: Final = 4096  # events without a notice that may be read again after a crash
RETRY_S: Final = 1.0
NS: Final = 1_000_000_000

Numbered = Sequence[tuple[int, Event]]
EventsAfter = Callable[[int], Iterable[tuple[int, Event]]]
ContactOf = Callable[[str], Contact | None]
NameOf = Callable[[str], SecurityNames | None]


class OutboxAhead(PermanentFailure):
    """The outbox has planned events that the journal does not hold."""

    code = "notify.outbox_ahead"


class Place(NamedTuple):
    """How far events are planned, and how far the outbox says so (never more)."""

    planned_seq: int
    stored_seq: int


class Composer:
    """Turns events into notices with contact and text. Blocks on the lookups: worker thread."""

    def __init__(
        self,
        templates: Templates,
        routes: Sequence[Route],
        keep_s: int,
        contact_of: ContactOf,
        name_of: NameOf,
    ) -> None:
        self._templates = templates
        self._routes = tuple(routes)
        self._keep_ns = keep_s * NS
        self._contact_of = contact_of
        self._name_of = name_of

    def notices(self, batch: Numbered) -> list[Notice]:
        """Return the notices of a batch, in event order."""
        found: list[Notice] = []
        for event_seq, event in batch:
            facts = facts_of(event)
            if facts is not None:
                found += self._notices_of(event_seq, facts, event.at_ns)
        return found

    def _notices_of(self, event_seq: int, facts: Facts, event_ns: int) -> list[Notice]:
        contact = self._contact_of(facts.account_no)
        recipients = {} if contact is None else self._recipients(contact, facts.only_route)
        if contact is None or not recipients:
            metrics.UNADDRESSED.inc()
            log.warning("notice.unaddressed", event_seq=event_seq, cl_ord_id=facts.cl_ord_id)
            return []
        found = []
        for route, recipient in recipients.items():
            text = self._templates.render(
                facts, route, contact.language, contact.name, self._name_of
            )
            metrics.PLANNED.labels(route.name.lower(), facts.kind.value).inc()
            found.append(
                Notice(
                    event_seq=event_seq,
                    route=route,
                    kind=facts.kind,
                    account_no=facts.account_no,
                    cl_ord_id=facts.cl_ord_id,
                    language=contact.language,
                    recipient=recipient,
                    subject=text.subject,
                    text=text.text,
                    html=text.html,
                    event_ns=event_ns,
                    expires_ns=event_ns + self._keep_ns,
                )
            )
        return found

    def _recipients(self, contact: Contact, only_route: Route | None) -> dict[Route, str]:
        address = {Route.SMS: contact.mobile, Route.MAIL: contact.email}
        wanted = self._routes if only_route is None else (only_route,)
        return {
            route: address[route] for route in self._routes if route in wanted and address[route]
        }


class Planner:
    """Plans notices exactly once. Every method belongs to the reactor thread."""

    def __init__(
        self,
        outbox: Outbox,
        worker: Worker,
        composer: Composer,
        events_after: EventsAfter,
        clock: IReactorTime,
        now_ns: Callable[[], int],
        on_planned: Callable[[], None],
    ) -> None:
        self._outbox = outbox
        self._worker = worker
        self._composer = composer
        self._events_after = events_after
        self._clock = clock
        self._now_ns = now_ns
        self._on_planned = on_planned
        self._waiting: deque[tuple[int, Event]] = deque()
        self._published_seq = 0  # highest number announced as durable
        self._place: Place | None = None  # None until started
        self._following: Deferred[None] | None = None
        self._pause: Deferred[None] | None = None
        self._is_stopped = False

    async def start(self) -> None:
        """Plan everything the journal holds beyond the cursor, then follow the live batches.

        The journal must be recovered: what it yields now counts as durable. Raises OutboxAhead.
        """
        cursor = await self._worker.run(self._checked_cursor)
        place = Place(cursor, cursor)
        while True:
            reached = await self._worker.run(self._plan_from_journal, place, None)
            if reached == place:
                break
            place = reached
        log.info("notify.caught_up", from_seq=cursor, to_seq=place.planned_seq)
        self._place = place
        self._wake()

    def on_events(self, batch: Numbered) -> None:
        """Take durable events in journal order; returns at once."""
        if not batch:
            return
        self._published_seq = batch[-1][0]
        if len(self._waiting) + len(batch) > EVENTS_WAITING_MAX:
            self._waiting.clear()  # the journal has them
        else:
            self._waiting.extend(batch)
        self._wake()

    async def stop(self) -> None:
        """Finish the batch in hand; what waits is read from the journal at the next start."""
        self._is_stopped = True
        if self._pause is not None:
            self._pause.cancel()
        if self._following is not None:
            await self._following

    def _wake(self) -> None:
        if self._place is None or self._following is not None or self._is_stopped:
            return
        following = Deferred.fromCoroutine(self._follow(self._place))
        following.addErrback(self._broken)
        if not following.called:
            self._following = following

    def _broken(self, failure: Failure) -> None:
        """A bug stops the planning loudly, not silently, and loses nothing: it is tried again."""
        log.error("notify.bug", traceback=failure.getTraceback())
        metrics.OUTBOX_FAILURES.inc()
        self._following = None
        self._clock.callLater(RETRY_S, self._wake)

    async def _follow(self, place: Place) -> None:
        """Plan until everything published is planned."""
        while not self._is_stopped and place.planned_seq < self._published_seq:
            reached = await self._one_batch(place)
            if reached.stored_seq != place.stored_seq:
                self._on_planned()
            self._place = place = reached
        self._following = None

    async def _one_batch(self, place: Place) -> Place:
        """Plan one batch, live or from the journal; on failure pause and return a sound place."""
        try:
            batch = self._next_live(place.planned_seq)
            if batch:
                return await self._worker.run(self._plan, batch, place)
            reached = await self._worker.run(self._plan_from_journal, place, self._published_seq)
            if reached != place:
                return reached
            log.error("notify.journal_short", planned_seq=place.planned_seq)
        except CursorMoved:
            cursor = await self._worker.run(self._outbox.cursor)
            log.warning("notify.cursor_moved", to_seq=cursor)
            return Place(cursor, cursor)
        except (DBAPIError, TemporaryFailure) as e:
            metrics.OUTBOX_FAILURES.inc()
            log.error("notify.plan_failed", planned_seq=place.planned_seq, error=type(e).__name__)
        await self._wait(RETRY_S)
        return place

    def _next_live(self, planned_seq: int) -> list[tuple[int, Event]]:
        """Take the next waiting events if they follow the place without a gap."""
        while self._waiting and self._waiting[0][0] <= planned_seq:
            self._waiting.popleft()
        if not self._waiting or self._waiting[0][0] != planned_seq + 1:
            return []
        count = min(len(self._waiting), PLAN_BATCH_MAX)
        return [self._waiting.popleft() for _ in range(count)]

    async def _wait(self, delay_s: float) -> None:
        self._pause = deferLater(self._clock, delay_s).addErrback(lambda _: None)
        await self._pause
        self._pause = None

    # On the worker thread:

    def _checked_cursor(self) -> int:
        cursor = self._outbox.cursor()
        if cursor and next(iter(self._events_after(cursor - 1)), None) is None:
            raise OutboxAhead(
                f"the outbox has planned events up to {cursor}, which the journal does not hold: "
                "restore the journal and outbox of one moment together"
            )
        return cursor

    def _plan_from_journal(self, place: Place, up_to: int | None) -> Place:
        """Plan up to PLAN_BATCH_MAX events after the place, none beyond `up_to`."""
        following = islice(self._events_after(place.planned_seq), PLAN_BATCH_MAX)
        batch = [one for one in following if up_to is None or one[0] <= up_to]
        return self._plan(batch, place) if batch else place

    def _plan(self, batch: Numbered, place: Place) -> Place:
        began_ns = self._now_ns()
        planned = self._composer.notices(batch)
        reached = batch[-1][0]
        if not planned and reached - place.stored_seq < CURSOR_LAG_MAX:
            return Place(reached, place.stored_seq)
        self._outbox.enqueue(planned, place.stored_seq, reached, began_ns)
        metrics.PLAN_SECONDS.observe((self._now_ns() - began_ns) / NS)
        return Place(reached, reached)
