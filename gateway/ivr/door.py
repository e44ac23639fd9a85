"""The phone door: takes SIP calls, gives each a leg and a runner, and keeps within its limits.

Give `call_received` and `is_ready` to the user agent. Not here: the SIP socket, and what callers
hear.
"""

import structlog
from twisted.internet.interfaces import IReactorTime

from gateway.core.tasks import Tasks
from gateway.ivr import lint, metrics
from gateway.ivr.actions.table import PhoneActions
from gateway.ivr.dialplan import FLOWS, Dialplan
from gateway.ivr.runner import CallRunner
from gateway.ivr.settings import PhoneSettings
from gateway.media.port import MediaLink, MediaRefused
from gateway.media.voice import Voice
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
    ) -> None:
        """Raises ConfigError for a number that leads to no flow."""
        self._settings, self._media, self._voice = settings, media, voice
        self._actions = actions
        self._clock = clock
        self._tasks = Tasks(clock)
        self._dialplan = Dialplan(settings.numbers)
        self._calls: dict[IncomingCall, CallRunner] = {}
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
        for name, flow in FLOWS.items():
            for problem in lint.problems(flow, self._voice.book):
                raise ConfigError(f"phone.flow.{name}", problem)
        await self._voice.prepare()
        await self._media.start()
        self._is_open = True
        log.info("ivr.door_open", calls_max=self._settings.calls_max)

    async def stop(self) -> None:
        """Take no more calls, end those there are, stop voice and media."""
        self._is_open = False
        for call in list(self._calls):
            call.hangup()
        self._tasks.stop()
        await self._media.stop()
        await self._voice.stop()
        log.info("ivr.door_closed")

    def call_received(self, call: IncomingCall) -> None:
        """Take or refuse a call of the user agent."""
        if not self.is_ready:
            self._refuse(call, "not_ready")
        elif len(self._calls) >= self._settings.calls_max:
            self._refuse(call, "lines_busy")
        else:
            flow = self._dialplan.flow_of(call.dnis)
            runner = CallRunner(
                call,
                flow,
                self._voice,
                self._actions,
                self._settings,
                self._tasks,
                self._clock,
            )
            self._calls[call] = runner
            call.on_closed(lambda _: self._closed(call))
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
        call.answer(leg.local_address)
        runner.start(leg)

    def _refuse(self, call: IncomingCall, why: str) -> None:
        metrics.CALLS_REFUSED.labels(why).inc()
        log.warning("ivr.call_refused", call_no=call.call_no, why=why)
        call.refuse(503)

    def _closed(self, call: IncomingCall) -> None:
        self._calls.pop(call).call_closed()
