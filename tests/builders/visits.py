"""A caller made of a script, walking through a call flow by its pure step alone."""

from collections.abc import Mapping

from gateway.ivr.flow import CallFlow
from gateway.ivr.flows.hotline import HOTLINE
from gateway.ivr.interpreter import begin, step
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
    Started,
    StartTimer,
    TimedOut,
    Visit,
)
from gateway.ivr.wishes import Action

Answers = Mapping[Action, tuple[str, Mapping[str, object]]]
GOOD: Answers = {
    Action.VERIFY_PIN: ("ok", {"verified_account_no": "100200300"}),
    Action.FIND_SECURITY: ("ok", {"security": "浦发银行", "measure": "share"}),
    Action.READ_CASH: ("ok", {"free": 12_345_600}),
    Action.READ_LAST_ORDER: (
        "ok",
        {
            "last_order_no": 42,
            "last_side_word": "sell",
            "last_security": "中行转债",
            "last_symbol": "113001",
            "last_qty": 20,
            "last_price": 1_005_000,
            "last_filled": 2,
            "last_state": "open",
        },
    ),
    Action.SUBMIT_ORDER: ("accepted", {"order_no": 10_088}),
}


class ScriptedVisit:
    """`said` is every prompt begun, `done` every action, `effects` everything.

    A script has keys and the marks: `|` hear what plays to its end, `~` let the timer run out,
    `!` hang up. Actions are answered at once from `answers`, unless `answers_late`.
    """

    def __init__(
        self, answers: Answers = GOOD, flow: CallFlow = HOTLINE, answers_late: bool = False
    ) -> None:
        self.answers, self.flow, self.answers_late = answers, flow, answers_late
        self.visit: Visit = begin(flow)
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
