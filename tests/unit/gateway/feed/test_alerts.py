"""Prices fire alerts once each over the real rules: by touch, by jump, after a restart."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from fix.marketdata import Tick
from gateway.feed.alerts import IN_FLIGHT_MAX, AlertFeed
from gateway.feed.quotes import QuoteFeed
from gateway.journal.errors import JournalFailed
from risk.book.account_book import AccountBook
from risk.book.invariants import broken_invariants
from risk.book.views import alerts_of
from risk.checks.moment import HouseLimits, TradingRules
from risk.core.fold import fold
from risk.core.step import step
from risk.domain.commands import Command, FireAlert, RemoveAlert, SetAlert
from risk.domain.enums import AlertKind, Channel
from risk.domain.events import Event
from risk.domain.service_events import AlertFired, AlertRearmed
from tests.builders.core import Heart
from tests.builders.heart import SETUP
from tests.builders.rulebooks import the_rulebook
from tests.oracles.watchlist_loop import Alert

ABOVE, BELOW = AlertKind.AT_OR_ABOVE, AlertKind.AT_OR_BELOW
ACCOUNT, SPDB, PAB = "10000001", "600000", "000001"
RULES = TradingRules(the_rulebook(), HouseLimits(alerts_per_account=100_000))


class Watched:
    """A book with its feed over a sequencer whose batches become durable when told."""

    def __init__(self, events: Sequence[Event] = ()) -> None:
        """Begin as a fresh book, or as the one that these durable events leave."""
        self.book = AccountBook()
        fold(self.book, events)
        self.heart = Heart(step=lambda cs, now_ns: step(self.book, RULES, cs, now_ns))
        self.now_ns = 0
        self.durable: list[Event] = list(events)
        self.heart.bus.subscribe("test", lambda batch: self.durable.extend(e for _, e in batch))
        feed = AlertFeed(self.book, self.heart.sequencer.submit)
        self.quotes = QuoteFeed(self.book, feed, lambda: self.now_ns)
        if not events:
            self.ask(*SETUP)

    def ask(self, *commands: Command) -> None:
        """Make commands durable."""
        for command in commands:
            self.heart.sequencer.submit(command)
        self.heart.settle()

    def alert(self, threshold_e4: int, kind: AlertKind = ABOVE, **fields: object) -> None:
        """Set an alert."""
        command = SetAlert(
            f"set{len(self.durable)}", ACCOUNT, SPDB, kind, threshold_e4, Channel.PHONE
        )
        self.ask(command._replace(**fields))

    def tick(self, *prices: int, symbol: str = SPDB, **figures: int) -> None:
        """Bring the ticks of one turn; nothing is decided yet."""
        self.now_ns += 1_000
        self.quotes.on_ticks([Tick(symbol, last_px_e4=price, **figures) for price in prices])

    def fired(self) -> list[tuple[int, int]]:
        """Return number and price of what fired, durably."""
        return [(e.alert_no, e.last_px_e4) for e in self.durable if isinstance(e, AlertFired)]


def test_the_price_that_reached_the_level_is_told_with_its_time() -> None:
    watched = Watched()
    watched.alert(110_000)
    watched.tick(109_900)
    watched.tick(109_990, 110_500, 120_000, 100_000)  # one turn: jumps over it and comes back
    watched.heart.settle()

    (event,) = [event for event in watched.durable if isinstance(event, AlertFired)]
    assert (event.last_px_e4, event.tick_ns) == (110_500, 2_000)
    assert alerts_of(watched.book, ACCOUNT) == []


def test_an_alert_that_many_prices_reach_is_asked_to_fire_once() -> None:
    watched = Watched()
    watched.alert(110_000)
    watched.alert(90_000, BELOW)
    for price in (111_000, 112_000, 89_000, 110_000):
        watched.tick(price)
        watched.tick(price + 1)  # before the first is decided
        watched.heart.turn()  # decided, not durable
    watched.heart.settle()

    assert watched.fired() == [(1, 111_000), (2, 89_000)]
    asked = [c for batch in watched.heart.journal.batches for c in batch.commands]
    assert len([command for command in asked if isinstance(command, FireAlert)]) == 2


def test_a_new_high_or_low_between_two_ticks_counts() -> None:
    watched = Watched()
    watched.alert(110_000)
    watched.alert(90_000, BELOW)
    watched.tick(100_000, high_px_e4=111_000, low_px_e4=89_000)  # of before we looked
    watched.heart.settle()
    assert watched.fired() == []

    watched.tick(100_000, high_px_e4=111_500, low_px_e4=89_000)
    watched.tick(100_000, high_px_e4=111_500, low_px_e4=88_500)
    watched.heart.settle()

    assert watched.fired() == [(1, 111_500), (2, 88_500)]


def test_other_instruments_and_strangers_fire_nothing() -> None:
    watched = Watched()
    watched.alert(110_000)
    watched.tick(200_000, symbol=PAB)
    watched.tick(200_000, symbol="999999")
    watched.tick(0)
    watched.heart.settle()

    assert watched.fired() == []


def test_what_was_not_durable_fires_in_the_next_life_by_its_first_price() -> None:
    first = Watched()
    first.alert(110_000)
    first.tick(115_000)
    first.heart.turn()  # decided in memory, then the process dies
    assert alerts_of(first.book, ACCOUNT) == []

    second = Watched(first.durable)
    assert len(alerts_of(second.book, ACCOUNT)) == 1
    second.tick(112_000)  # it was crossed while nobody looked
    second.heart.settle()
    third = Watched(second.durable)
    third.tick(113_000)
    third.heart.settle()

    assert third.fired() == [(1, 112_000)]


def test_a_repeating_alert_is_armed_again_by_a_price_far_enough_back() -> None:
    watched = Watched()
    watched.alert(110_000, is_repeating=True)
    for price in (110_000, 109_900, 110_100, 109_450, 109_990, 111_000):
        watched.tick(price)
        watched.heart.settle()

    assert watched.fired() == [(1, 110_000), (1, 111_000)]
    assert [e.last_px_e4 for e in watched.durable if isinstance(e, AlertRearmed)] == [109_450]


def test_one_removed_before_it_is_decided_does_not_fire() -> None:
    watched = Watched()
    watched.alert(110_000)
    watched.heart.sequencer.submit(RemoveAlert("remove", ACCOUNT, 1, Channel.WEB))
    watched.tick(111_000)
    watched.heart.settle()
    watched.tick(112_000)
    watched.heart.settle()

    assert watched.fired() == []


def test_a_landslide_goes_in_bounded_portions_and_loses_nothing() -> None:
    watched = Watched()
    count = 3 * IN_FLIGHT_MAX + 7
    for n in range(count):
        watched.heart.sequencer.submit(
            SetAlert(f"a{n}", ACCOUNT, SPDB, ABOVE, 110_000 + n, Channel.WEB)
        )
    watched.heart.settle()
    watched.tick(200_000)
    watched.tick(50_000)  # back before most of them were decided
    assert len(watched.heart.sequencer._inbox) == IN_FLIGHT_MAX

    watched.heart.settle()

    assert sorted(no for no, _ in watched.fired()) == list(range(1, count + 1))
    assert {price for _, price in watched.fired()} == {200_000}
    assert broken_invariants(watched.book) == {}


def test_a_heart_that_failed_is_asked_no_more() -> None:
    watched = Watched()
    watched.alert(110_000)
    watched.alert(111_000)
    watched.tick(110_500)
    watched.heart.turn()
    watched.heart.journal.break_down(JournalFailed("disk full"))
    watched.tick(120_000)

    assert watched.fired() == []
    assert watched.heart.failures != []


PRICES = st.lists(st.lists(st.integers(1, 12), max_size=4), max_size=12)
ALERTS = st.lists(
    st.tuples(st.sampled_from([ABOVE, BELOW]), st.integers(2, 11), st.booleans()),
    max_size=8,
    unique_by=lambda alert: alert[:2],
)


@settings(max_examples=150, deadline=None)
@given(alerts=ALERTS, turns=PRICES, dies_at=st.integers(0, 12))
def test_what_fires_is_what_a_loop_over_turns_says(
    alerts: list[tuple[AlertKind, int, bool]], turns: list[list[int]], dies_at: int
) -> None:
    watched, loop = Watched(), []
    for no, (kind, level, is_repeating) in enumerate(alerts, 1):
        watched.alert(level * 10_000, kind, is_repeating=is_repeating)
        rearm = level * 10_000 + (-100 if kind == ABOVE else 100) * max(1, level // 2)
        loop.append(Alert(no, ACCOUNT, SPDB, kind, level * 10_000, rearm * is_repeating))
    expected: list[tuple[int, int]] = []
    for number, turn in enumerate(turns):
        prices = [price * 10_000 for price in turn]
        for alert in list(loop):
            reached = [price for price in prices if alert.is_reached(price)]
            if reached and alert.is_armed:
                expected.append((alert.no, reached[0]))
                alert.is_armed = not alert.rearm and alert.is_armed
                if not alert.rearm:
                    loop.remove(alert)
            elif reached:
                alert.is_armed = True
        watched.tick(*prices)
        watched.heart.settle()
        if number == dies_at:
            watched = Watched(watched.durable)
    assert sorted(watched.fired()) == sorted(expected)
    assert broken_invariants(watched.book) == {}
