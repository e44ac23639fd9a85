"""Quotes enter the book: the last of a turn counts, a stranger is counted, age is told."""

from twisted.internet.defer import fail

from fix.marketdata import Tick
from gateway.feed import metrics
from gateway.feed.alerts import AlertFeed
from gateway.feed.quotes import QuoteFeed
from risk.book.account_book import AccountBook
from risk.book.prices import Quote
from risk.book.views import quote_of
from risk.core.apply import apply
from risk.domain.enums import Board, ListingStatus
from risk.domain.events import InstrumentListed

SECOND = 1_000_000_000


def _book() -> AccountBook:
    book = AccountBook()
    listed = InstrumentListed(
        1, "600000", Board.SSE_MAIN, "浦发", "SPDB", 100_000, ListingStatus.NORMAL, False, False
    )
    apply(book, listed)
    return book


def deaf(book: AccountBook) -> AlertFeed:
    """Return alerts of a book that has none: nothing is submitted."""
    return AlertFeed(book, lambda command: fail(AssertionError(command)))


def test_the_last_tick_of_a_turn_counts() -> None:
    book = _book()
    feed = QuoteFeed(book, deaf(book), lambda: 7 * SECOND)

    feed.on_ticks([Tick("600000", 99_900, 1, 100_100, 1), Tick("600000", 99_800, 1, 100_000, 1)])

    assert quote_of(book, "600000") == Quote(99_800, 100_000, 0, 7 * SECOND)


def test_a_tick_of_a_stranger_is_counted_and_changes_nothing() -> None:
    before = metrics.UNKNOWN_SYMBOLS._value.get()
    book = _book()
    feed = QuoteFeed(book, deaf(book), lambda: 7 * SECOND)

    feed.on_ticks([Tick("999999", 1, 1, 1, 1)])

    assert metrics.UNKNOWN_SYMBOLS._value.get() - before == 1


def test_age_is_that_of_the_newest_quote() -> None:
    now = [5 * SECOND]
    book = _book()
    feed = QuoteFeed(book, deaf(book), lambda: now[0])
    assert feed.age_s() == -1

    feed.on_ticks([Tick("600000", last_px_e4=100_000)])
    now[0] += 3 * SECOND
    feed.on_ticks([])

    assert feed.age_s() == 3


def test_the_figures_of_the_day_are_kept() -> None:
    book = _book()
    feed = QuoteFeed(book, deaf(book), lambda: 7 * SECOND)
    day = {"high_px_e4": 101_000, "low_px_e4": 99_000, "volume": 10**12}

    feed.on_ticks([Tick("600000", 1, 1, 2, 1, 100_000, 5, **day)])

    assert quote_of(book, "600000") == Quote(1, 2, 100_000, 7 * SECOND, 101_000, 99_000, 10**12)
