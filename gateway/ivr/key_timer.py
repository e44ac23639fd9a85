"""The time a caller has for the next key: how long, and that it stands still on hold.

Not here: what happens when it is over (gateway.ivr.asking).
"""

from collections.abc import Callable
from typing import Final

from gateway.core.tasks import Tasks, Timer
from gateway.ivr.settings import PhoneSettings
from gateway.ivr.visit import StartTimer, TimedOut, Wait

ELDER_PATIENCE: Final = 2  # elderly callers have so many times as long


class KeyTimer:
    """One timer of one call. `give` takes the time-out."""

    def __init__(
        self, settings: PhoneSettings, tasks: Tasks, give: Callable[[TimedOut], None]
    ) -> None:
        self._tasks, self._give = tasks, give
        first_s = settings.first_digit_s
        self._waits_s = {
            Wait.FIRST: max(first_s - settings.warn_s, first_s / 2),
            Wait.NEXT: settings.inter_digit_s,
            Wait.NEXT_OF_ORDER: settings.order_digit_s,
            Wait.LAST: settings.warn_s,
        }
        self._timer: Timer | None = None
        self._wanted: tuple[StartTimer, float] | None = None  # runs, or will when taken up again
        self._is_held = False

    def start(self, wanted: StartTimer, *, is_elder: bool) -> None:
        """Begin the time for a key; on hold, begin it when the line is taken up again."""
        self.stop()
        seconds = self._waits_s[wanted.wait] * (ELDER_PATIENCE if is_elder else 1)
        self._wanted = wanted, seconds
        if not self._is_held:
            self._run(wanted, seconds)

    def stop(self) -> None:
        """No key is waited for."""
        self._wanted = None
        self._halt()

    def held(self, is_held: bool) -> None:
        """The caller holds the line, or takes it up again and has the whole time anew.

        AS/NZS 4263 asks for such a pause, for callers who are helped by a relay operator.
        """
        if is_held == self._is_held:
            return
        self._is_held = is_held
        if is_held:
            self._halt()
        elif self._wanted is not None:
            self._run(*self._wanted)

    def _run(self, wanted: StartTimer, seconds: float) -> None:
        self._timer = self._tasks.call_later(
            "ivr.key_timer", seconds, lambda: self._give(TimedOut(wanted.timer_no))
        )

    def _halt(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
