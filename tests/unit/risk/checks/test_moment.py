"""What follows from day, catalogue and clock is computed once and never stale."""

import pytest

from risk.book.account_book import AccountBook
from risk.checks.moment import HouseLimits, TradingRules, day_number, day_of
from risk.core.step import step
from risk.domain import commands as c
from risk.domain.enums import Board, ListingStatus
from tests.builders.books import DAY, moment_ns, trading_rules
from tests.builders.rulebooks import the_rulebook


@pytest.fixture
def book() -> AccountBook:
    """A book with one ST stock of the main board, before 2026-07-06."""
    book = AccountBook()
    status = ListingStatus.RISK_WARNING
    listing = c.ListInstrument("l", "600001", Board.SSE_MAIN, "", "", 100_000, status)
    step(book, trading_rules(), [c.StartDay("d", 20260703), listing], moment_ns(9, 0, day=20260703))
    return book


def test_limits_follow_the_day(book: AccountBook) -> None:
    rules = trading_rules()
    before = rules.moment(book, moment_ns(10, day=20260703))
    assert before.listing.limit_up_e4[1] == 105_000
    step(book, rules, [c.StartDay("d", DAY)], moment_ns(9))
    after = rules.moment(book, moment_ns(10))
    assert after.listing.limit_up_e4[1] == 110_000
    assert after.version != before.version


def test_limits_follow_the_catalogue(book: AccountBook) -> None:
    rules, now_ns = trading_rules(), moment_ns(10, day=20260703)
    first = rules.moment(book, now_ns).listing
    assert rules.moment(book, now_ns).listing is first
    step(book, rules, [c.ListInstrument("l", "600001", Board.SSE_MAIN, "", "", 200_000)], now_ns)
    assert rules.moment(book, now_ns).listing.limit_up_e4[1] == 220_000


def test_a_book_of_another_restart_has_limits_of_its_own(book: AccountBook) -> None:
    rules, now_ns = trading_rules(), moment_ns(10, day=20260703)
    rules.moment(book, now_ns)
    assert len(rules.moment(AccountBook(), now_ns).listing.board) == 1


def test_phases_follow_the_clock(book: AccountBook) -> None:
    rules = trading_rules()
    board = Board.SSE_MAIN
    morning = rules.moment(book, moment_ns(9, 16, day=20260703))
    assert morning.is_call[board]
    assert not morning.is_caged[board]
    later = rules.moment(book, moment_ns(10, day=20260703))
    assert later.is_caged[board]
    assert not rules.moment(book, moment_ns(12, day=20260703)).may_enter[board]


def test_a_no_limit_day_has_the_range_of_its_call_auction(book: AccountBook) -> None:
    rules = trading_rules()
    status, now_ns = ListingStatus.NO_LIMIT_DAY, moment_ns(9, 16, day=20260703)
    listing = c.ListInstrument("l", "600001", Board.SSE_MAIN, "", "", 100_000, status)
    step(book, rules, [listing], now_ns)
    found = rules.moment(book, now_ns).listing
    assert (found.call_down_e4[1], found.call_up_e4[1]) == (50_000, 900_000)
    assert found.limit_up_e4[1] > 10**9


def test_days_are_numbers_and_dates() -> None:
    assert day_number(day_of(DAY)) == DAY
    with pytest.raises(ValueError, match="day is out of range"):
        day_of(20260231)


@pytest.mark.parametrize("limits", [{"account_per_s": 0}, {"branch_per_s": 0}])
def test_a_pace_of_nothing_is_a_mistake(limits: dict[str, int]) -> None:
    with pytest.raises(AssertionError):
        TradingRules(the_rulebook(), HouseLimits(**limits))
