"""When tries at a secret are locked out, and for how long. Pure.

A try is counted before the secret is looked at and forgiven when it was right, so that tries
made at the same moment, or cut off by a crash, cannot exceed the limit.
Not here: where counts are kept (gateway.identity.credentials, gateway.identity.guesses).
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


class GuessLimit(NamedTuple):
    """How many wrong tries a window may hold, and how long the lock-outs after it are."""

    failures_max: int
    window_s: int
    lock_s: int  # of the first; each next one doubles
    lock_s_max: int


class Guesses(NamedTuple):
    """Wrong tries of one source since `window_ns`; a try that is under way counts as wrong."""

    window_ns: int = 0
    failure_count: int = 0
    lock_count: int = 0
    locked_until_ns: int = 0
    succeeded_ns: int = 0  # last right one


def with_a_guess(guesses: Guesses, now_ns: int, limit: GuessLimit) -> Guesses:
    """Return the count with one more wrong try, locked when the window holds too many.

    A quiet window after a lock-out lets the next one begin short again.
    """
    if now_ns >= guesses.window_ns + limit.window_s * NS or now_ns < guesses.window_ns:
        since_lock_ns = now_ns - guesses.locked_until_ns
        is_quiet = since_lock_ns > limit.window_s * NS
        lock_count = 0 if is_quiet else guesses.lock_count
        guesses = guesses._replace(window_ns=now_ns, failure_count=0, lock_count=lock_count)
    count = guesses.failure_count + 1
    if count < limit.failures_max:
        return guesses._replace(failure_count=count)
    lock_s = min(limit.lock_s << guesses.lock_count, limit.lock_s_max)
    return guesses._replace(
        window_ns=now_ns,
        failure_count=0,
        lock_count=min(guesses.lock_count + 1, _LOCK_COUNT_MAX),
        locked_until_ns=now_ns + lock_s * NS,
    )


def without_a_guess(guesses: Guesses, now_ns: int, limit: GuessLimit) -> Guesses:
    """Return the count without a try that was right after all; one that had locked unlocks."""
    if guesses.failure_count:
        return guesses._replace(failure_count=guesses.failure_count - 1, succeeded_ns=now_ns)
    if guesses.locked_until_ns and guesses.window_ns <= now_ns < guesses.locked_until_ns:
        return guesses._replace(
            failure_count=limit.failures_max - 1,
            lock_count=guesses.lock_count - 1,
            locked_until_ns=0,
            succeeded_ns=now_ns,
        )
    return guesses._replace(succeeded_ns=now_ns)
