"""One live call in its flow: effects become sound, timers and questions; what happens, inputs.

Hang-ups, time-outs and answers arrive as inputs of the pure step. An order under way is not taken
back when its caller hangs up. Not here: what a key means (gateway.ivr.interpreter).
"""

from collections import deque
from collections.abc import Mapping
from typing import Final, Protocol

import structlog
from twisted.internet.interfaces import IReactorTime

from gateway.core.tasks import Tasks, Timer
from gateway.ivr import metrics
from gateway.ivr.actions.asking import Caller
from gateway.ivr.actions.table import PhoneActions
from gateway.ivr.flow import CallFlow
from gateway.ivr.interpreter import begin, step
from gateway.ivr.lint import SYSTEM_PROMPT
from gateway.ivr.settings import PhoneSettings
from gateway.ivr.visit import (
    Effect,
    EndCall,
    HungUp,
    Input,
    Key,
    Outcome,
    Perform,
    Phase,
    Play,
    PlayEnded,
    Prompt,
    Started,
    StartTimer,
    StopPlay,
    TimedOut,
    Wait,
)
from gateway.media.port import Clip, Digit, Leg, LegEvent, LegFigures, MediaLost, PlayDone
from gateway.media.speech import SLOT_KINDS, Qty, Value
from gateway.media.voice import Voice

log = structlog.get_logger("ivr")

INVALID_PROMPTS: Final = "error."  # the prompts that send an entry back
APOLOGY_S_MAX: Final = 20.0
INPUTS_MAX: Final = 1_000  # of one turn: above it the flow chases its tail
_APOLOGY: Final = 0  # play numbers of a visit begin at 1


class LiveCall(Protocol):
    """What the runner needs of a call (gateway.sip.incoming.IncomingCall)."""

    call_no: str

    def hangup(self) -> None:
        """End the call; harmless when it is over."""
        ...


class CallRunner:
    """Plays one call. Everything happens on the reactor thread."""

    def __init__(
        self,
        call: LiveCall,
        flow: CallFlow,
        voice: Voice,
        actions: PhoneActions,
        settings: PhoneSettings,
        tasks: Tasks,
        clock: IReactorTime,
    ) -> None:
        self._call, self._flow, self._voice, self._actions = call, flow, voice, actions
        self._tasks, self._clock = tasks, clock
        self._waits_s = {
            Wait.FIRST: settings.first_digit_s,
            Wait.NEXT: settings.inter_digit_s,
            Wait.NEXT_OF_ORDER: settings.order_digit_s,
        }
        self._visit = begin(flow)
        self._leg: Leg | None = None
        self._timer: Timer | None = None
        self._inputs: deque[Input] = deque()
        self._is_turning = self._is_over = self._is_broken = False
        self._started_s = clock.seconds()
        self._log = log.bind(call_no=call.call_no)

    def start(self, leg: Leg) -> None:
        """The call is answered: begin the flow on this leg."""
        self._leg = leg
        self._started_s = self._clock.seconds()
        metrics.CALLS.inc()
        self._log.info("ivr.call_started")
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
                self._call.hangup()

    def call_closed(self) -> None:
        """The call is over, whoever ended it."""
        if self._is_over:
            return
        state = self._visit.state
        self._give(HungUp())
        self._is_over = True
        self._stop_timer()
        if self._leg is not None:
            metrics.CALLS.dec()
            metrics.CALL_SECONDS.observe(self._clock.seconds() - self._started_s)
            self._leg.close().addCallback(self._note_end, state)

    def _note_end(self, figures: LegFigures, state: str) -> None:
        self._log.info("ivr.call_ended", state=state, **figures._asdict())

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
                self._visit, effects = step(self._flow, self._visit, self._inputs.popleft())
                for effect in effects:
                    self._carry_out(effect)
            assert not self._inputs, f"state {self._visit.state} never comes to rest"
            is_done = True
        finally:
            self._is_turning = False
            if not is_done:
                self._break_off()

    def _carry_out(self, effect: Effect) -> None:
        assert self._leg is not None
        match effect:
            case Play(prompts, play_no):
                self._stop_timer()
                self._leg.play([clip for each in prompts for clip in self._clips(each)], play_no)
                if any(each.key.startswith(INVALID_PROMPTS) for each in prompts):
                    metrics.DTMF_INVALID.inc()
                self._log.debug("ivr.said", words=[self._text(each) for each in prompts])
            case StopPlay():
                self._leg.stop()
            case StartTimer(wait, timer_no):
                self._stop_timer()
                self._timer = self._tasks.call_later(
                    "ivr.key_timer", self._waits_s[wait], lambda: self._give(TimedOut(timer_no))
                )
            case Perform():
                self._stop_timer()
                self._tasks.spawn("ivr.action", self._perform(effect))
            case EndCall():
                self._call.hangup()

    async def _perform(self, wish: Perform) -> None:
        caller = Caller(self._call.call_no, self._visit.language)
        outcome: Outcome | None = None
        try:
            outcome = await self._actions.perform(caller, wish)
        finally:
            if outcome is None:
                self._break_off()
        self._give(outcome)

    def _clips(self, prompt: Prompt) -> list[Clip]:
        return self._voice.clips(prompt.key, self._values(prompt), prompt.language)

    def _text(self, prompt: Prompt) -> str:
        return self._voice.text(prompt.key, self._values(prompt), prompt.language)

    def _values(self, prompt: Prompt) -> dict[str, Value]:
        return {
            slot.name: _value(slot.kind, prompt.values[slot.name], prompt.values)
            for slot in self._voice.book.slots(prompt.key)
        }

    def _break_off(self) -> None:
        """Apologise and hang up; the flow is not followed any more."""
        if self._is_broken or self._is_over:
            return
        self._is_broken = True
        metrics.CALLS_FAILED.inc()
        self._log.error("ivr.call_failed", state=self._visit.state)
        self._stop_timer()
        self._timer = self._tasks.call_later("ivr.apology", APOLOGY_S_MAX, self._call.hangup)
        if self._leg is not None and self._visit.phase is not Phase.ENDED:
            self._leg.stop()
            self._leg.play(self._voice.clips(SYSTEM_PROMPT, {}, self._visit.language), _APOLOGY)
        else:
            self._call.hangup()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None


def _value(kind: str, raw: object, values: Mapping[str, object]) -> Value:
    """Return the typed value of a slot; a plain quantity takes the order's word of measure."""
    maker = SLOT_KINDS[kind]
    if isinstance(raw, maker):
        return raw
    if kind == "qty":
        assert isinstance(raw, int)
        return Qty(raw, str(values.get("measure", "share")))
    return maker(raw)  # type: ignore[arg-type]  # lint checks kinds and their makers
