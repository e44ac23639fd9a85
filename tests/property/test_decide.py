"""A batch decides exactly as one order at a time, as a plain Python loop decides.

The bulk is seeded noise against tests.oracles.decide_loop: more than 100,000 orders in all. What
Hypothesis adds is small batches that it can shrink.
"""

from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.book.account_book import AccountBook
from risk.book.invariants import broken_invariants
from risk.book.prices import Quote
from risk.book.views import account_view, alerts_of, order_of, positions_of, take_quote
from risk.checks.moment import HouseLimits
from risk.checks.rulesets import CHECKS
from risk.core.fold import fold
from risk.core.step import step
from risk.domain import commands as c
from risk.domain import events as e
from risk.domain import service_events as s
from risk.domain.events import Event
from risk.domain.reasons import ReasonCode
from tests.builders.books import trading_rules
from tests.builders.rulebooks import the_rulebook
from tests.builders.trading_noise import Noise
from tests.oracles.decide_loop import Answer, DecideLoop

ORDERS_PER_SEED = 26_000
SEEDS = (1, 2, 3, 4)
HOUSE = HouseLimits(2, account_per_s=4, branch_per_s=20, alerts_per_account=4)
REASONS = [check.reason.name for check in CHECKS] + [ReasonCode.PACE_BRANCH.name]
QUIET = (e.OrderDenied, e.CancelDenied, e.CommandDenied)


def answer(event: Event) -> Answer:
    """Return an event in the words of the oracle."""
    match event:
        case e.OrderAccepted():
            return "accepted", event.order_no, event.reserved_e4
        case e.OrderDenied():
            broken = {name for i, name in enumerate(REASONS) if event.broken >> i & 1}
            return "denied order", event.reason.name, frozenset(broken), event.detail
        case e.CancelRequested():
            numbers = int(event.orig_cl_ord_id[6:]), int(event.cl_ord_id[6:])
            return "cancel", *numbers
        case e.CancelDenied():
            return "denied cancel", event.reason.name
        case e.Filled():
            fees = event.commission_e4, event.stamp_duty_e4, event.transfer_fee_e4
            quantities = event.last_qty, event.cum_qty, event.leaves_qty
            return "filled", event.order_no, *quantities, *fees, event.unfrozen_e4
        case e.OrderCanceled():
            word = "expired" if event.is_expired else "canceled"
            return word, event.order_no, event.canceled_qty, event.unfrozen_e4
        case e.OrderRejected():
            return "rejected", event.order_no, event.qty, event.unfrozen_e4
        case e.OrderOpened():
            return "venue has it", int(event.cl_ord_id[6:])
        case e.CancelRejected():
            return "cancel rejected", event.order_no
        case e.InboundIgnored():
            return "ignored", event.why
        case e.CashMoved():
            return "cash", event.amount_e4
        case e.SharesMoved():
            return "shares", event.qty
        case e.DayStarted():
            return "day", event.day
        case e.KillSwitchSet():
            return "switch", event.is_on
        case e.AccountOpened():
            return ("opened account",)
        case e.InstrumentListed():
            return ("listed",)
        case s.AlertSet():
            return "alert", event.alert_no, event.rearm_e4
        case s.AlertRemoved():
            return "removed", event.alert_no
        case s.AlertFired():
            return "fired", event.alert_no, event.last_px_e4
        case s.AlertRearmed():
            return "armed again", event.alert_no
        case s.StatementRequested():
            cash = event.cash_e4, event.free_e4, event.market_value_e4
            counts = event.position_count, event.order_count, event.fill_count
            return "statement", *cash, *counts, event.bought_e4, event.sold_e4, event.fees_e4
        case e.CommandDenied():
            return "denied", event.reason.name
    raise AssertionError(event)


class Pair:
    """The book and the oracle, side by side."""

    def __init__(self, noise: Noise) -> None:
        self.noise = noise
        self.rules = trading_rules(HOUSE)
        self.book = AccountBook()
        self.oracle = DecideLoop(the_rulebook(), HOUSE)
        self.events: list[Event] = []
        self.order_count = 0

    def take(self, commands: list[c.Command]) -> None:
        """Give both the same batch and compare what they answer."""
        at_ns = self.noise.at_ns
        caused = step(self.book, self.rules, commands, at_ns)
        for command, events in zip(commands, caused, strict=True):
            expected = self.oracle.decide(command, at_ns)
            assert [answer(event) for event in events] == expected, command
            self.events += events
            self.order_count += isinstance(command, c.SubmitOrder)

    def tick(self) -> None:
        """Give both the same prices."""
        for symbol, (bid_e4, ask_e4, last_e4) in self.noise.quotes().items():
            assert take_quote(self.book, symbol, Quote(bid_e4, ask_e4, last_e4, 0))
            self.oracle.quote(symbol, bid_e4, ask_e4, last_e4)
        self.compare_reached()

    def compare_reached(self) -> None:
        """Compare which alerts the prices of now reach."""
        prices = {symbol: [row.last] for symbol, row in self.oracle.listings.items()}
        rows = np.array([self.book.instruments.rows[symbol] for symbol in prices], np.int64)
        last_e4 = np.array([last for (last,) in prices.values()], np.int64)
        reached = self.book.alerts.watchlist.crossed(rows, last_e4, last_e4)
        numbers = self.book.alerts.alert_no[reached].tolist()
        assert sorted(numbers) == sorted(self.oracle.reached(prices))

    def compare(self) -> None:
        """Compare all cash, shares and orders."""
        for account_no, account in self.oracle.accounts.items():
            view = account_view(self.book, account_no)
            assert view is not None
            found = view.cash_e4, view.free_e4, view.unsettled_e4, view.is_killed
            assert found == (account.cash, account.free, account.unsettled, account.is_killed)
            held = {
                symbol: (holding.sellable, holding.frozen, holding.today)
                for symbol, holding in account.holdings.items()
                if holding.sellable or holding.frozen or holding.today
            }
            positions = positions_of(self.book, account_no)
            assert held == {
                p.symbol: (p.sellable_qty, p.frozen_qty, p.bought_today_qty) for p in positions
            }
        for cl_ord_id, order in self.oracle.by_id.items():
            view_of = order_of(self.book, cl_ord_id)
            assert view_of is not None
            found_order = view_of.cum_qty, view_of.leaves_qty, view_of.reserved_e4
            assert found_order == (order.cum, order.leaves, order.frozen)
        alerts = [
            (view.alert_no, view.symbol, int(view.kind), view.threshold_e4, view.is_armed)
            for account_no in self.oracle.accounts
            for view in alerts_of(self.book, account_no)
        ]
        assert sorted(alerts) == [
            (alert.no, alert.symbol, alert.kind, alert.threshold, alert.is_armed)
            for alert in sorted(self.oracle.alerts, key=lambda alert: alert.no)
        ]


@pytest.mark.parametrize("seed", SEEDS)
def test_noise_is_decided_like_the_plain_loop_decides(seed: int) -> None:
    pair = Pair(Noise(seed))
    noise = pair.noise
    pair.take(noise.setup())
    while pair.order_count < ORDERS_PER_SEED:
        if noise.is_over:
            pair.compare()
            pair.take(noise.next_day())
        pair.tick()
        pair.take(noise.batch(pair.oracle, noise.random.choice((1, 3, 20, 64, 200))))
        if noise.random.random() < 0.05:
            assert broken_invariants(pair.book) == {}
    pair.compare()

    assert pair.order_count >= ORDERS_PER_SEED
    replayed = AccountBook()
    assert fold(replayed, pair.events) == len(pair.events)
    assert replayed.fingerprint() == pair.book.fingerprint()
    restored = AccountBook.from_image(pair.book.image())
    assert restored.fingerprint() == pair.book.fingerprint()
    assert {type(event) for event in pair.events} >= {e.OrderAccepted, e.Filled, e.OrderRejected}
    assert {type(event) for event in pair.events} >= SERVICE
    refused = {event.reason for event in pair.events if isinstance(event, e.CommandDenied)}
    assert refused >= SERVICE_REASONS
    told = {event.reason for event in pair.events if isinstance(event, e.OrderDenied)}
    assert told >= ({check.reason for check in CHECKS} | {ReasonCode.PACE_BRANCH}) - RARE


SERVICE = {
    *(s.AlertSet, s.AlertRemoved, s.AlertFired, s.AlertRearmed),
    s.StatementRequested,
}
SERVICE_REASONS = {
    *(ReasonCode.ALERT_KIND_UNKNOWN, ReasonCode.ALERT_PRICE_NOT_VALID, ReasonCode.ALERT_EXISTS),
    *(ReasonCode.ALERT_LIMIT, ReasonCode.ALERT_REACHED, ReasonCode.ALERT_UNKNOWN),
    ReasonCode.STATEMENT_TOO_SOON,
}
# Never in this noise: the day is always started, inside the rulebook, and every order is for it.
RARE = {
    ReasonCode.DAY_NOT_STARTED,
    ReasonCode.NO_RULES_FOR_DAY,
    ReasonCode.TIME_IN_FORCE_NOT_ALLOWED,
}


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    sizes=st.lists(st.integers(1, 30), min_size=1, max_size=6),
)
def test_a_batch_is_the_same_as_its_commands_one_at_a_time(seed: int, sizes: list[int]) -> None:
    pair, single = Pair(Noise(seed)), AccountBook()
    pair.take(pair.noise.setup())
    fold(single, pair.events)
    pair.noise.at_ns += 1_800 * 10**9
    for size in sizes:
        before, count = pair.book.fingerprint(), len(pair.events)
        commands = pair.noise.batch(pair.oracle, size)
        pair.take(commands)
        alone: list[Event] = []
        for command in commands:
            alone += step(single, pair.rules, [command], pair.noise.at_ns)[0]
        assert alone == list(islice(pair.events, count, None))
        assert single.fingerprint() == pair.book.fingerprint()
        assert broken_invariants(pair.book) == {}
        if all(isinstance(event, QUIET) for event in alone):
            assert pair.book.fingerprint() == before
