"""The same scenarios in a world where power fails all the time: every promise still holds.

Two ways: a crash or clean restart after every act, and a crash inside of it, at a moment that goes
round from act to act. A web customer who got no answer asks again with the same key.
Not here: a real SIGKILL of a real process (tests/crash).
"""

from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Final

from tests.system.scenario import Scenario
from tests.system.words import Words
from tests.system.world import WebAnswer

ACTS: Final = ("web", "others", "desk", "hangs", "time", "day")
MOMENTS: Final = {
    "web": ("an order is accepted", "an order is sent", "a cancel is sent", "a report arrives"),
    "others": ("a report arrives", "a fill is durable", "an sms is planned"),
    "time": ("a report arrives", "an sms is planned"),
}


class CrashAfterEveryAct(Scenario):
    """Crashes and recovers after every act; every second time it is stopped cleanly instead."""

    def __init__(self, file: Path, folder: Path) -> None:
        super().__init__(file, folder)
        self._is_clean = cycle((False, True))

    def say(self, words: Words) -> None:
        """Carry out one statement; if it was an act, end the life and begin another."""
        super().say(words)
        if words[0] in ACTS and self.has_begun and not self.world.life.is_doomed:
            if next(self._is_clean):
                self.world.restart()
            else:
                self.world.crash()
                self.world.recover()


class CrashInEveryAct(Scenario):
    """Crashes inside of acts, each time at another moment; `first` is where the round begins."""

    def __init__(self, file: Path, folder: Path, first: int) -> None:
        super().__init__(file, folder)
        self._moments = {verb: cycle(moments) for verb, moments in MOMENTS.items()}
        for moments in self._moments.values():
            for _ in range(first):
                next(moments)

    def say(self, words: Words) -> None:
        """Carry out one statement with a moment to die at, and recover if that came."""
        is_given = words[0] == "time" and not self.has_begun
        moments = None if is_given else self._moments.get(words[0])
        if moments is not None:
            self.world.life.crash_when(next(moments))
        super().say(words)
        if moments is not None:
            self._recovered()

    def ask(self, request: Callable[[], WebAnswer]) -> WebAnswer:
        """Ask; without an answer ask again, the same."""
        answer = request()
        return answer if answer.status or not self._recovered() else request()

    def _recovered(self) -> bool:
        """Recover if dead, else spare the living; return whether it was dead."""
        was_dead = self.world.life.is_dead
        if was_dead:
            self.world.recover()
        else:
            self.world.life.spare()
        return was_dead
