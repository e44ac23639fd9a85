"""Order events of each branch's accounts: to its open connections, and kept for a while.

A branch that reconnects says which event it saw last; what it missed is sent again while it is
still kept. Not here: connections (protocol).
"""

from collections import defaultdict, deque
from collections.abc import Callable
from typing import Final

from gateway.branch import wire
from gateway.branch.answers import order_event
from gateway.branch.wire import encode
from gateway.core.bus import Numbered
from risk.domain.events import DayStarted

KEPT_MAX: Final = 4_096  # events per branch

Push = Callable[[bytes], None]


class Pushes:
    """`branch_of(account_no)` tells whose event it is; `durable_seq` is the last one before."""

    def __init__(self, branch_of: Callable[[str], str], durable_seq: int) -> None:
        self._branch_of = branch_of
        self.durable_seq = durable_seq
        self._listening: dict[str, set[Push]] = defaultdict(set)
        self._kept: dict[str, deque[tuple[int, bytes]]] = {}
        self._forgotten: dict[str, int] = {}  # branch -> newest event no longer kept
        self._first_seq = durable_seq

    def on_events(self, numbered: Numbered) -> None:
        """Take durable events (a bus subscriber)."""
        for seq, event in numbered:
            self.durable_seq = seq
            if isinstance(event, DayStarted):
                self._push_to_all(encode(wire.DayStarted(event.day)))
            message = order_event(seq, event)
            if message is not None:
                self._push(self._branch_of(message.account_no), seq, encode(message))

    def missed(self, branch_code: str, last_event_seq: int) -> tuple[list[bytes], bool]:
        """Return the events after `last_event_seq`, and whether some of them are gone."""
        forgotten_seq = self._forgotten.get(branch_code, self._first_seq)
        kept = self._kept.get(branch_code, ())
        return [data for seq, data in kept if seq > last_event_seq], last_event_seq < forgotten_seq

    def listen(self, branch_code: str, push: Push) -> Callable[[], None]:
        """Call `push` with every later event of the branch; returns the way to stop."""
        listening = self._listening[branch_code]
        listening.add(push)
        return lambda: listening.discard(push)

    def _push_to_all(self, data: bytes) -> None:
        for listening in self._listening.values():
            for push in tuple(listening):
                push(data)

    def _push(self, branch_code: str, seq: int, data: bytes) -> None:
        kept = self._kept.setdefault(branch_code, deque())
        kept.append((seq, data))
        if len(kept) > KEPT_MAX:
            self._forgotten[branch_code], _ = kept.popleft()
        for push in tuple(self._listening.get(branch_code, ())):
            push(data)
