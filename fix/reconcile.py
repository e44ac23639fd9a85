"""Which orders are to be asked for with OrderStatusRequest(H), how fast and how often.

Unknown is not rejected and silence is not an answer: an order is asked for after each logon and
when the venue stays silent about it, at a limited pace, a limited number of times per logon.
Pure: time is a parameter. Not here: what an answer means (fix.router).
"""

from collections import deque
from itertools import islice
from typing import Final, NamedTuple

TRIES_MAX: Final = 5
ASKED_MAX: Final = 1_000_000  # as many as orders can live
_NS: Final = 1_000_000_000


def is_due(since_ns: int, now_ns: int, wait_ns: int) -> bool:
    """Return whether a wait is over, also when the clock was set back to before it began."""
    return not 0 <= now_ns - since_ns < wait_ns


class _Asked(NamedTuple):
    asked_ns: int
    tries: int
    why: str


class StatusRequests:
    """The orders to ask for and those asked for. Times are Unix ns."""

    def __init__(self, per_s: int, retry_s: float) -> None:
        self._interval_ns = _NS // per_s
        self._retry_ns = int(retry_s * _NS)
        self._wanted: dict[str, tuple[int, str]] = {}  # in order of asking: tries so far, why
        self._asked: dict[str, _Asked] = {}
        self._by_time: deque[tuple[int, str]] = deque()
        self._next_ns = 0
        self.given_up: list[str] = []  # asked TRIES_MAX times in vain; emptied by the reader

    @property
    def is_settled(self) -> bool:
        """Whether every question has its answer (or was given up)."""
        return not self._wanted and not self._asked

    def want(self, cl_ord_id: str, why: str) -> None:
        """Ask for an order, unless it is asked for already."""
        if cl_ord_id not in self._wanted and cl_ord_id not in self._asked:
            assert len(self._wanted) < ASKED_MAX
            self._wanted[cl_ord_id] = (0, why)

    def forget(self, cl_ord_id: str) -> None:
        """The order has its answer, or needs none."""
        self._wanted.pop(cl_ord_id, None)
        self._asked.pop(cl_ord_id, None)

    def clear(self) -> None:
        """Forget all questions: the session is down."""
        self._wanted.clear()
        self._asked.clear()
        self._by_time.clear()

    def take(self, now_ns: int) -> list[tuple[str, str]]:
        """Return (cl_ord_id, why) to ask for now, at most what the pace allows since last time."""
        self._want_again(now_ns)
        if not self._wanted:
            return []
        if self._next_ns > now_ns + self._interval_ns:
            self._next_ns = now_ns  # the clock was set back
        self._next_ns = max(self._next_ns, now_ns - _NS // 10)
        room = (now_ns - self._next_ns) // self._interval_ns + 1 if now_ns >= self._next_ns else 0
        taken = []
        for cl_ord_id in list(islice(self._wanted, room)):
            tries, why = self._wanted.pop(cl_ord_id)
            self._asked[cl_ord_id] = _Asked(now_ns, tries + 1, why)
            self._by_time.append((now_ns, cl_ord_id))
            taken.append((cl_ord_id, why))
        self._next_ns += len(taken) * self._interval_ns
        return taken

    def _want_again(self, now_ns: int) -> None:
        while self._by_time and is_due(self._by_time[0][0], now_ns, self._retry_ns):
            at_ns, cl_ord_id = self._by_time.popleft()
            asked = self._asked.get(cl_ord_id)
            if asked is None or asked.asked_ns != at_ns:
                continue
            del self._asked[cl_ord_id]
            if asked.tries < TRIES_MAX:
                self._wanted[cl_ord_id] = (asked.tries, asked.why)
            else:
                self.given_up.append(cl_ord_id)
