from random import Random

import pytest

from fix.simulator.messages import CancelReject, Report
from fix.simulator.temper import DELAY_NS_MAX, PARTS, DropLink, Mood, Temper, split_fill
from risk.domain.enums import ExecType, OrdStatus
from tests.builders.venues import NS, a_cancel, a_sell, a_venue, an_order, at

NOW = at("10:00")


def reports_of_a_trade(qty: int = 500) -> list[Report]:
    venue = a_venue()
    venue.submit(a_sell("2", qty=qty), NOW)
    return venue.submit(an_order(qty=qty), NOW)


def a_temper(mood: Mood, delay_ns: int = 0) -> Temper:
    temper = Temper(Random(5))
    temper.set_mood(mood, delay_ns, NOW)
    return temper


@pytest.mark.parametrize("mood", [Mood.CALM, Mood.REJECT])
def test_a_calm_venue_tells_everything_at_once_in_order(mood):
    temper, reports = a_temper(mood), reports_of_a_trade()
    temper.push(reports, NOW)

    assert temper.next_due_ns == NOW
    assert temper.due(NOW) == reports
    assert (temper.due(NOW), temper.next_due_ns) == ([], None)


def test_only_the_rejecting_mood_keeps_orders_from_the_venue():
    assert [mood for mood in Mood if not a_temper(mood).takes_orders] == [Mood.REJECT]


def test_a_slow_venue_tells_late_and_in_order():
    temper, reports = a_temper(Mood.SLOW, 2 * NS), reports_of_a_trade()
    temper.push(reports, NOW)

    assert temper.due(NOW + 2 * NS - 1) == []
    assert temper.due(NOW + 2 * NS) == reports


def test_what_follows_a_slow_answer_does_not_overtake_it():
    temper, reports = a_temper(Mood.SLOW, 2 * NS), reports_of_a_trade()
    temper.push(reports[:1], NOW)
    temper.set_mood(Mood.CALM, 0, NOW)
    temper.push(reports[1:], NOW)

    assert temper.due(NOW + NS) == []
    assert temper.due(NOW + 2 * NS) == reports


def test_a_silent_venue_tells_everything_when_the_mood_changes():
    temper, reports = a_temper(Mood.SILENT), reports_of_a_trade()
    temper.push(reports, NOW)

    assert (temper.due(NOW + DELAY_NS_MAX), temper.next_due_ns) == ([], None)
    temper.set_mood(Mood.CALM, 0, NOW + NS)
    temper.push(reports[:1], NOW + NS)
    assert temper.due(NOW + NS) == [*reports, reports[0]]


def test_a_repeating_venue_tells_each_answer_twice():
    temper, [first, *others] = a_temper(Mood.DUPLICATE), reports_of_a_trade()
    temper.push([first, others[0]], NOW)

    assert temper.due(NOW) == [first, first, others[0], others[0]]


def test_a_shuffling_venue_tells_all_within_the_delay_in_another_order():
    temper, reports = a_temper(Mood.OUT_OF_ORDER, NS), reports_of_a_trade()
    temper.push(reports, NOW)
    told = temper.due(NOW + NS)

    assert told != reports
    assert sorted(told, key=lambda report: report.exec_id) == reports


def test_the_link_drops_once_before_the_next_answer():
    temper, reports = a_temper(Mood.DROP_LINK), reports_of_a_trade()
    temper.push(reports, NOW)

    assert temper.due(NOW) == [DropLink(), *reports]
    assert temper.mood is Mood.CALM


def test_more_than_may_be_kept_back_leaves_at_once():
    temper, reports = Temper(Random(5), held_max=2), reports_of_a_trade()
    temper.set_mood(Mood.SILENT, 0, NOW)
    temper.push(reports, NOW)

    assert temper.due(NOW) == reports[:1]


def test_a_delay_out_of_range_is_refused():
    with pytest.raises(ValueError, match="must be 0 to"):
        a_temper(Mood.SLOW, DELAY_NS_MAX + 1)


def test_a_fill_is_told_in_parts_that_end_in_the_same_state():
    temper, reports = a_temper(Mood.PARTIAL), reports_of_a_trade()
    temper.push(reports, NOW)
    parts = [r for r in temper.due(NOW) if r.cl_ord_id == "1" and r.exec_type == ExecType.TRADE]

    assert len(parts) == PARTS
    assert sum(part.last_qty for part in parts) == 500
    assert [part.cum_qty + part.leaves_qty for part in parts] == [500] * PARTS
    assert [part.ord_status for part in parts[:-1]] == [OrdStatus.PARTIALLY_FILLED] * (PARTS - 1)
    assert len({part.exec_id for part in parts}) == PARTS
    last = reports[-1]
    assert parts[-1]._replace(exec_id="", last_qty=0) == last._replace(exec_id="", last_qty=0)


def test_a_fill_of_one_and_what_is_no_fill_stay_whole():
    new, _, fill = reports_of_a_trade()
    [reject] = a_venue().cancel(a_cancel(), NOW)
    one = fill._replace(last_qty=1)
    temper = a_temper(Mood.PARTIAL)
    temper.push([new, reject], NOW)

    assert split_fill(one, Random(1)) == [one]
    assert temper.due(NOW) == [new, reject]
    assert isinstance(reject, CancelReject)
