"""Sends what is due on one route: claim, send, settle; windows, leases, order per recipient.

A notice is claimed durably before it is sent and settled durably after. A crash in between leaves
it claimed; the next life sends it once more. Never lost, at most one more submit per crash.
Not here: the schedule (notify.retry), the rows (notify.outbox), the wire (notify.transports).
"""

from collections.abc import Callable, Coroutine
from typing import Any, Final

import structlog
from sqlalchemy.exc import DBAPIError
from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as LateError
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from notify import metrics
from notify.gather import Gathered
from notify.notices import NoticeState
from notify.outbox import Claim, Claimed, Outbox, Settlement
from notify.retry import RetrySchedule, next_step
from notify.transports.port import Outcome, Outgoing, Sent, Temporary, Transport, Unknown
from notify.worker import Worker
from risk.domain.errors import TemporaryFailure

log = structlog.get_logger("notify")

NS: Final = 1_000_000_000
IDLE_S_MAX: Final = 5.0  # also how soon a letter queued again from outside is found
DUE_S_MIN: Final = 0.005
RETRY_S: Final = 1.0
ABORT_GRACE_S: Final = 5.0  # a transport that keeps no time is cut off this much later


class Dispatcher:
    """Empties the outbox of one route. Every method belongs to the reactor thread."""

    def __init__(
        self,
        outbox: Outbox,
        worker: Worker,
        transport: Transport,
        schedule: RetrySchedule,
        owner: str,
        lease_s: int,
        send_timeout_s: float,
        clock: IReactorTime,
        now_ns: Callable[[], int],
        jitter: Callable[[], float],
    ) -> None:
        self._outbox = outbox
        self._worker = worker
        self._transport = transport
        self._route_name = transport.route.name.lower()
        self._schedule = schedule
        self._owner = owner
        self._lease_ns = lease_s * NS
        self._send_timeout_s = send_timeout_s
        self._clock = clock
        self._now_ns = now_ns
        self._jitter = jitter
        self._sending: set[int] = set()
        self._settlements = Gathered(worker, outbox.settle)
        self._running: set[Deferred[None]] = set()
        self._timer: IDelayedCall | None = None
        self._is_running = False
        self._is_claiming = False
        self._claim_again = False

    @property
    def in_flight(self) -> int:
        """How many sends are under way."""
        return len(self._sending)

    def start(self) -> None:
        """Begin to send."""
        self._is_running = True
        self.wake()

    def wake(self) -> None:
        """Look for due notices now: something was planned, or the transport can send again."""
        if not self._is_running:
            return
        self._claim_again = True
        if not self._is_claiming:
            self._is_claiming = True
            self._spawn(self._claim_all())

    def pause(self) -> None:
        """Claim no more."""
        self._is_running = False
        self._cancel_timer()

    async def stop(self) -> None:
        """Claim no more, let the running sends end, write their ends."""
        self.pause()
        while self._running:
            await next(iter(self._running))

    def _spawn(self, work: Coroutine[Deferred[Any], Any, None]) -> None:
        running: Deferred[None] = Deferred.fromCoroutine(work)

        def over(result: object) -> None:
            self._running.discard(running)
            if isinstance(result, Failure):
                self._log_bug(result)

        self._running.add(running)
        running.addBoth(over)

    def _log_bug(self, failure: Failure) -> None:
        log.error("notify.bug", route=self._route_name, traceback=failure.getTraceback())

    async def _claim_all(self) -> None:
        """Claim while there is room and something due, then sleep until the next due time."""
        self._cancel_timer()
        wait_s = IDLE_S_MAX
        while self._claim_again and self._is_running:
            self._claim_again = False
            room = self._transport.window - len(self._sending)
            if room < 1 or not self._transport.is_ready:
                break  # the end of a send or on_ready wakes us
            try:
                claim = await self._worker.run(self._claim, room)
            except (DBAPIError, TemporaryFailure) as e:
                metrics.OUTBOX_FAILURES.inc()
                log.error("notify.claim_failed", route=self._route_name, error=type(e).__name__)
                wait_s = RETRY_S
                break
            metrics.DIED.labels(self._route_name).inc(claim.died)
            for claimed in claim.claimed:
                self._sending.add(claimed.notice_id)
                self._spawn(self._attempt(claimed))
            wait_s = self._wait_s(claim)
        self._is_claiming = False
        if self._is_running:
            self._timer = self._clock.callLater(wait_s, self.wake)

    def _claim(self, room: int) -> Claim:
        now_ns = self._now_ns()
        return self._outbox.claim(
            self._transport.route,
            self._owner,
            now_ns,
            now_ns + self._lease_ns,
            room,
            self._schedule.attempts_max,
        )

    def _wait_s(self, claim: Claim) -> float:
        if claim.next_due_ns is None:
            return IDLE_S_MAX
        return min(max((claim.next_due_ns - self._now_ns()) / NS, DUE_S_MIN), IDLE_S_MAX)

    def _cancel_timer(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None

    async def _attempt(self, claimed: Claimed) -> None:
        """Send one notice; its room is free when the end of the attempt is durable."""
        outcome = await self._send(claimed)
        end = self._settlement(claimed, outcome)
        self._tell(claimed, outcome, end)
        await self._settle(end)
        self._sending.discard(claimed.notice_id)
        self.wake()

    async def _send(self, claimed: Claimed) -> Outcome:
        notice = claimed.notice
        message = Outgoing(
            notice_id=claimed.notice_id,
            message_key=f"{notice.event_seq}.{claimed.planned_ns}",
            recipient=notice.recipient,
            subject=notice.subject,
            text=notice.text,
            html=notice.html,
            part_ids=claimed.part_ids,
            timeout_s=self._send_timeout_s,
            expires_s=max((notice.expires_ns - self._now_ns()) / NS, 0.0),
        )
        sending: Deferred[Outcome] = Deferred.fromCoroutine(self._transport.send(message))
        sending.addTimeout(self._send_timeout_s + ABORT_GRACE_S, self._clock)
        try:
            return await sending
        except LateError:
            return Unknown("send_timeout")
        except Exception:
            # the transport boundary: a bug there costs one attempt of one notice
            self._log_bug(Failure())
            return Unknown("transport_bug")

    def _settlement(self, claimed: Claimed, outcome: Outcome) -> Settlement:
        now_ns = self._now_ns()
        step = next_step(
            outcome,
            claimed.attempts,
            now_ns,
            claimed.notice.expires_ns,
            self._schedule,
            self._jitter(),
        )
        return Settlement(
            notice_id=claimed.notice_id,
            lease_no=claimed.lease_no,
            state=step.state,
            due_ns=step.due_ns,
            reason=step.reason,
            part_ids=outcome.part_ids,
            at_ns=now_ns,
            is_attempt=not isinstance(outcome, Temporary) or outcome.is_attempt,
        )

    async def _settle(self, end: Settlement) -> None:
        """Write the end of an attempt; tries until it is durable."""
        while True:
            try:
                is_own = await self._settlements.put(end)
            except (DBAPIError, TemporaryFailure) as e:
                metrics.OUTBOX_FAILURES.inc()
                log.error("notify.settle_failed", route=self._route_name, error=type(e).__name__)
                await deferLater(self._clock, RETRY_S)
                continue
            if not is_own:
                log.warning("notice.lease_lost", route=self._route_name, notice_id=end.notice_id)
            return

    def _tell(self, claimed: Claimed, outcome: Outcome, end: Settlement) -> None:
        name = type(outcome).__name__.lower()
        metrics.SETTLED.labels(self._route_name, name).inc()
        if isinstance(outcome, Sent):
            age_s = max(end.at_ns - claimed.notice.event_ns, 0) / NS
            metrics.FILL_TO_NOTICE_SECONDS.labels(self._route_name).observe(age_s)
        if end.state is NoticeState.DEAD:
            metrics.DIED.labels(self._route_name).inc()
        log.info(
            f"notice.{name}",
            route=self._route_name,
            notice_id=claimed.notice_id,
            event_seq=claimed.notice.event_seq,
            cl_ord_id=claimed.notice.cl_ord_id,
            attempts=claimed.attempts,
            state=end.state.name.lower(),
            reason=end.reason,
        )
