"""What a check is, and running a list of them over a batch.

Not here: the checks and their order (risk.checks.rulesets).
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from risk.book.account_book import AccountBook
from risk.checks.batch import OrderBatch
from risk.checks.moment import Moment
from risk.domain.fixedpoint import BoolArray
from risk.domain.reasons import ReasonCode

Broken = Callable[[OrderBatch, AccountBook, Moment], BoolArray | bool]
Detail = Callable[[OrderBatch, AccountBook, Moment, int], dict[str, int]]


def no_detail(batch: OrderBatch, book: AccountBook, moment: Moment, i: int) -> dict[str, int]:
    """Return the figures of a reason whose text names none."""
    return {}


class Check(NamedTuple):
    """One rule. `broken` answers for all orders at once, (n,) or one value for all of them.

    `detail` gives the figures that the reason's text names, for order `i`.
    """

    reason: ReasonCode
    broken: Broken
    detail: Detail = no_detail


class Verdict(NamedTuple):
    """What the checks say. With `is_clean` no order broke any and the arrays are left out."""

    is_clean: bool
    first: list[int]  # index of the first broken check, -1 when none is
    bits: list[int]  # bit i: the i-th check is broken


CLEAN = Verdict(True, [], [])


def run(
    form: Sequence[Check],
    rules: Sequence[Check],
    batch: OrderBatch,
    book: AccountBook,
    moment: Moment,
) -> Verdict:
    """Ask all checks. The `rules` are asked of orders that break no `form` check.

    Bits number the form checks first, then the rules.
    """
    broken = np.zeros((len(form) + len(rules), len(batch.qty)), np.bool_)
    for i, check in enumerate(form):
        broken[i] = check.broken(batch, book, moment)
    misformed = broken[: len(form)]
    is_any_misformed = np.count_nonzero(misformed) > 0
    if is_any_misformed and misformed.any(axis=0).all():
        return _verdict(broken)
    for i, check in enumerate(rules, start=len(form)):
        broken[i] = check.broken(batch, book, moment)
    if is_any_misformed:
        broken[len(form) :, misformed.any(axis=0)] = False
    return _verdict(broken)


def _verdict(broken: BoolArray) -> Verdict:
    if not np.count_nonzero(broken):  # several times faster than any() on a small array
        return CLEAN
    first = np.where(broken.any(axis=0), broken.argmax(axis=0), -1)
    weight: npt.NDArray[np.uint64] = np.uint64(1) << np.arange(len(broken), dtype=np.uint64)
    bits = np.where(broken, weight[:, None], np.uint64(0)).sum(axis=0)
    return Verdict(False, first.tolist(), bits.tolist())
