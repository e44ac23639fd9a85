"""Rooms whose answers come from threads, counted: the virtual world waits for those under way.

Not here: what they answer.
"""

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred


class Waiting:
    """How many answers are awaited."""

    def __init__(self) -> None:
        self.count = 0

    def room(self, real: Any) -> Any:
        """Return a room that asks the real one and counts."""
        return _Counted(real, self)


class _Counted:
    def __init__(self, real: Any, waiting: Waiting) -> None:
        self._real, self._waiting = real, waiting

    def __getattr__(self, name: str) -> Callable[..., "Deferred[Any]"]:
        ask = getattr(self._real, name)

        def counted(*given: Any, **named: Any) -> "Deferred[Any]":
            self._waiting.count += 1
            answer: Deferred[Any] = ask(*given, **named)
            return answer.addBoth(self._over)

        return counted

    def _over(self, result: Any) -> Any:
        self._waiting.count -= 1
        return result
