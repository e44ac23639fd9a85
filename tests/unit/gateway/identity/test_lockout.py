"""Tries are counted, locked out for a time that doubles, and forgiven by nothing but success."""

from gateway.identity.lockout import Attempts, is_locked, with_a_try
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
