"""When to try again: a pure schedule and the step from an outcome to the next state.

Not here: clocks, randomness, rows. Equal jitter (half fixed, half random) keeps a wait from being
either a thundering herd or zero.
"""

from typing import Final, NamedTuple

from notify.notices import NoticeState
from notify.transports.port import Outcome, Permanent, Sent, Temporary, Unknown

NS: Final = 1_000_000_000
_DOUBLINGS_MAX: Final = 30


class RetrySchedule(NamedTuple):
    """Exponential waits. All in seconds, `attempts_max` counts the first attempt too."""

    first_wait_s: float
    wait_s_max: float
    attempts_max: int
    unknown_wait_s: float


class NextStep(NamedTuple):
    """What becomes of a notice after an attempt; `due_ns` matters while it is open."""

    state: NoticeState
    due_ns: int
    reason: str


def wait_s(schedule: RetrySchedule, attempts: int, jitter: float) -> float:
    """Return the wait after the `attempts`-th attempt (from 1); `jitter` is in [0, 1)."""
    doublings = min(max(attempts - 1, 0), _DOUBLINGS_MAX)
    full_s = min(schedule.first_wait_s * float(1 << doublings), schedule.wait_s_max)
    return full_s * (0.5 + jitter / 2)


def next_step(
    outcome: Outcome,
    attempts: int,
    now_ns: int,
    expires_ns: int,
    schedule: RetrySchedule,
    jitter: float,
) -> NextStep:
    """Return the next state after an outcome.

    A notice dies when it was refused for good, when its attempts are used up, or when the next
    attempt would come after its expiry. An unknown outcome waits for a receipt or a late answer
    first and keeps that state, so that the evidence tells a possible duplicate.
    """
    match outcome:
        case Sent():
            return NextStep(NoticeState.SENT, now_ns, "")
        case Permanent(code=code):
            return NextStep(NoticeState.DEAD, now_ns, code)
        case Temporary(code=code):
            state, pause_s = NoticeState.WAITING, wait_s(schedule, attempts, jitter)
        case Unknown(code=code):
            state, pause_s = NoticeState.UNKNOWN, schedule.unknown_wait_s
    due_ns = now_ns + int(pause_s * NS)
    counts = not isinstance(outcome, Temporary) or outcome.is_attempt
    if counts and attempts >= schedule.attempts_max and state is NoticeState.WAITING:
        return NextStep(NoticeState.DEAD, now_ns, f"attempts_used_up:{code}")
    if due_ns >= expires_ns and state is NoticeState.WAITING:
        return NextStep(NoticeState.DEAD, now_ns, f"expired:{code}")
    return NextStep(state, due_ns, code)
