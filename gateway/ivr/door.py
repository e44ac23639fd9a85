"""The phone door: takes SIP calls, gives each a leg and a runner, and keeps within its limits.

Give `call_received` and `is_ready` to the user agent. Not here: the SIP socket, what callers
hear, and how calls of ours go (gateway.ivr.notice_calls).
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IReactorTime

from gateway.core.tasks import Tasks
from gateway.ivr import metrics
from gateway.ivr.actions.table import PhoneActions
from gateway.ivr.call_record import CallLog
from gateway.ivr.dialplan import Dialplan
from gateway.ivr.fittings import Fittings
from gateway.ivr.flow_check import faults
from gateway.ivr.notice_calls import Announcement, NoticeCalls, NoticeDialler, NoticeResult
from gateway.ivr.runner import CallRunner
from gateway.ivr.settings import PhoneSettings
from gateway.media.port import MediaLink, MediaRefused
from gateway.media.voice import Voice
from gateway.sip.calls import CloseReason
from gateway.sip.desk_port import AgentDesk
from gateway.sip.incoming import IncomingCall
from risk.domain.errors import ConfigError

log = structlog.get_logger("ivr")


class PhoneDoor:
    """All calls of the phone door."""

    def __init__(
        self,
        settings: PhoneSettings,
        media: MediaLink,
        voice: Voice,
        actions: PhoneActions,
        clock: IReactorTime,
        now_ns: Callable[[], int],
        *,
        desk: AgentDesk | None = None,
        call_log: CallLog | None = None,
        recordings: Path | None = None,
        dialler: NoticeDialler | None = None,
    ) -> None:
        """`recordings` is an existing folder, None when calls are not recorded.

        Raises ConfigError for a line that is listed twice or leads to no flow.
        """
        self._settings, self._media, self._voice = settings, media, voice
        self._tasks = Tasks(clock)
        self._dialplan = Dialplan(settings.lines)
        self._fittings = Fittings(
            *(voice, actions, settings, self._tasks, clock, now_ns, desk, call_log, recordings)
        )
        self._notices = (
            NoticeCalls(settings, media, dialler, self._fittings) if dialler is not None else None
        )
        self._calls: dict[IncomingCall, CallRunner] = {}
        self._leaving: set[Deferred[Any]] = set()  # calls that are over, but for their record
        self._is_open = False

    @property
    def is_ready(self) -> bool:
        """Whether a call would be taken."""
        return self._is_open and self._media.is_ready

    @property
    def call_count(self) -> int:
        """Calls now."""
        return len(self._calls)

    async def start(self) -> None:
        """Render the prompts, start media, take calls.

        Raises ConfigError (a flow or prompt is wrong), VoiceUnavailable (no speech engine for
        what is not recorded) or MediaRefused.
        """
        for fault in faults(self._dialplan, self._voice.book):
            raise ConfigError(f"phone.flow.{fault.flow}", fault.problem)
        await self._voice.prepare()
        await self._media.start()
        self._is_open = True
        log.info("ivr.door_open", calls_max=self._settings.calls_max)

    async def stop(self) -> None:
        """Take no more calls, end those there are, stop voice and media."""
        self._is_open = False
        for call in list(self._calls):
            call.hangup()
        if self._notices is not None:
            self._notices.hang_up_all()
        await DeferredList(list(self._leaving))
        self._tasks.stop()
        await self._media.stop()
        await self._voice.stop()
        log.info("ivr.door_closed")

    def place_notice(self, said: Announcement) -> "Deferred[NoticeResult]":
        """Call a customer and read out a notice; fires when the call is over.

        Raises what NoticeCalls.place raises.
        """
        if self._notices is None:
            raise ConfigError("sip.trunks", "no calls are placed without one: add a [[sip.trunks]]")
        placed = Deferred.fromCoroutine(self._notices.place(said))
        self._leaving.add(placed)
        return placed.addBoth(self._left, placed)

    def _left(self, result: Any, leaving: "Deferred[Any]") -> Any:
        self._leaving.discard(leaving)
        return result

    def call_received(self, call: IncomingCall) -> None:
        """Take or refuse a call of the user agent."""
        if not self.is_ready:
            self._refuse(call, "not_ready")
        elif len(self._calls) >= self._settings.calls_max:
            self._refuse(call, "lines_busy")
        else:
            runner = CallRunner(call, self._dialplan.line_of(call.dnis), self._fittings)
            self._calls[call] = runner
            call.on_closed(lambda reason: self._closed(call, reason))
            self._tasks.spawn("ivr.answer", self._answer(call, runner))

    async def _answer(self, call: IncomingCall, runner: CallRunner) -> None:
        call.ringing()
        try:
            leg = await self._media.open_leg(runner.leg_event, call.peer)
        except MediaRefused as e:
            log.warning("ivr.no_leg", call_no=call.call_no, error=str(e))
            self._refuse(call, "no_media")
            return
        if call.is_closed:  # the caller gave up while the socket was opened
            leg.close()
            return
        call.on_peer(leg.set_peer)
        call.on_key(leg.press_by_info)
        call.on_hold(runner.held)
        call.answer(leg.local_address)
        runner.start(leg)

    def _refuse(self, call: IncomingCall, why: str) -> None:
        metrics.CALLS_REFUSED.labels(why).inc()
        log.warning("ivr.call_refused", call_no=call.call_no, why=why)
        call.refuse(503)

    def _closed(self, call: IncomingCall, reason: CloseReason) -> None:
        leaving = self._calls.pop(call).call_closed(reason.value)
        self._leaving.add(leaving)
        leaving.addBoth(self._left, leaving)
