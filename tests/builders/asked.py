"""Asking one topic of the phone's actions, with a fake heart behind it and answers at once."""

from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from gateway.ivr.actions.asking import Answer, Caller
from gateway.ivr.actions.commands import CommandDesk
from gateway.ivr.actions.names import SpokenNames
from gateway.ivr.visit import Perform
from gateway.ivr.wishes import Action
from gateway.media.synth import Speaker
from risk.domain.commands import Command
from risk.domain.enums import Language
from risk.domain.events import Event
from tests.builders.phone import ACCOUNT_NO
from tests.builders.voice import a_readable_voice

CALL_NO = "261123-101502-0001"
CALLER = Caller(CALL_NO, Language.ZH, "+8613800000001")
ENGLISH = CALLER._replace(language=Language.EN)
VERIFIED: Mapping[str, object] = {"verified_account_no": ACCOUNT_NO}
NOW_NS = 1_795_399_200_000_000_000  # 2026-11-23 10:00 in China


def a_wish(
    action: Action,
    values: Mapping[str, object] | None = None,
    secrets: Mapping[str, str] | None = None,
) -> Perform:
    """Return the second confirmed wish of a verified caller."""
    return Perform(action, {**VERIFIED, **(values or {})}, secrets or {}, 2, 44)


def answer_of(asked: Coroutine[Deferred[Any], Any, Answer]) -> Answer:
    """Return what is answered at once."""
    answers: list[Answer] = []
    Deferred.fromCoroutine(asked).addCallback(answers.append)
    (answer,) = answers
    return answer


def spoken_names(folder: Path, speaker: Speaker | None = None) -> SpokenNames:
    """Return names that are ready at once."""
    return SpokenNames(a_readable_voice(folder, speaker), Clock())


class AnswerDesk:
    """Answers every command with what was given; keeps the commands."""

    def __init__(self, answer: "Event | Deferred[Event]") -> None:
        self.commands: list[Command] = []
        self._answer = answer
        self.clock = Clock()

    def submit(self, command: Command) -> "Deferred[Event]":
        self.commands.append(command)
        if isinstance(self._answer, Deferred):
            return self._answer
        done: Deferred[Event] = Deferred()
        done.callback(self._answer)
        return done

    @property
    def desk(self) -> CommandDesk:
        """The desk as actions see it."""
        return CommandDesk(self, self.clock, 8.0)
