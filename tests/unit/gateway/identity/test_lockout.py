"""Tries are counted, locked out for a time that doubles, and forgiven by nothing but success."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.identity.lockout import (
    Attempts,
    Guesses,
    GuessLimit,
    is_locked,
    with_a_guess,
    with_a_try,
    without_a_guess,
)
from risk.domain.ids import NS
from tests.builders.identity import quick_settings

SETTINGS = quick_settings(failures_max=3, lock_s=10, lock_s_max=35)


def test_the_last_try_allowed_locks_until_the_time_is_over() -> None:
    attempts = Attempts()
    for _ in range(3):
        assert not is_locked(attempts, 0)
        attempts = with_a_try(attempts, 0, SETTINGS)

    assert is_locked(attempts, 10 * NS - 1)
    assert not is_locked(attempts, 10 * NS)


def test_each_lock_out_doubles_up_to_the_longest() -> None:
    attempts, now_ns, lasted_s = Attempts(), 0, []
    for _ in range(5):
        for _ in range(3):
            attempts = with_a_try(attempts, now_ns, SETTINGS)
        lasted_s.append((attempts.locked_until_ns - now_ns) // NS)
        now_ns = attempts.locked_until_ns

    assert lasted_s == [10, 20, 35, 35, 35]


LIMIT = GuessLimit(failures_max=3, window_s=100, lock_s=10, lock_s_max=35)


def guessed(guesses: Guesses, now_s: int, count: int = 1) -> Guesses:
    """Return the count after some wrong tries at one moment."""
    for _ in range(count):
        guesses = with_a_guess(guesses, now_s * NS, LIMIT)
    return guesses


def test_wrong_tries_lock_within_a_window_and_are_forgotten_after_it() -> None:
    assert guessed(guessed(Guesses(), 1_000, 2), 1_100, 2).locked_until_ns == 0
    locked = guessed(guessed(Guesses(), 1_000, 2), 1_099)
    assert (locked.locked_until_ns, locked.failure_count) == (1_109 * NS, 0)


def test_lock_outs_double_until_a_window_was_quiet() -> None:
    guesses, now_s, lasted_s = Guesses(), 1, []
    for _ in range(4):
        guesses = guessed(guesses, now_s, 3)
        lasted_s.append(guesses.locked_until_ns // NS - now_s)
        now_s = guesses.locked_until_ns // NS
    assert lasted_s == [10, 20, 35, 35]
    guesses = guessed(guesses, now_s + 101, 3)
    assert guesses.locked_until_ns // NS - (now_s + 101) == 10


def test_a_right_try_is_taken_back_and_no_other() -> None:
    before = guessed(Guesses(), 1, 2)
    last = guessed(before, 2)  # counted before it was known to be right: it locked
    assert last.locked_until_ns
    after = without_a_guess(last, 2 * NS, LIMIT)
    assert (after.failure_count, after.lock_count, after.locked_until_ns) == (2, 0, 0)
    assert after.succeeded_ns == 2 * NS
    again = without_a_guess(guessed(after._replace(failure_count=0), 3), 3 * NS, LIMIT)
    assert again.failure_count == 0


@given(st.lists(st.tuples(st.integers(0, 60), st.booleans()), max_size=80))
def test_no_window_takes_more_wrong_tries_than_the_limit(tries: list[tuple[int, bool]]) -> None:
    guesses, now_s, wrong_at = Guesses(), 1, []
    for pause_s, is_right in tries:
        now_s += pause_s
        if now_s * NS < guesses.locked_until_ns:
            continue
        guesses = guessed(guesses, now_s)
        if is_right:
            guesses = without_a_guess(guesses, now_s * NS, LIMIT)
        else:
            wrong_at.append(now_s)
    for start in wrong_at:  # two windows may touch: twice the limit, less one
        assert len([at for at in wrong_at if start <= at < start + 10]) <= 2 * 3 - 1
