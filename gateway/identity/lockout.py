"""When tries at a secret are locked out, and for how long. Pure.

A try is counted before the secret is looked at and forgiven when it was right, so that tries
made at the same moment, or cut off by a crash, cannot exceed the limit.
Not here: where counts are kept (gateway.identity.credentials).
"""

from typing import NamedTuple

from gateway.identity.settings import IdentitySettings
from risk.domain.ids import NS

_LOCK_COUNT_MAX = 32  # doubling further could not lengthen any lock-out the settings allow


class Attempts(NamedTuple):
    """What is remembered of tries at one secret. `lock_count` is of lock-outs since a success."""

    failure_count: int = 0
    lock_count: int = 0
    locked_until_ns: int = 0


def is_locked(attempts: Attempts, now_ns: int) -> bool:
    """Whether no try is taken at `now_ns`."""
    return now_ns < attempts.locked_until_ns


def with_a_try(attempts: Attempts, now_ns: int, settings: IdentitySettings) -> Attempts:
    """Return the count with one more failure, locked when that was the last one allowed."""
    failure_count = attempts.failure_count + 1
    if failure_count < settings.failures_max:
        return attempts._replace(failure_count=failure_count)
    lock_s = min(settings.lock_s << attempts.lock_count, settings.lock_s_max)
    return Attempts(0, min(attempts.lock_count + 1, _LOCK_COUNT_MAX), now_ns + lock_s * NS)
