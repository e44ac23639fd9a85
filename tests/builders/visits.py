"""A caller made of a script, walking through a call flow by its pure step alone."""

from collections.abc import Mapping
from typing import TypeVar

from gateway.ivr.entry import CHINA, KeyProfile
from gateway.ivr.flow import CallFlow
from gateway.ivr.interpreter import begin, step
from gateway.ivr.visit import (
    Effect,
    EndCall,
    HungUp,
    Input,
    Key,
    Outcome,
    Parting,
    Perform,
    PersonAnswered,
    PersonLeft,
    Phase,
    Play,
    PlayEnded,
    Started,
    StartTimer,
    TimedOut,
    Visit,
)
from gateway.ivr.wishes import Action
from risk.domain.enums import Language

E = TypeVar("E", bound=Effect)
Answers = Mapping[Action, tuple[str, Mapping[str, object]]]
START: Mapping[str, object] = {
    "greeting": "welcome.greeting",
    "line_branch_code": "",
    "line_queue": "",
    "line_languages": "both",
    "language": Language.ZH,
}


class ScriptedVisit:
    """`said` is every prompt begun, `done` every action, `effects` everything.

    A script has keys and the marks: `|` hear what plays to its end, `~` let the timer run out,
    `!` hang up. Actions are answered at once from `answers`, unless `answers_late`.
    """

    def __init__(
        self,
        answers: Answers,
        flow: CallFlow,
        answers_late: bool = False,
        profile: KeyProfile = CHINA,
        start: Mapping[str, object] = START,
    ) -> None:
        self.answers, self.flow, self.answers_late = answers, flow, answers_late
        self.visit: Visit = begin(flow, profile, start)
        self.said: list[str] = []
        self.done: list[Perform] = []
        self.effects: list[Effect] = []
        self.ended = False
        self._give(Started())

    def _give(self, given: Input) -> None:
        self.visit, effects = step(self.flow, self.visit, given)
        self.effects += effects
        for effect in effects:
            match effect:
                case Play(prompts, _):
                    self.said += [prompt.key for prompt in prompts]
                case Perform():
                    self.done.append(effect)
                    if not self.answers_late:
                        self.answer(effect.action)
                case EndCall():
                    self.ended = True

    def answer(self, action: Action) -> None:
        """Give the outcome of an action."""
        name, values = self.answers[action]
        self._give(Outcome(action, name, values))

    def person(self, parting: Parting | None = None) -> None:
        """Somebody answers the caller, or the caller comes back."""
        self._give(PersonAnswered() if parting is None else PersonLeft(parting))

    def of(self, kind: type[E]) -> list[E]:
        """Return the effects of one kind."""
        return [effect for effect in self.effects if isinstance(effect, kind)]

    def hear(self) -> None:
        """Hear everything to its end."""
        while self.visit.is_playing:
            self._give(PlayEnded(self.visit.play_no))

    def run(self, script: str) -> "ScriptedVisit":
        """Follow a script."""
        for mark in script.replace(" ", ""):
            match mark:
                case "|":
                    self.hear()
                case "~":
                    self._give(TimedOut(self.visit.timer_no))
                case "!":
                    self._give(HungUp())
                case _:
                    self._give(Key(mark, 123))
        return self

    def actions(self) -> list[Action]:
        """Actions asked for, in order."""
        return [wish.action for wish in self.done]

    @property
    def orders(self) -> list[Perform]:
        """Orders submitted."""
        return [wish for wish in self.done if wish.action is Action.SUBMIT_ORDER]

    @property
    def is_waiting(self) -> bool:
        """Whether a timer runs for the next key."""
        timers = [e for e in self.effects if isinstance(e, StartTimer)]
        return (
            self.visit.phase is Phase.ASKED
            and not self.visit.is_playing
            and bool(timers)
            and timers[-1].timer_no == self.visit.timer_no
        )
