"""The venue's quick judgement of an order against the gateway's vectorised rules."""

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from fix.simulator.venue import Venue
from risk.domain.enums import Board, ListingStatus, OrdStatus, Phase, Side
from risk.domain.instrument import Instrument
from risk.market.phases import is_call, may_enter, phases_at
from risk.market.price_bands import cage_bounds, outside_cage, price_limits
from risk.market.ticks_lots import above_max_qty, buy_qty_broken, off_tick
from tests.builders.books import BOARDS as TRADED
from tests.builders.rulebooks import one, rules_of, the_rulebook
from tests.builders.venues import a_sell, an_order, at

RULES = rules_of(date(2026, 11, 20))
CLOCKS = ["09:16", "09:22", "09:27", "10:00", "12:00", "14:58", "15:10"]
PRICES = st.one_of(
    st.integers(1_018, 1_032).map(lambda ticks: ticks * 100),  # about the cage of a buy
    st.integers(970, 985).map(lambda ticks: ticks * 100),  # and of a sell
    st.integers(-1, 300).map(lambda dimes: dimes * 1_000),  # about the daily limits
    st.integers(99_000, 102_000),  # about the tick
)
QTYS = st.sampled_from([200, 1_000]) | st.sampled_from(
    [-1, 0, 1, 10, 99, 100, 101, 150, 201, 300_001, 1_000_000, 2_000_000]
)


def is_right(
    board: Board,
    status: ListingStatus,
    side: Side,
    qty: int,
    price: int,
    best: list[int],
    when: int,
) -> bool:
    """Judge by the vectorised rules alone; `best` is bid and ask."""
    boards, sides, qtys, prices, statuses = one(board, side, qty, price, status)
    phase = phases_at(RULES, when)[boards]
    down, up = price_limits(*one(100_000), boards, statuses, RULES, is_call(phase))
    bound = cage_bounds(boards, sides, *one(*best, 0, 100_000), RULES)
    broken = [
        ~may_enter(phase),
        qtys <= 0,
        prices <= 0,
        above_max_qty(boards, qtys, RULES),
        off_tick(boards, prices, RULES),
        (prices > up) | (prices < down),
        outside_cage(sides, prices, bound) & ~is_call(phase),
    ]
    if side == Side.BUY:
        broken += buy_qty_broken(boards, qtys, RULES)
    return not any(each[0] for each in broken)


@settings(max_examples=600, deadline=None)
@given(
    st.sampled_from(TRADED),
    st.sampled_from(list(ListingStatus)),
    st.sampled_from(list(Side)),
    QTYS,
    PRICES,
    st.lists(st.sampled_from([0, 98_000, 99_900]), min_size=1, max_size=1),
    st.lists(st.sampled_from([0, 100_100, 101_000]), min_size=1, max_size=1),
    st.just("10:00") | st.sampled_from(CLOCKS),
)
def test_the_venue_takes_exactly_what_the_rules_allow(
    board, status, side, qty, price, bid, ask, clock
):
    instrument = Instrument("000001", board, "", "", 100_000, status)
    venue = Venue(the_rulebook(), [instrument], at("09:16"))
    best = []
    for number, (entry, standing) in enumerate([(an_order, bid[0]), (a_sell, ask[0])]):
        order = entry(f"S{number}", symbol="000001", price_e4=standing, qty=1_000)
        [report] = venue.submit(order, at("09:16"))
        best.append(standing if report.ord_status == OrdStatus.NEW else 0)
    order = an_order(symbol="000001", side=side, qty=qty, price_e4=price)
    answer = next(r for r in venue.submit(order, at(clock)) if r.cl_ord_id == "1")

    hours, minutes = map(int, clock.split(":"))
    when = hours * 3600 + minutes * 60
    phase = Phase(int(phases_at(RULES, when)[board]))
    assert (answer.ord_status != OrdStatus.REJECTED) is is_right(
        board, status, side, qty, price, best, when
    ), (phase.name, answer.text)
