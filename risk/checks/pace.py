"""Orders and cancel requests per second: a token bucket in one column.

`paced_until_ns` is the time up to which the pace is used (GCRA, ITU-T I.371): a bucket that holds
`per_s` tokens and fills at `per_s` a second is full when it lies in the past, empty when it lies
`per_s - 1` intervals ahead. Only what is accepted uses a token, and the event carries the new time.
"""

from risk.book.account_book import AccountBook
from risk.checks.batch import OrderBatch
from risk.checks.moment import Moment
from risk.domain.fixedpoint import BoolArray
from risk.domain.ids import NS


def interval_ns(per_s: int) -> int:
    """Return the time in which one token comes back."""
    return NS // per_s


def has_token(paced_until_ns: int, now_ns: int, per_s: int) -> bool:
    """Return whether one more may pass now."""
    return paced_until_ns - now_ns <= (per_s - 1) * interval_ns(per_s)


def after_token_ns(paced_until_ns: int, now_ns: int, per_s: int) -> int:
    """Return `paced_until_ns` once one more has passed now."""
    return max(paced_until_ns, now_ns) + interval_ns(per_s)


def account_too_fast(batch: OrderBatch, book: AccountBook, moment: Moment) -> BoolArray:
    """The account's bucket is empty."""
    per_s = moment.house.account_per_s
    latest_ns = moment.now_ns + (per_s - 1) * interval_ns(per_s)
    return book.accounts.paced_until_ns[batch.account_row] > latest_ns


def account_pace_detail(
    batch: OrderBatch, book: AccountBook, moment: Moment, i: int
) -> dict[str, int]:
    """Return the account's limit."""
    return {"per_s": moment.house.account_per_s}
