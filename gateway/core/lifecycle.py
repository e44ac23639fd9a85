"""From recovered to open to closed: the only way the heart starts and stops.

Start is recovery (gateway.journal.heart), then `open_doors`. A clean stop lets what was taken
become durable, records the book's fingerprint, keeps a snapshot and closes the journal; a crash is
the same start without that stop. Not here: starting and stopping the edges (gateway.app).
"""

import enum
from collections.abc import Callable
from typing import Final

import structlog
from twisted.internet import defer
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from gateway.core.ports import NowNs
from gateway.core.sequencer import Sequencer
from risk.domain.commands import TakeFingerprint
from risk.domain.errors import TemporaryFailure
from risk.domain.events import FingerprintTaken

log = structlog.get_logger("core")

DRAIN_S_MAX: Final = 20


class LifePhase(enum.Enum):
    """Where the heart is in its life."""

    RECOVERED = "recovered"
    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"
    FAILED = "failed"


class Lifecycle:
    """`keep_snapshot(fingerprint)` writes a snapshot of the book as it stands; it blocks."""

    def __init__(
        self,
        sequencer: Sequencer,
        clock: IReactorTime,
        now_ns: NowNs,
        keep_snapshot: Callable[[bytes], None],
        close_journal: Callable[[], "Deferred[None]"],
    ) -> None:
        self._sequencer = sequencer
        self._clock = clock
        self._now_ns = now_ns
        self._keep_snapshot = keep_snapshot
        self._close_journal = close_journal
        self._phase = LifePhase.RECOVERED

    @property
    def phase(self) -> LifePhase:
        """Where the heart is now."""
        return LifePhase.FAILED if self._sequencer.failed else self._phase

    def open_doors(self) -> None:
        """Take commands. The FIX edge has set its expected numbers before."""
        assert self._phase is LifePhase.RECOVERED, self._phase
        self._phase = LifePhase.OPEN
        self._sequencer.accept(True)

    async def take_snapshot(self) -> None:
        """Record the fingerprint and keep a snapshot; for times without trading, it blocks.

        Call it while nothing is submitted, or some of that would be in the book and not durable.
        Raises TemporaryFailure when what is pending does not become durable in time.
        """
        await self._drained()
        request_id = f"core:fingerprint:{self._now_ns()}"
        taken = await self._sequencer.submit(TakeFingerprint(request_id))
        assert isinstance(taken, FingerprintTaken), taken
        await self._drained()
        self._keep_snapshot(taken.fingerprint)

    async def close(self) -> None:
        """Stop cleanly: no more commands from doors, drain, snapshot, close the journal.

        The edges that report executions have been stopped before. A snapshot that cannot be
        taken or kept is logged: the journal alone is enough to start from.
        """
        self._phase = LifePhase.CLOSING
        self._sequencer.accept(False)
        if self._sequencer.failed is None:
            try:
                await self.take_snapshot()
            except (TemporaryFailure, OSError) as error:
                log.error("core.snapshot_not_kept", error=str(error))
        await self._close_journal()
        self._phase = LifePhase.CLOSED
        log.info("core.closed", failed=self._sequencer.failed is not None)

    async def _drained(self) -> None:
        waiting = self._sequencer.drained().addTimeout(DRAIN_S_MAX, self._clock)
        try:
            await waiting
        except defer.TimeoutError:
            raise TemporaryFailure(f"not drained after {DRAIN_S_MAX} s: see the disk") from None
