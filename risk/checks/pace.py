"""Orders and cancel requests per second: a token bucket in one column.

`paced_until_ns` is the time up to which the pace is used (GCRA, ITU-T I.371): a bucket that holds
`per_s` tokens and fills at `per_s` a second is full when it lies in the past, empty when it lies
more than `per_s - 1` intervals ahead. Only what is accepted uses a token, and the event carries the
new time. Not here: the limits (risk.checks.moment).
"""

from risk.book.account_book import AccountBook
from risk.checks.batch import OrderBatch
from risk.checks.moment import Moment, Pace
from risk.domain.fixedpoint import BoolArray


def after_token_ns(paced_until_ns: int, now_ns: int, pace: Pace) -> int:
    """Return `paced_until_ns` once one more has passed now."""
    is_used = now_ns < paced_until_ns <= pace.reach_ns
    return (paced_until_ns if is_used else now_ns) + pace.interval_ns


def is_too_fast(paced_until_ns: int, pace: Pace) -> bool:
    """Return whether the bucket is empty."""
    return pace.latest_ns < paced_until_ns <= pace.reach_ns


def account_too_fast(batch: OrderBatch, book: AccountBook, moment: Moment) -> BoolArray:
    """The account's bucket is empty."""
    until_ns, pace = book.accounts.paced_until_ns[batch.account_row], moment.account_pace
    return (until_ns > pace.latest_ns) & (until_ns <= pace.reach_ns)


def account_pace_detail(
    batch: OrderBatch, book: AccountBook, moment: Moment, i: int
) -> dict[str, int]:
    """Return the account's limit."""
    return {"per_s": moment.account_pace.per_s}
