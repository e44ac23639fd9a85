"""Running checks: the first reason in the list's order, the bits of all."""

import numpy as np

from risk.book.account_book import AccountBook
from risk.checks.batch import OrderBatch, columns_batch
from risk.checks.check import Check, run
from risk.checks.moment import Moment
from risk.domain.fixedpoint import BoolArray
from risk.domain.reasons import ReasonCode
from tests.builders.books import moment_ns, trading_rules


def batch_of(*qty: int) -> tuple[OrderBatch, AccountBook, Moment]:
    """Return orders of nobody with these quantities."""
    book = AccountBook()
    moment = trading_rules().moment(book, moment_ns(10))
    zeros = np.zeros(len(qty), np.int64)
    names = ("side", "price_e4", "ord_type", "time_in_force", "account_row")
    columns = dict.fromkeys((*names, "door_branch_row", "instrument_row"), zeros)
    return columns_batch(book, moment, qty=np.array(qty), **columns), book, moment


def even(batch: OrderBatch, book: AccountBook, moment: Moment) -> BoolArray:
    """Even quantities are broken."""
    return np.asarray(batch.qty % 2 == 0)


def large(batch: OrderBatch, book: AccountBook, moment: Moment) -> BoolArray:
    """Quantities above 10 are broken."""
    return batch.qty > 10


def always(batch: OrderBatch, book: AccountBook, moment: Moment) -> bool:
    """Everything is broken."""
    return True


EVEN = Check(ReasonCode.OFF_LOT, even)
LARGE = Check(ReasonCode.ABOVE_MAX_QTY, large)
ALWAYS = Check(ReasonCode.KILL_SWITCH_FIRM, always)


def test_the_earliest_of_the_list_is_first_and_all_are_bits() -> None:
    verdict = run((), (EVEN, LARGE), *batch_of(1, 2, 11, 12))
    assert not verdict.is_clean
    assert verdict.first == [-1, 0, 1, 0]
    assert verdict.bits == [0, 0b01, 0b10, 0b11]


def test_orders_that_break_no_rule_are_clean() -> None:
    assert run((EVEN,), (LARGE,), *batch_of(1, 3, 5)).is_clean


def test_a_misformed_order_is_asked_no_rule() -> None:
    verdict = run((EVEN,), (LARGE, ALWAYS), *batch_of(12, 11))
    assert verdict.first == [0, 1]
    assert verdict.bits == [0b001, 0b110]


def test_rules_are_not_even_called_when_all_are_misformed() -> None:
    def never(batch: OrderBatch, book: AccountBook, moment: Moment) -> bool:
        raise AssertionError("asked")

    verdict = run((EVEN,), (Check(ReasonCode.OFF_TICK, never),), *batch_of(2, 4))
    assert verdict.bits == [1, 1]
