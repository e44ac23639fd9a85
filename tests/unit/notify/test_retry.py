"""The schedule and the step from an outcome to the next state."""

import pytest

from notify.notices import NoticeState
from notify.retry import NS, RetrySchedule, next_step, wait_s
from notify.transports.port import Permanent, Sent, Temporary, Unknown

SCHEDULE = RetrySchedule(first_wait_s=4, wait_s_max=60, attempts_max=5, unknown_wait_s=30)
S = NoticeState


@pytest.mark.parametrize(
    ("attempts", "jitter", "expected_s"),
    [(1, 0, 2), (1, 0.5, 3), (2, 0, 4), (4, 0, 16), (5, 0, 30), (10_000, 0.5, 45)],
)
def test_waits_double_up_to_their_limit_and_are_half_random(attempts, jitter, expected_s) -> None:
    assert wait_s(SCHEDULE, attempts, jitter) == expected_s


@pytest.mark.parametrize(
    ("outcome", "attempts", "expires_s", "expected"),
    [
        (Sent(("m",)), 1, 100, (S.SENT, 0, "")),
        (Permanent("no"), 1, 100, (S.DEAD, 0, "no")),
        (Temporary("later"), 1, 100, (S.WAITING, 2, "later")),
        (Temporary("later"), 5, 100, (S.DEAD, 0, "attempts_used_up:later")),
        (Temporary("down", is_attempt=False), 5, 100, (S.WAITING, 30, "down")),
        (Temporary("later"), 1, 2, (S.DEAD, 0, "expired:later")),
        (Unknown("silent"), 1, 100, (S.UNKNOWN, 30, "silent")),
        (Unknown("silent"), 5, 100, (S.UNKNOWN, 30, "silent")),  # a receipt may still come
    ],
)
def test_what_follows_an_outcome(outcome, attempts, expires_s, expected) -> None:
    state, due_s, reason = expected

    step = next_step(outcome, attempts, 0, expires_s * NS, SCHEDULE, jitter=0)

    assert step == (state, due_s * NS, reason)
