from random import Random

import pytest

from fix.simulator.flow import LADDER, Flow, MarketView
from fix.simulator.market import FLOW_INTERVAL_NS
from fix.simulator.venue import Venue
from risk.domain.enums import ExecType, Side
from risk.domain.ids import NS
from tests.builders.rulebooks import the_rulebook
from tests.builders.venues import BOND, ETF, INSTRUMENTS, SMIC, SPDB, a_venue, an_order, at

VIEW = MarketView(100_000, 100_000, 99_900, 100_100, 100, 100, False)


def run(seed: int, clock: str, seconds: int, *orders):
    """Return all reports and the venue after some time with the flow of a seed."""
    venue = a_venue(clock, Flow(Random(seed)))
    now_ns = at(clock)
    reports = [report for order in orders for report in venue.submit(order, now_ns)]
    for _ in range(seconds * NS // FLOW_INTERVAL_NS):
        now_ns += FLOW_INTERVAL_NS
        reports += venue.advance(now_ns)[0]
    return reports, venue


def test_the_maker_quotes_a_ladder_around_the_fair_price():
    wishes = Flow(Random(1)).ladder(VIEW)

    for side, sign in ((Side.BUY, -1), (Side.SELL, 1)):
        prices = [wish.price_e4 for wish in wishes if wish.side == side]
        assert prices == [100_000 + sign * step * 100 for step in range(1, LADDER + 1)]
    assert all(wish.qty % 100 == 0 and wish.qty > 0 for wish in wishes)


def test_traders_take_the_best_price_or_want_nothing():
    wishes = [Flow(Random(seed)).trade(VIEW) for seed in range(100)]

    assert None in wishes
    assert {(w.side, w.price_e4) for w in wishes if w} == {
        (Side.BUY, 100_100),
        (Side.SELL, 99_900),
    }


def test_traders_lean_against_a_move():
    high = VIEW._replace(fair_e4=110_000)
    wishes = [wish for seed in range(400) if (wish := Flow(Random(seed)).trade(high))]

    assert sum(wish.side == Side.SELL for wish in wishes) > 0.7 * len(wishes)


def test_a_trader_finds_nobody_in_an_empty_book():
    empty = VIEW._replace(bid_e4=0, ask_e4=0)

    assert all(Flow(Random(seed)).trade(empty) is None for seed in range(50))


@pytest.mark.parametrize("clock", ["09:30", "09:15", "13:00"])
def test_every_instrument_has_a_market_a_moment_after_the_start(clock):
    _, venue = run(1, clock, 1)

    for symbol in (SPDB, SMIC, ETF, BOND):
        depth = venue.depth(symbol)
        assert depth.bids
        assert depth.asks


def test_a_large_market_is_quoted_at_once_and_moves_where_members_are():
    many = [INSTRUMENTS[0]._replace(symbol=f"{600_000 + i}") for i in range(150)]
    venue, now_ns = Venue(the_rulebook(), many, at("09:30"), Flow(Random(2))), at("09:30")
    venue.advance(now_ns)
    assert all(venue.depth(each.symbol).asks for each in many)

    venue.submit(an_order(symbol="600149", price_e4=99_900), now_ns)
    filled = 0
    while not filled:
        now_ns += FLOW_INTERVAL_NS
        filled = sum(report.last_qty for report in venue.advance(now_ns)[0])
        assert now_ns < at("09:30:20")


def test_an_order_at_the_ask_is_filled_at_once_even_before_the_flow_moved():
    reports, _ = run(1, "09:30", 0, an_order(price_e4=100_100))

    assert [report.exec_type for report in reports] == [ExecType.NEW, ExecType.TRADE]


def test_an_order_at_the_best_bid_is_filled_in_time():
    reports, _ = run(1, "09:30", 60, an_order(price_e4=99_900))

    assert sum(report.last_qty for report in reports) == 100


def test_the_flow_meets_in_the_opening_auction():
    _, venue = run(1, "09:24:30", 60)

    assert venue.depth(SPDB).volume > 0


def test_the_same_seed_makes_the_same_day():
    first, second, other = (run(seed, "09:30", 20, an_order(qty=10_000)) for seed in (7, 7, 8))

    assert first[0] == second[0]
    assert first[1].depth(SPDB) == second[1].depth(SPDB) != other[1].depth(SPDB)


def test_nobody_is_told_of_the_flows_own_orders():
    reports, venue = run(3, "09:30", 20, an_order(price_e4=99_500))

    assert {report.sender for report in reports} == {"GATEWAY"}
    assert len(venue.orders()) == 1


def test_a_pause_is_not_made_up_for_in_full():
    venue = a_venue("09:30", Flow(Random(1)))
    venue.advance(at("11:00"))
    volume = venue.depth(SPDB).volume

    assert volume < 5_000
    venue.advance(at("11:00"))
    assert venue.depth(SPDB).volume == volume
