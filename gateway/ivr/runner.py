"""One live call in its flow: effects become sound, timers and questions; what happens, inputs.

Hang-ups, time-outs and answers arrive as inputs of the pure step. An order under way is not taken
back when its caller hangs up. Not here: what a key means (gateway.ivr.interpreter), people who
answer (gateway.ivr.with_desk), what is written down (gateway.ivr.call_notes).
"""

from collections import deque
from collections.abc import Mapping
from typing import Final

import structlog
from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as DeferredTimeout

from gateway.core.tasks import Timer
from gateway.ivr import metrics
from gateway.ivr.actions.asking import Caller
from gateway.ivr.call_notes import CallNotes
from gateway.ivr.dialplan import Line
from gateway.ivr.entry import PROFILES
from gateway.ivr.fittings import Fittings
from gateway.ivr.flow import BROKEN
from gateway.ivr.interpreter import begin, step
from gateway.ivr.key_timer import KeyTimer
from gateway.ivr.live_call import LiveCall, first_record
from gateway.ivr.said import Speech
from gateway.ivr.visit import (
    Confirmed,
    Effect,
    EndCall,
    Enqueue,
    HungUp,
    Input,
    Key,
    LeaveQueue,
    Mistaken,
    Outcome,
    Perform,
    Phase,
    Play,
    PlayEnded,
    Pressed,
    Secure,
    Started,
    StartTimer,
    StopPlay,
    TimedOut,
    TimeRanOut,
    Went,
)
from gateway.ivr.wishes import ACTING
from gateway.ivr.with_desk import DeskTalk
from gateway.media.port import (
    Digit,
    Leg,
    LegEvent,
    LegFigures,
    MediaLost,
    PlayDone,
    Recorded,
    RecordingFailed,
)

log = structlog.get_logger("ivr")

APOLOGY_S_MAX: Final = 20.0
RECORDING_S_MAX: Final = 10.0  # how long a record waits for the recording to be complete
INPUTS_MAX: Final = 1_000  # of one turn: above it the flow chases its tail
_APOLOGY: Final = 0  # play numbers of a visit begin at 1


class CallRunner:
    """Plays one call. Everything happens on the reactor thread."""

    def __init__(
        self,
        call: LiveCall,
        line: Line,
        fittings: Fittings,
        *,
        values: Mapping[str, object] | None = None,
        is_outbound: bool = False,
    ) -> None:
        """`values` are there when the flow begins, besides those of the line."""
        self._call, self._line, self._fit = call, line, fittings
        self._tasks, self._clock = fittings.tasks, fittings.clock
        self._speech = Speech(fittings.voice)
        profile = PROFILES[fittings.settings.key_profile]
        self._visit = begin(line.flow, profile, {**line.start_values(), **(values or {})})
        first = first_record(call, line.branch_code, fittings.now_ns(), is_outbound=is_outbound)
        self._notes = CallNotes(first, fittings.now_ns)
        self._talk = DeskTalk(call, line, fittings.desk, self._notes, self._give)
        self._leg: Leg | None = None
        self._key_timer = KeyTimer(fittings.settings, fittings.tasks, self._give)
        self._apology: Timer | None = None  # ends the call when the apology is not heard
        self._inputs: deque[Input] = deque()
        self._is_turning = self._is_over = self._is_broken = False
        self._started_s = self._clock.seconds()
        self._open_secret_ns = 0  # since when a secret was keyed openly in this turn
        self._key_ns = 0  # of the last key, until it is answered
        self._is_recorded: Deferred[None] | None = None
        self._log = log.bind(call_no=call.call_no)
        self._keep_so_far("")

    @property
    def is_started(self) -> bool:
        """Whether the call was answered."""
        return self._leg is not None

    @property
    def path(self) -> tuple[str, ...]:
        """The states of the flow entered so far."""
        return self._notes.path

    def start(self, leg: Leg) -> None:
        """The call is answered: begin the flow on this leg."""
        self._leg = leg
        self._started_s = self._clock.seconds()
        self._notes.answered()
        if self._fit.recordings is not None:
            day, _, _ = self._call.call_no.partition("-")  # a folder of its own
            self._notes.recording = f"{day}/{self._call.call_no}.wav"
            self._is_recorded = Deferred()
            leg.record(str(self._fit.recordings / self._notes.recording))
        metrics.CALLS.inc()
        metrics.LINES_IN_USE.labels(self._line.branch_code).inc()
        self._log.info("ivr.call_started", branch_code=self._line.branch_code)
        self._give(Started())

    def leg_event(self, event: LegEvent) -> None:
        """Something came from the leg."""
        match event:
            case Digit(key, at_ns):
                self._give(Key(key, at_ns))
            case PlayDone(token) if token == _APOLOGY:
                self._call.hangup()
            case PlayDone(token):
                self._give(PlayEnded(token))
            case MediaLost(reason):
                self._log.warning("ivr.media_lost", reason=reason.value)
                self._recording_done()
                self._call.hangup()
            case Recorded():
                self._notes.recorded(event)
                self._recording_done()
            case RecordingFailed(_, why):
                self._log.error("ivr.not_recorded", why=why)
                self._notes.recording = ""
                self._recording_done()

    def held(self, is_held: bool) -> None:
        """The caller holds the line, or takes it up again: meanwhile no time runs out."""
        if not (self._is_over or self._is_broken):
            self._key_timer.held(is_held)

    def call_closed(self, reason: str) -> "Deferred[None]":
        """The call is over, whoever ended it; fires when its record has been handed over."""
        assert not self._is_over, f"{self._call.call_no} is over already"
        self._give(HungUp())
        self._is_over = True
        self._key_timer.stop()
        if self._apology is not None:
            self._apology.stop()
        self._notes.ended()
        if self._leg is not None:
            metrics.CALLS.dec()
            metrics.LINES_IN_USE.labels(self._line.branch_code).dec()
            metrics.CALL_SECONDS.observe(self._clock.seconds() - self._started_s)
        return self._tasks.spawn("ivr.record", self._leave_record(reason))

    async def _leave_record(self, reason: str) -> None:
        """Close the leg, wait for what it recorded, hand over the record."""
        figures = LegFigures() if self._leg is None else await self._leg.close()
        self._log.info("ivr.call_ended", state=self._visit.state, **figures._asdict())
        if self._is_recorded is not None:
            try:
                await self._is_recorded.addTimeout(RECORDING_S_MAX, self._clock)
            except DeferredTimeout:
                metrics.RECORDS_LATE.inc()
                self._log.error("ivr.recording_late", recording=self._notes.recording)
        if self._fit.call_log is not None:
            await self._fit.call_log.note(
                self._notes.record(
                    account_no=self._account_no,
                    language=self._visit.language,
                    close_reason=reason,
                    ladder=self._call.ladder.lines(),
                    figures=figures,
                )
            )

    def _keep_so_far(self, account_no: str) -> None:
        """Keep the call before it is over: a gateway that dies leaves what led to each change."""
        if self._fit.call_log is not None:
            self._fit.call_log.begin(self._notes.so_far(account_no, self._visit.language))

    @property
    def _account_no(self) -> str:
        return str(self._visit.values.get("verified_account_no", ""))

    def _recording_done(self) -> None:
        if self._is_recorded is not None and not self._is_recorded.called:
            self._is_recorded.callback(None)

    # Inputs

    def _give(self, given: Input) -> None:
        """Take an input; one that an effect brings about waits for its turn."""
        if self._is_over or self._is_broken:
            return
        self._inputs.append(given)
        if not self._is_turning:
            self._is_turning = True
            self._tasks.spawn("ivr.turn", self._turn())

    async def _turn(self) -> None:
        """Take inputs until none is left. A bug costs this call, not the gateway: it is a task."""
        is_done = False
        try:
            for _ in range(INPUTS_MAX):
                if not self._inputs:
                    break
                given = self._inputs.popleft()
                self._note_input(given)
                self._visit, effects = step(self._line.flow, self._visit, given)
                for effect in effects:
                    self._carry_out(effect)
                self._silence_open_secret()
            assert not self._inputs, f"state {self._visit.state} never comes to rest"
            is_done = True
        finally:
            self._is_turning = False
            if not is_done:
                self._break_off()

    def _note_input(self, given: Input) -> None:
        match given:
            case Key(_, at_ns):
                self._key_ns = at_ns
            case PlayEnded():
                self._notes.played()
                self._key_ns = 0  # what comes now is no answer to a key
            case TimedOut():
                self._key_ns = 0

    def _silence_open_secret(self) -> None:
        """Take a secret out of the recording that was keyed once more where none was asked for."""
        since_ns, self._open_secret_ns = self._open_secret_ns, 0
        if since_ns and self._leg is not None:
            for is_on in (False, True) if self._visit.is_secure else (True, False):
                self._leg.secure(is_on, since_ns if is_on else 0)

    # Effects

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case Play() | StopPlay() | Secure() if self._leg is not None:
                self._on_leg(self._leg, effect)
            case StartTimer():
                self._key_timer.start(effect, is_elder=self._visit.is_elder)
            case Perform():
                self._key_timer.stop()
                for secret in effect.secrets.values():
                    self._notes.secret(secret)
                self._tasks.spawn("ivr.action", self._perform(effect, self._visit.state))
            case Enqueue(queue):
                self._key_timer.stop()
                assert self._leg is not None
                self._talk.enqueue(self._leg, queue, self._visit)
            case LeaveQueue():
                self._talk.leave()
            case EndCall():
                self._call.hangup()
            case Went() | Pressed() | TimeRanOut() | Mistaken() | Confirmed():
                self._note(effect)

    def _on_leg(self, leg: Leg, effect: Play | StopPlay | Secure) -> None:
        match effect:
            case Play(prompts, play_no):
                self._key_timer.stop()
                clips, spoken = self._speech.of(prompts, is_slow=self._visit.is_elder)
                leg.play(clips, play_no)
                self._notes.said(self._visit.state, spoken)
                if self._key_ns:
                    waited_s = (self._fit.now_ns() - self._key_ns) / 1e9
                    metrics.KEY_TO_PROMPT_SECONDS.observe(max(waited_s, 0.0))
                    self._key_ns = 0
            case StopPlay():
                leg.stop()
                self._notes.cut()
            case Secure(is_on, since_ns):
                leg.secure(is_on, since_ns)

    def _note(self, effect: Went | Pressed | TimeRanOut | Mistaken | Confirmed) -> None:
        match effect:
            case Went(state):
                self._notes.went(state)
            case Pressed(state, key, at_ns):
                since_ns = self._notes.pressed(state, key, at_ns)
                self._open_secret_ns = since_ns or self._open_secret_ns
            case TimeRanOut(state):
                metrics.TIMEOUTS.labels(state).inc()
            case Mistaken(state):
                metrics.DTMF_INVALID.labels(state).inc()
            case Confirmed(action, is_yes):
                metrics.CONFIRMATIONS.labels(action.value, "yes" if is_yes else "no").inc()

    async def _perform(self, wish: Perform, state: str) -> None:
        call = self._call
        caller = Caller(
            call.call_no,
            self._visit.language,
            ani=call.ani,
            dnis=call.dnis,
            branch_code=self._line.branch_code,
            is_withheld=call.privacy,
        )
        is_change = wish.action in ACTING
        request_id = wish.request_id(call.call_no) if is_change else ""
        account_no = self._account_no if is_change else ""
        asked = self._notes.asked(state, wish.action.value, request_id, account_no)
        if is_change:
            self._keep_so_far(self._account_no)
        outcome: Outcome | None = None
        try:
            outcome = await self._fit.actions.perform(caller, wish)
        finally:
            if outcome is None:
                self._break_off()
        cl_ord_id = str(outcome.values.get("cl_ord_id", "")) if is_change else ""
        self._notes.came(asked, outcome.name, cl_ord_id)
        verified = str(outcome.values.get("verified_account_no", self._account_no))
        if not self._is_over and (is_change or verified != self._account_no):
            self._keep_so_far(verified)
        self._give(outcome)

    def _break_off(self) -> None:
        """Apologise and hang up; the flow is not followed any more."""
        if self._is_broken or self._is_over:
            return
        self._is_broken = True
        metrics.CALLS_FAILED.inc()
        self._log.error("ivr.call_failed", state=self._visit.state)
        self._key_timer.stop()
        self._talk.leave()
        self._apology = self._tasks.call_later("ivr.apology", APOLOGY_S_MAX, self._call.hangup)
        if self._leg is not None and self._visit.phase is not Phase.ENDED:
            self._leg.stop()
            self._leg.play(self._fit.voice.clips(BROKEN, {}, self._visit.language), _APOLOGY)
        else:
            self._call.hangup()
