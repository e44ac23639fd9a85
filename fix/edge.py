"""The FIX edge as the gateway's composition root builds it: sessions, router, reading, one turn.

    edge = FixEdge(settings, data_folder, submit, open_orders, last_inbound, on_ticks, reactor,
                   now_ns)
    bus.subscribe("fix", edge.on_events); edge.start(); ...; await edge.stop()

The book must be recovered before: what it holds decides what is asked for and which inbound number
is expected. Not here: threads. QuickFIX is polled by the reactor (fix.sessions).
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import structlog
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.threads import deferToThreadPool

from fix import metrics
from fix.application import guarded
from fix.inbound import Inbound, Recorder, Submit
from fix.marketdata import DICTIONARY, MarketData, Tick
from fix.message_log import MessageLog
from fix.numbers import OutgoingNumbers
from fix.router import Router
from fix.sessions import FixSession
from fix.settings import FixSettings, checked
from risk.domain.events import Event
from risk.domain.orders import OpenOrder

log = structlog.get_logger("fix")

BUSY_POLL_S: Final = 0.001  # while an answer is waited for or something came in the last second
MESSAGES_FOLDER: Final = "messages"  # inside the folder of the settings
IDLE_POLL_S: Final = 0.01
_BUSY_NS: Final = 1_000_000_000
_STOP_WAIT_NS: Final = 3_000_000_000


class FixEdge:
    """The sessions to the venue. Every method runs on the reactor thread."""

    def __init__(
        self,
        settings: FixSettings,
        data_folder: Path,
        submit: Submit,
        open_orders: Iterable[OpenOrder],
        last_inbound: Mapping[str, int],
        on_ticks: Callable[[list[Tick]], None],
        reactor: Any,  # IReactorTime and IReactorThreads
        now_ns: Callable[[], int],
        system_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        """`last_inbound`: fix_session -> last MsgSeqNum(34) that is durable in the journal.

        `now_ns` is the market's clock, which a demonstration may shift; `system_ns` never is.
        """
        self._reactor = reactor
        self._now_ns = now_ns
        self._turn: IDelayedCall | None = None
        self._is_running = self._is_idle = False
        self._busy_until_ns = 0
        self._stopped: Deferred[None] | None = None
        self._stop_until_ns = 0
        checked(settings)
        folder = data_folder / settings.folder

        def write_later(write: Callable[[], None]) -> "Deferred[None]":
            return deferToThreadPool(reactor, reactor.getThreadPool(), write)

        numbers = OutgoingNumbers(folder / f"{settings.sender_comp_id}.numbers", write_later)
        self._message_log = MessageLog(folder / MESSAGES_FOLDER, write_later, now_ns)
        record = Recorder(submit)
        self.router = Router(settings, record, open_orders, now_ns)
        self._orders = FixSession(
            settings,
            settings.sender_comp_id,
            settings.data_dictionary,
            numbers,
            last_inbound,
            system_ns,
            self._message_log,
        )
        self._orders.user = Inbound(self._orders, self.router, record, now_ns)
        self._sessions = [self._orders]
        if settings.market_data_comp_id:
            quotes = FixSession(
                settings, settings.market_data_comp_id, DICTIONARY, None, {}, system_ns
            )
            quotes.user = MarketData(on_ticks)
            self._sessions.append(quotes)

    def start(self) -> None:
        """Open the sessions and begin to poll. Raises when the outgoing number cannot be kept."""
        for session in self._sessions:
            session.open()
        self._is_running = True
        self._plan(0)

    def stop(self) -> "Deferred[None]":
        """Log out, wait a little for the venue's Logout(5), close. Fires when closed."""
        assert self._stopped is None, "stop once"
        self._stopped = Deferred()
        if not self._is_running:  # never started, or abandoned
            self._stopped.callback(None)
            return self._stopped
        self._stop_until_ns = self._now_ns() + _STOP_WAIT_NS
        for session in self._sessions:
            session.log_out()
        return self._stopped

    def abandon(self) -> None:
        """Let go of everything without a word, as a killed process does: for a fail-stop."""
        if self._turn is not None:
            self._turn.cancel()
            self._turn = None
            self._is_running = False
            for session in self._sessions:
                session.abandon()

    def on_events(self, events: Sequence[tuple[int, Event]]) -> None:
        """Route durable events (a bus subscriber)."""
        self.router.on_events(events)
        if self._is_idle and self._turn is not None and self.router.is_waiting:
            self._is_idle = False
            self._turn.reset(BUSY_POLL_S)

    @property
    def is_up(self) -> bool:
        """Whether the order session is logged on."""
        return self._orders.is_up

    @property
    def is_reconciled(self) -> bool:
        """Whether the venue has answered for the orders that were open at logon."""
        return self.router.is_reconciled

    @property
    def has_room(self) -> bool:
        """Whether doors should take more orders."""
        return self.router.has_room

    def _plan(self, delay_s: float) -> None:
        self._turn = self._reactor.callLater(delay_s, self._run)

    def _run(self) -> None:
        self._turn = None
        now_ns = self._now_ns()
        count = 0
        for session in self._sessions:
            guarded(FixSession.poll, session)
            count += session.count
        metrics.HANDOVER_DEPTH.set(count)
        guarded(Router.turn, self.router)
        self._message_log.turn(now_ns)
        if self._stopped is not None and self._is_done(now_ns):
            self._close(self._stopped)
            return
        if count or self.router.is_waiting:
            self._busy_until_ns = now_ns + _BUSY_NS
        self._is_idle = now_ns >= self._busy_until_ns
        self._plan(0 if count else IDLE_POLL_S if self._is_idle else BUSY_POLL_S)

    def _is_done(self, now_ns: int) -> bool:
        return now_ns >= self._stop_until_ns or not any(s.is_up for s in self._sessions)

    def _close(self, stopped: "Deferred[None]") -> None:
        for session in self._sessions:
            session.close()
        self._message_log.close()
        log.info("fix.closed")
        stopped.callback(None)
