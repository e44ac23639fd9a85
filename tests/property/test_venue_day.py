"""A day of random orders, cancels and moods: what the venue tells always adds up."""

from collections import defaultdict
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from fix.simulator.flow import Flow
from fix.simulator.messages import Report
from fix.simulator.temper import DELAY_NS_MAX, DropLink, Mood, Temper
from risk.domain.enums import ExecType, OrdStatus, Phase, Side
from risk.domain.ids import NS
from tests.builders.venues import GW, SPDB, a_cancel, a_venue, an_order, at

CLOCKS = ["09:15", "09:24", "09:29", "11:29", "12:59", "14:56", "14:59"]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("enter"), st.booleans(), st.integers(-15, 15), st.integers(1, 30)),
        st.tuples(st.just("cancel"), st.integers(0, 40)),
        st.tuples(st.just("wait"), st.integers(1, 60 * NS)),
        st.tuples(st.just("mood"), st.sampled_from(list(Mood))),
    ),
    max_size=60,
)


def check_one_order(told: list[Report], qty: int, limit_e4: int) -> None:
    """Check the reports of one order by themselves."""
    assert [report.exec_type for report in told].count(ExecType.NEW) == 1
    assert told[0].exec_type == ExecType.NEW
    cum_qty = turnover_e4 = 0
    for report in told:
        cum_qty += report.last_qty
        turnover_e4 += report.last_qty * report.last_px_e4
        is_open = report.ord_status in (OrdStatus.NEW, OrdStatus.PARTIALLY_FILLED)
        assert report.cum_qty == cum_qty <= qty
        assert report.leaves_qty == (qty - cum_qty if is_open else 0)
        if report.last_qty:
            better_e4 = limit_e4 - report.last_px_e4
            assert (better_e4 if report.side == Side.BUY else -better_e4) >= 0
    assert told[-1].leaves_qty == 0
    assert all(report.leaves_qty > 0 for report in told[:-1])


@settings(max_examples=300, deadline=None)
@given(STEPS, st.sampled_from(CLOCKS), st.integers(0, 10**6), st.booleans())
def test_reports_of_a_day_add_up_for_every_order_and_in_total(steps, clock, seed, has_flow):
    venue = a_venue(clock, Flow(Random(seed)) if has_flow else None)
    temper, now_ns, answers, sent = Temper(Random(seed)), at(clock), [], {}
    for i, (kind, *arguments) in enumerate(steps):
        if kind == "enter":
            is_buy, ticks, lots = arguments
            side = Side.BUY if is_buy else Side.SELL
            price_e4 = 100_000 + ticks * 100
            order = an_order(f"O{len(sent)}", side=side, price_e4=price_e4, qty=lots * 100)
            sent[order.cl_ord_id] = order
            takes = temper.takes_orders
            enter = venue.submit if takes else lambda o, t: venue.refuse(o, "mood", t)
            temper.push(enter(order, now_ns), now_ns)
        elif kind == "cancel":
            temper.push(venue.cancel(a_cancel(f"C{i}", f"O{arguments[0]}"), now_ns), now_ns)
        elif kind == "mood":
            temper.set_mood(arguments[0], NS, now_ns)
        else:
            now_ns += arguments[0]
            temper.push(venue.advance(now_ns)[0], now_ns)
        answers += temper.due(now_ns)
    temper.set_mood(Mood.CALM, 0, now_ns)
    temper.push(venue.advance(at("15:00"))[0], now_ns)
    answers += temper.due(now_ns + DELAY_NS_MAX)

    told: dict[str, dict[str, Report]] = defaultdict(dict)
    for answer in answers:
        if isinstance(answer, Report) and not isinstance(answer, DropLink):
            told[answer.orig_cl_ord_id or answer.cl_ord_id][answer.exec_id] = answer
    states = {order.cl_ord_id: order for order in venue.orders(GW)}
    assert set(states) == set(sent) == set(told)
    for cl_ord_id, order in sent.items():
        reports, state = list(told[cl_ord_id].values()), states[cl_ord_id]
        reports.sort(key=lambda report: (report.cum_qty, -report.leaves_qty))
        assert state.ord_status not in (OrdStatus.NEW, OrdStatus.PARTIALLY_FILLED)
        assert reports[-1].cum_qty == state.cum_qty
        if state.ord_status == OrdStatus.REJECTED:
            assert [report.exec_type for report in reports] == [ExecType.REJECTED]
        else:
            check_one_order(reports, order.qty, order.price_e4)
    depth = venue.depth(SPDB)
    assert (depth.phase, depth.bids, depth.asks) == (Phase.CLOSED, (), ())
    if not has_flow:
        for side in Side:
            mine = [state for state in states.values() if state.side == side]
            assert sum(state.cum_qty for state in mine) == depth.volume
            assert sum(state.turnover_e4 for state in mine) == depth.turnover_e4
