"""The one rule of call flows: step(flow, visit, input) -> (visit, effects), without side effects.

Keys pressed early are kept for the states to come, but thrown away before every read-back, which
is heard to its end: a stale 1 never confirms an order. A mistake throws them away as well.
Not here: sound, timers and the gateway's answers (gateway.ivr.runner).
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from gateway.ivr import entry
from gateway.ivr.flow import TRIES_MAX, CallFlow, Collect, Confirm, Do, Hangup, Menu, Say, State
from gateway.ivr.visit import (
    TYPE_AHEAD_MAX,
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
    Visit,
    Wait,
)
from gateway.ivr.wishes import Action
from risk.domain.enums import Language
from risk.domain.errors import InvariantBroken

YES: Final = "1"
NO: Final = "2"
REPEAT: Final = "9"

_Asking = Menu | Collect | Confirm
_ToPlay = tuple[str, Language | None]


def begin(flow: CallFlow) -> Visit:
    """Return a call that has not started yet."""
    return Visit(flow.start)


def step(flow: CallFlow, visit: Visit, given: Input) -> tuple[Visit, tuple[Effect, ...]]:
    """Return the call after `given`, and what is to be done. Stale inputs change nothing."""
    if visit.phase is Phase.ENDED:
        return visit, ()
    turn = _Turn(flow, visit)
    match given:
        case Started():
            turn.enter(flow.start)
        case Key(key, at_ns):
            turn.press(key, at_ns)
        case PlayEnded(play_no):
            if visit.is_playing and play_no == visit.play_no:
                turn.play_ended()
        case TimedOut(timer_no):
            if visit.phase is Phase.ASKED and not visit.is_playing and timer_no == visit.timer_no:
                turn.timed_out()
        case Outcome():
            turn.outcome(given)
        case HungUp():
            turn.end()
    return turn.visit, tuple(turn.effects)


class _Turn:
    """One step under way: the call so far, the effects so far."""

    def __init__(self, flow: CallFlow, visit: Visit) -> None:
        self.flow, self.visit = flow, visit
        self.effects: list[Effect] = []
        self._at_ns = 0

    @property
    def state(self) -> State:
        return self.flow.states[self.visit.state]

    # Entering a state

    def enter(self, name: str) -> None:
        """Go to a state, and through those that need nobody."""
        state = self.flow.states[name]
        self.visit = replace(self.visit, state=name, tries=0, keys="", is_playing=False)
        match state:
            case Say() if self.visit.type_ahead and not state.must_be_heard:
                self.enter(state.then)
            case Say():
                phase = Phase.HEARS if state.must_be_heard else Phase.ASKED
                self._play([(state.prompt, state.language)], phase)
            case Menu() | Collect():
                self._ask(state)
            case Confirm():
                self.visit = replace(self.visit, type_ahead="", skips_hash=False)
                self._play([(state.readback, None)], Phase.HEARS)
            case Do():
                self._perform(state)
            case Hangup():
                self._play([(state.prompt, None)], Phase.HEARS)

    def _ask(self, state: Menu | Collect) -> None:
        """Take what was pressed early; only when nothing was, play the prompt."""
        self.visit = replace(self.visit, phase=Phase.ASKED)
        if isinstance(state, Menu):  # a field's `#` pressed twice is no choice
            self.visit = replace(self.visit, type_ahead=self.visit.type_ahead.lstrip("#"))
        if not self.visit.type_ahead:
            self._play(_prompts(state), Phase.ASKED)
        while self.visit.type_ahead and self.visit.state == state.name:
            key, rest = self.visit.type_ahead[0], self.visit.type_ahead[1:]
            self.visit = replace(self.visit, type_ahead=rest)
            self._key_in(state, key)

    def _perform(self, state: Do) -> None:
        order_count = self.visit.order_count
        if state.action is Action.SUBMIT_ORDER:
            if not self.visit.is_confirmed:
                raise InvariantBroken(f"{state.name}: an order needs a confirmation of its own")
            order_count += 1
        visit = self.visit
        self.effects.append(
            Perform(state.action, visit.values, visit.secrets, order_count, self._at_ns)
        )
        self.visit = replace(
            visit,
            phase=Phase.WAITS,
            secrets={},
            is_confirmed=False,
            order_count=order_count,
        )

    # Keys

    def press(self, key: str, at_ns: int) -> None:
        """Take a key where one is asked for; keep it for later where not."""
        self._at_ns = at_ns
        if self.visit.skips_hash:
            self.visit = replace(self.visit, skips_hash=False)
            if key == "#":
                return
        state = self.state
        if isinstance(state, Menu) and key == "#":
            return
        if isinstance(state, Say) and self.visit.phase is Phase.ASKED:
            self._silence()
            self._keep(key)
            self.enter(state.then)
        elif isinstance(state, Menu | Collect | Confirm) and self.visit.phase is Phase.ASKED:
            self._silence()
            self._key_in(state, key)
        elif isinstance(state, Say | Do):
            self._keep(key)

    def _keep(self, key: str) -> None:
        self.visit = replace(self.visit, type_ahead=(self.visit.type_ahead + key)[:TYPE_AHEAD_MAX])

    def _silence(self) -> None:
        if self.visit.is_playing:
            self.visit = replace(self.visit, is_playing=False)
            self.effects.append(StopPlay())

    def _key_in(self, state: _Asking, key: str) -> None:
        match state:
            case Menu():
                self._menu_key(state, key)
            case Collect():
                self._entry_key(state, key)
            case Confirm():
                self._confirm_key(state, key)

    def _menu_key(self, state: Menu, key: str) -> None:
        go = state.keys.get(key)
        if go is not None:
            self._set(go.values)
            self.enter(go.then)
        elif key == state.repeat_key:
            self._play(_prompts(state), Phase.ASKED)
        else:
            self._fail(state, state.say_invalid)

    def _confirm_key(self, state: Confirm, key: str) -> None:
        if key == YES:
            self.visit = replace(self.visit, is_confirmed=True)
            self.enter(state.yes)
        elif key == NO:
            self.enter(state.no)
        elif key == REPEAT:
            self._play([(state.readback, None)], Phase.HEARS)
        else:
            self._fail(state, state.say_invalid)

    def _entry_key(self, state: Collect, key: str) -> None:
        match entry.take(state.entry, self.visit.keys, key):
            case entry.More(keys):
                self.visit = replace(self.visit, keys=keys)
                if not self.visit.type_ahead:
                    self._wait(self._next_wait(state))
            case entry.Entered(value, by_length):
                self.visit = replace(self.visit, skips_hash=by_length)
                if self.visit.type_ahead.startswith("#") and by_length:
                    rest = self.visit.type_ahead[1:]
                    self.visit = replace(self.visit, type_ahead=rest, skips_hash=False)
                if state.is_secret:
                    secrets = {**self.visit.secrets, state.into: str(value)}
                    self.visit = replace(self.visit, secrets=secrets)
                else:
                    self._set({state.into: value})
                self.enter(state.then)
            case entry.NotValid():
                self._fail(state, state.say_invalid)
            case entry.Back():
                self.enter(state.on_back)

    def _set(self, values: Mapping[str, object]) -> None:
        """Set values; a change after a confirmation takes the confirmation away."""
        language = values.get("language", self.visit.language)
        assert isinstance(language, Language)
        self.visit = replace(
            self.visit,
            values={**self.visit.values, **values},
            language=language,
            is_confirmed=False,
        )

    def _fail(self, state: _Asking, apology: str) -> None:
        """One try is used; ask again with an apology, or leave."""
        tries = self.visit.tries + 1
        self.visit = replace(self.visit, keys="", type_ahead="", tries=tries)
        if tries >= TRIES_MAX:
            self.enter(state.on_tries_used)
        else:
            self._play([(apology, None), *_prompts(state)], Phase.ASKED)

    # Everything else

    def play_ended(self) -> None:
        """The prompt has been heard to its end."""
        self.visit = replace(self.visit, is_playing=False)
        match self.state:
            case Say(then=then):
                self.enter(then)
            case Hangup():
                self.end()
                self.effects.append(EndCall())
            case Confirm() as state if self.visit.phase is Phase.HEARS:
                self._play(_prompts(state), Phase.ASKED)
            case _:
                self._wait(Wait.FIRST)

    def timed_out(self) -> None:
        """No key came in time."""
        state = self.state
        if isinstance(state, Menu | Collect | Confirm):
            self._fail(state, state.say_timeout)

    def outcome(self, given: Outcome) -> None:
        """An action has its outcome: take the exit of that name."""
        state = self.state
        if not isinstance(state, Do) or state.action is not given.action:
            return
        self.visit = replace(self.visit, values={**self.visit.values, **given.values})
        if given.name in state.failing or given.action is Action.SUBMIT_ORDER:
            self.visit = replace(self.visit, type_ahead="")
        if given.name in state.failing:
            tries = self.visit.failed.get(state.name, 0) + 1
            self.visit = replace(self.visit, failed={**self.visit.failed, state.name: tries})
            if tries >= TRIES_MAX:
                self.enter(state.on_tries_used)
                return
        self.enter(state.exits[given.name])

    def end(self) -> None:
        """The call is over; forget what was keyed."""
        self.visit = replace(
            self.visit, phase=Phase.ENDED, keys="", type_ahead="", secrets={}, is_playing=False
        )

    def _play(self, prompts: Iterable[_ToPlay], phase: Phase) -> None:
        visit = self.visit
        play_no = visit.play_no + 1
        played = tuple(
            Prompt(key.format_map(visit.values), visit.values, language or visit.language)
            for key, language in prompts
        )
        self.effects.append(Play(played, play_no))
        self.visit = replace(visit, play_no=play_no, phase=phase, is_playing=True)

    def _next_wait(self, state: Menu | Collect) -> Wait:
        is_order = isinstance(state, Collect) and state.entry in entry.ORDER_FIELDS
        return Wait.NEXT_OF_ORDER if is_order else Wait.NEXT

    def _wait(self, wait: Wait) -> None:
        timer_no = self.visit.timer_no + 1
        self.effects.append(StartTimer(wait, timer_no))
        self.visit = replace(self.visit, timer_no=timer_no)


def _prompts(state: _Asking) -> tuple[_ToPlay, ...]:
    return state.prompts if isinstance(state, Menu) else ((state.prompt, None),)
