"""A way out that keeps its messages: for tests and for a site without a carrier.

Not here: any wire.
"""

from collections import deque
from collections.abc import Iterable
from typing import Final

from notify.notices import Route
from notify.transports.port import (
    Outcome,
    Outgoing,
    Permanent,
    Sent,
    Temporary,
    TransportListener,
)

MESSAGES_MAX: Final = 10_000


class MemoryTransport:
    """Takes everything, or answers as told by `answers` (used up one by one)."""

    def __init__(self, route: Route, window: int = 10) -> None:
        assert window >= 1, window
        self._route = route
        self._window = window
        self._answers: deque[Outcome] = deque()
        self._listener: TransportListener | None = None
        self._is_ready = False
        self.messages: deque[Outgoing] = deque(maxlen=MESSAGES_MAX)

    @property
    def route(self) -> Route:
        """The route it serves."""
        return self._route

    @property
    def window(self) -> int:
        """How many sends may be under way at once."""
        return self._window

    @property
    def is_ready(self) -> bool:
        """Whether it was started and not told to pause."""
        return self._is_ready

    def answer_with(self, outcomes: Iterable[Outcome]) -> None:
        """Answer the next sends with these outcomes."""
        self._answers.extend(outcomes)

    def set_ready(self, is_ready: bool) -> None:
        """Pause or resume."""
        was_ready, self._is_ready = self._is_ready, is_ready
        if is_ready and not was_ready and self._listener is not None:
            self._listener.on_ready()

    async def start(self, listener: TransportListener) -> None:
        """Be ready at once."""
        self._listener = listener
        self.set_ready(True)

    async def stop(self) -> None:
        """Take no more."""
        self._is_ready = False

    async def send(self, message: Outgoing) -> Outcome:
        """Keep the message unless an answer says otherwise."""
        if not self._is_ready:
            return Temporary("not_ready", is_attempt=False)
        if "\0" in message.recipient or not message.recipient:
            return Permanent("recipient_not_valid")
        answer = self._answers.popleft() if self._answers else None
        if answer is not None and not isinstance(answer, Sent):
            return answer
        self.messages.append(message)
        return answer or Sent((f"memory-{message.message_key}",))
