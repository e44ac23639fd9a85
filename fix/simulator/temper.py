"""Moods of the simulated exchange: how its answers reach the member, switchable at run time.

Answers go in with `push` and come out with `due`, when and in the shape the mood wants. The truth
of the venue is never touched: late, split, repeated or shuffled, the answers add up to the same
fills; a silent venue tells everything once the mood changes.
Not here: the link itself (fix.simulator.acceptor drops it when told).
"""

import enum
import heapq
from collections.abc import Iterable
from random import Random
from typing import Final, NamedTuple

from fix.simulator.messages import Answer, Report
from risk.domain.enums import ExecType, OrdStatus

HELD_MAX: Final = 1_000_000  # answers kept back; beyond it the first due leave at once
DELAY_NS_MAX: Final = 3_600_000_000_000
PARTS: Final = 3  # a fill is told in at most this many parts
_NEVER_NS: Final = 2**63 - 1


class Mood(enum.StrEnum):
    """One way to behave badly, or not."""

    CALM = "calm"
    SLOW = "slow"  # every answer comes `delay_ns` late
    PARTIAL = "partial"  # a fill is told in parts
    REJECT = "reject"  # every new order is rejected
    DUPLICATE = "duplicate"  # every answer is told twice, with the same ExecID(17)
    OUT_OF_ORDER = "out_of_order"  # each answer is late by up to `delay_ns`, so they overtake
    SILENT = "silent"  # no answer until the mood changes
    DROP_LINK = "drop_link"  # the link drops before the next answer, once


class DropLink(NamedTuple):
    """Close the connection now; what follows is told after the next logon."""


class Temper:
    """The answers under way to the members, as the mood of the moment lets them out."""

    def __init__(self, rng: Random, held_max: int = HELD_MAX) -> None:
        """Begin calm; `rng` decides splits and delays, `held_max` bounds what is kept back."""
        self.mood = Mood.CALM
        self.delay_ns = 0
        self._rng = rng
        self._held_max = held_max
        self._held: list[tuple[int, int, Answer | DropLink]] = []
        self._count = 0
        self._last_due_ns = 0

    @property
    def takes_orders(self) -> bool:
        """Return whether new orders reach the venue (else answer with `Venue.refuse`)."""
        return self.mood is not Mood.REJECT

    @property
    def next_due_ns(self) -> int | None:
        """Return when the next answer is due, None when none is."""
        return self._held[0][0] if self._held and self._held[0][0] < _NEVER_NS else None

    def set_mood(self, mood: Mood, delay_ns: int, now_ns: int) -> None:
        """Change the mood; what silence kept back is due now, in its order."""
        if not 0 <= delay_ns <= DELAY_NS_MAX:
            raise ValueError(f"delay_ns must be 0 to {DELAY_NS_MAX}, was {delay_ns}")
        self.mood, self.delay_ns = mood, delay_ns
        self._held = [
            (now_ns if due_ns == _NEVER_NS else due_ns, count, answer)
            for due_ns, count, answer in self._held
        ]
        if self._last_due_ns == _NEVER_NS:
            self._last_due_ns = now_ns
        heapq.heapify(self._held)

    def push(self, answers: Iterable[Answer], now_ns: int) -> None:
        """Take the venue's answers of one moment, in their order."""
        for answer in answers:
            if self.mood is Mood.DROP_LINK:
                self._hold(DropLink(), self._due_ns(now_ns))
                self.mood = Mood.CALM
            for told in self._shaped(answer):
                self._hold(told, self._due_ns(now_ns))

    def due(self, now_ns: int) -> list[Answer | DropLink]:
        """Return what leaves now, in order."""
        leaving = []
        while self._held and (self._held[0][0] <= now_ns or len(self._held) > self._held_max):
            leaving.append(heapq.heappop(self._held)[2])
        return leaving

    def _hold(self, answer: Answer | DropLink, due_ns: int) -> None:
        self._count += 1
        heapq.heappush(self._held, (due_ns, self._count, answer))

    def _due_ns(self, now_ns: int) -> int:
        """Return when an answer leaves: never before an earlier one, unless the mood shuffles."""
        match self.mood:
            case Mood.SILENT:
                due_ns = _NEVER_NS
            case Mood.SLOW:
                due_ns = now_ns + self.delay_ns
            case Mood.OUT_OF_ORDER:
                due_ns = now_ns + self._rng.randint(0, self.delay_ns)
            case _:
                due_ns = now_ns
        self._last_due_ns = max(self._last_due_ns, due_ns)
        return due_ns if self.mood is Mood.OUT_OF_ORDER else self._last_due_ns

    def _shaped(self, answer: Answer) -> list[Answer]:
        if self.mood is Mood.DUPLICATE:
            return [answer, answer]
        if self.mood is Mood.PARTIAL and isinstance(answer, Report):
            return list(split_fill(answer, self._rng))
        return [answer]


def split_fill(report: Report, rng: Random) -> list[Report]:
    """Return a fill as up to PARTS smaller fills of the same price that end in the same state."""
    if report.exec_type is not ExecType.TRADE or report.last_qty < 2:
        return [report]
    cuts = sorted(rng.sample(range(1, report.last_qty), min(PARTS, report.last_qty) - 1))
    parts = []
    before = report.cum_qty - report.last_qty
    turnover_before_e4 = report.avg_px_e4 * report.cum_qty - report.last_qty * report.last_px_e4
    for i, (start, end) in enumerate(zip([0, *cuts], [*cuts, report.last_qty], strict=True)):
        is_last = end == report.last_qty
        cum_qty = before + end
        turnover_e4 = max(turnover_before_e4, 0) + end * report.last_px_e4
        parts.append(
            report._replace(
                exec_id=f"{report.exec_id}.{i + 1}",
                last_qty=end - start,
                cum_qty=cum_qty,
                leaves_qty=report.leaves_qty + report.last_qty - end,
                avg_px_e4=report.avg_px_e4 if is_last else turnover_e4 // cum_qty,
                ord_status=report.ord_status if is_last else OrdStatus.PARTIALLY_FILLED,
            )
        )
    return parts
