import pytest

from fix.simulator.messages import CancelReject, OrderState, StatusQuery
from risk.domain.enums import ExecType, OrdStatus, OrdType, Side
from tests.builders.venues import (
    BOND,
    ETF,
    GW,
    SMIC,
    SPDB,
    a_cancel,
    a_sell,
    a_venue,
    an_order,
    at,
    short,
)

NOW = at("10:00")


def test_an_order_that_meets_none_is_new_and_stands():
    venue = a_venue()

    [report] = venue.submit(an_order(account_no="10001"), NOW)
    assert short([report]) == [("1", "NEW", "NEW", 0, 0, 100)]
    assert (report.price_e4, report.order_qty, report.account_no) == (100_000, 100, "10001")
    assert venue.orders() == [
        OrderState(GW, "1", report.order_id, SPDB, Side.BUY, 100, 100_000, 0, 100, 0, OrdStatus.NEW)
    ]


def test_a_trade_is_told_to_both_sides_at_the_standing_price():
    venue = a_venue()
    venue.submit(an_order("1", qty=300, price_e4=100_100), NOW)

    reports = venue.submit(a_sell("2", sender="OTHER"), NOW)
    assert short(reports) == [
        ("2", "NEW", "NEW", 0, 0, 100),
        ("1", "TRADE", "PARTIALLY_FILLED", 100, 100, 200),
        ("2", "TRADE", "FILLED", 100, 100, 0),
    ]
    assert [r.sender for r in reports] == ["OTHER", GW, "OTHER"]
    assert {r.last_px_e4 for r in reports[1:]} == {100_100}
    assert len({r.exec_id for r in reports}) == 3


def test_an_order_fills_through_levels_with_an_average_price():
    venue = a_venue()
    venue.submit(a_sell("1", price_e4=100_000), NOW)
    venue.submit(a_sell("2", price_e4=100_100), NOW)
    reports = venue.submit(an_order("3", qty=300, price_e4=100_100), NOW)

    assert short([r for r in reports if r.cl_ord_id == "3"]) == [
        ("3", "NEW", "NEW", 0, 0, 300),
        ("3", "TRADE", "PARTIALLY_FILLED", 100, 100, 200),
        ("3", "TRADE", "PARTIALLY_FILLED", 100, 200, 100),
    ]
    assert reports[-1].avg_px_e4 == 100_050


def test_a_member_may_trade_with_itself():
    venue = a_venue()
    venue.submit(an_order("1"), NOW)

    assert short(venue.submit(a_sell("2"), NOW))[1:] == [
        ("1", "TRADE", "FILLED", 100, 100, 0),
        ("2", "TRADE", "FILLED", 100, 100, 0),
    ]


@pytest.mark.parametrize(
    ("changes", "ord_rej_reason", "text"),
    [
        ({"symbol": "999999"}, 1, "not listed"),
        ({"side": 7}, 99, "Side(54)"),
        ({"ord_type": OrdType.MARKET}, 11, "OrdType(40)"),
        ({"time_in_force": 3}, 11, "TimeInForce(59)"),
        ({"qty": 0}, 13, "positive, was 0"),
        ({"qty": -100}, 13, "positive"),
        ({"qty": 150}, 13, "multiple of 100, was 150"),
        ({"qty": 1_000_100}, 13, "at most 1000000"),
        ({"qty": 10**30}, 13, "at most 1000000"),
        ({"price_e4": 10**30}, 99, "at most 11.00"),
        ({"symbol": SMIC, "price_e4": 500_000, "qty": 199}, 13, "at least 200"),
        ({"price_e4": 0}, 99, "positive"),
        ({"price_e4": 100_050}, 99, "multiple of 0.01, was 10.005"),
        ({"price_e4": 110_100}, 99, "at most 11.00, was 11.01"),
        ({"price_e4": 89_900}, 99, "at least 9.00"),
        ({"price_e4": 102_100}, 99, "bound is 10.20, was 10.21"),
        ({"side": Side.SELL, "price_e4": 97_900}, 99, "bound is 9.80"),
    ],
)
def test_an_order_against_the_rules_is_rejected_with_its_reason(changes, ord_rej_reason, text):
    venue = a_venue()

    [report] = venue.submit(an_order()._replace(**changes), NOW)
    assert short([report]) == [("1", "REJECTED", "REJECTED", 0, 0, 0)]
    assert (report.ord_rej_reason, report.order_id) == (ord_rej_reason, "NONE")
    assert text in report.text
    assert [order.ord_status for order in venue.orders()] == [OrdStatus.REJECTED]


def test_an_odd_lot_may_be_sold():
    assert short(a_venue().submit(a_sell(qty=99), NOW)) == [("2", "NEW", "NEW", 0, 0, 99)]


def test_a_price_on_the_cage_is_taken_and_the_cage_follows_the_best_price():
    venue = a_venue()
    venue.submit(a_sell("1", price_e4=102_000), NOW)

    assert venue.submit(an_order("2", price_e4=104_000, qty=200), NOW)[0].exec_type == ExecType.NEW
    assert venue.depth(SPDB).bids[0] == (104_000, 100)


@pytest.mark.parametrize(
    ("clock", "may_enter", "may_cancel"),
    [
        ("09:14:59", False, False),
        ("09:15:00", True, True),
        ("09:20:00", True, False),
        ("09:25:00", False, False),
        ("09:30:00", True, True),
        ("11:30:00", False, False),
        ("13:00:00", True, True),
        ("14:57:00", True, False),
        ("15:00:00", False, False),
    ],
)
def test_each_phase_takes_what_it_may(clock, may_enter, may_cancel):
    venue = a_venue("09:14:00")
    [entered] = venue.submit(an_order(), at(clock))
    assert (entered.exec_type == ExecType.NEW) is may_enter

    venue = a_venue("13:30") if at(clock) >= at("14:00") else a_venue("09:16")
    start = at("13:30") if at(clock) >= at("14:00") else at("09:16")
    if at(clock) >= start:
        venue.submit(an_order(), start)
        answer = venue.cancel(a_cancel(), at(clock))[-1]
        assert (getattr(answer, "exec_type", None) == ExecType.CANCELED) is may_cancel


def test_a_used_cl_ord_id_makes_no_second_order():
    venue = a_venue()
    venue.submit(an_order(), NOW)

    [report] = venue.submit(an_order(qty=200), NOW)
    assert (report.ord_status, report.ord_rej_reason) == (OrdStatus.REJECTED, 6)
    assert [order.qty for order in venue.orders()] == [100]
    assert venue.depth(SPDB).bids == ((100_000, 100),)


def test_a_possibly_resent_order_is_answered_with_the_state_of_the_first():
    venue = a_venue()
    venue.submit(an_order(), NOW)
    venue.submit(a_sell("2"), NOW)

    reports = venue.submit(an_order(poss_resend=True), NOW)
    assert short(reports) == [("1", "ORDER_STATUS", "FILLED", 0, 100, 0)]
    assert short(venue.submit(an_order("3", poss_resend=True), NOW))[0][1] == "NEW"


def test_two_members_may_use_the_same_cl_ord_id():
    venue = a_venue()
    venue.submit(an_order(), NOW)

    assert venue.submit(an_order(sender="OTHER"), NOW)[0].exec_type == ExecType.NEW
    assert len(venue.orders()) == 2
    assert len(venue.orders("OTHER")) == 1


def test_a_refused_order_is_rejected_and_known():
    venue = a_venue()

    assert short(venue.refuse(an_order(), "no mood", NOW)) == [
        ("1", "REJECTED", "REJECTED", 0, 0, 0)
    ]
    assert venue.submit(an_order(), NOW)[0].ord_rej_reason == 6


def test_a_cancel_ends_what_is_left():
    venue = a_venue()
    venue.submit(an_order(qty=300), NOW)
    venue.submit(a_sell("2"), NOW)

    [report] = venue.cancel(a_cancel(), NOW)
    assert short([report]) == [("C1", "CANCELED", "CANCELED", 0, 100, 0)]
    assert report.orig_cl_ord_id == "1"
    assert venue.depth(SPDB).bids == ()


@pytest.mark.parametrize(
    ("orig_cl_ord_id", "cl_ord_id", "cxl_rej_reason", "ord_status"),
    [
        ("9", "C1", 1, OrdStatus.REJECTED),  # unknown
        ("1", "C1", 0, OrdStatus.FILLED),  # too late
        ("3", "2", 6, OrdStatus.NEW),  # the id of an order
        ("3", "C0", 6, OrdStatus.NEW),  # the id of a cancel
    ],
)
def test_a_cancel_that_cannot_be_done_says_why(
    orig_cl_ord_id, cl_ord_id, cxl_rej_reason, ord_status
):
    venue = a_venue()
    for order in (an_order("1"), a_sell("2"), an_order("3")):
        venue.submit(order, NOW)
    venue.cancel(a_cancel("C0", "2"), NOW)

    [answer] = venue.cancel(a_cancel(cl_ord_id, orig_cl_ord_id), NOW)
    assert isinstance(answer, CancelReject)
    assert (answer.cxl_rej_reason, answer.ord_status) == (cxl_rej_reason, ord_status)
    assert answer.orig_cl_ord_id == orig_cl_ord_id


def test_a_cancel_in_a_no_cancel_phase_is_told_so():
    venue = a_venue("09:16")
    venue.submit(an_order(), at("09:16"))

    [answer] = venue.cancel(a_cancel(), at("09:22"))
    assert (answer.cxl_rej_reason, answer.ord_status) == (2, OrdStatus.NEW)
    assert answer.text == "no cancels in phase OPENING_CALL_NO_CANCEL"


def test_the_state_of_an_order_can_be_asked():
    venue = a_venue()
    venue.submit(an_order(qty=300), NOW)
    venue.submit(a_sell("2"), NOW)

    assert short(venue.status(StatusQuery(GW, "1"), NOW)) == [
        ("1", "ORDER_STATUS", "PARTIALLY_FILLED", 0, 100, 200)
    ]
    [unknown] = venue.status(StatusQuery(GW, "9", SPDB, Side.BUY), NOW)
    assert short([unknown]) == [("9", "ORDER_STATUS", "REJECTED", 0, 0, 0)]
    assert (unknown.ord_rej_reason, unknown.symbol) == (5, SPDB)
    assert venue.status(StatusQuery("OTHER", "1"), NOW)[0].ord_rej_reason == 5


def test_all_open_orders_of_a_member_can_be_asked():
    venue = a_venue()
    for order in (an_order("1"), an_order("2", price_e4=99_000), an_order("3", sender="OTHER")):
        venue.submit(order, NOW)
    venue.cancel(a_cancel("C1", "2"), NOW)

    assert short(venue.mass_status(GW, NOW)) == [("1", "ORDER_STATUS", "NEW", 0, 0, 100)]


def test_the_opening_auction_trades_at_one_price_and_the_rest_goes_on():
    venue = a_venue("09:15")
    venue.submit(an_order("1", qty=300, price_e4=101_000), at("09:15"))
    venue.submit(a_sell("2", qty=200, price_e4=99_000), at("09:16"))
    assert venue.depth(SPDB).bids == venue.depth(SPDB).asks == ((101_000, 200),)

    reports, depths = venue.advance(at("09:25"))
    assert short(reports) == [
        ("1", "TRADE", "PARTIALLY_FILLED", 200, 200, 100),
        ("2", "TRADE", "FILLED", 200, 200, 0),
    ]
    assert {r.last_px_e4 for r in reports} == {101_000}
    [depth] = [depth for depth in depths if depth.symbol == SPDB]
    assert (depth.last_e4, depth.volume, depth.bids) == (101_000, 200, ((101_000, 100),))


def test_the_close_holds_an_auction_and_ends_every_order():
    venue = a_venue("14:57")
    venue.submit(an_order("1", qty=300), at("14:58"))
    venue.submit(a_sell("2"), at("14:58"))

    reports, _ = venue.advance(at("15:00"))
    assert short(reports) == [
        ("1", "TRADE", "PARTIALLY_FILLED", 100, 100, 200),
        ("2", "TRADE", "FILLED", 100, 100, 0),
        ("1", "EXPIRED", "EXPIRED", 0, 100, 0),
    ]
    assert venue.mass_status(GW, at("15:01")) == []


def test_a_fund_has_a_closing_auction_and_a_bond_trades_on():
    venue = a_venue("14:58")
    for symbol, price_e4 in ((ETF, 40_000), (BOND, 1_100_000)):
        venue.submit(an_order(symbol, symbol=symbol, price_e4=price_e4), at("14:58"))
        venue.submit(a_sell(f"{symbol}s", symbol=symbol, price_e4=price_e4), at("14:58"))

    assert (venue.depth(ETF).volume, venue.depth(BOND).volume) == (0, 100)


def test_a_jump_over_days_holds_every_auction_on_the_way():
    venue = a_venue("09:16")
    venue.submit(an_order("1"), at("09:16"))
    venue.submit(a_sell("2"), at("09:16"))

    reports, _ = venue.advance(at("10:00", "2026-11-23"))
    assert short(reports) == [
        ("1", "TRADE", "FILLED", 100, 100, 0),
        ("2", "TRADE", "FILLED", 100, 100, 0),
    ]
    assert {r.transact_ns for r in reports} == {at("09:25")}
    assert venue.depth(SPDB).volume == 0


def test_the_last_price_is_the_base_of_the_next_days_limits():
    venue = a_venue()
    venue.submit(an_order("1", price_e4=102_000), NOW)
    venue.submit(a_sell("2", price_e4=102_000), NOW)
    monday = at("09:16", "2026-11-23")

    assert venue.submit(an_order("3", price_e4=112_200), monday)[0].exec_type == ExecType.NEW
    assert venue.submit(an_order("4", price_e4=112_300), monday)[0].ord_rej_reason == 99
    assert venue.depth(SPDB).prev_close_e4 == 102_000


def test_an_order_is_known_through_the_next_trading_day_and_its_id_is_not_used_again():
    venue = a_venue()
    venue.submit(an_order(), NOW)
    monday = at("10:00", "2026-11-23")

    assert venue.status(StatusQuery(GW, "1"), monday)[0].ord_status == OrdStatus.EXPIRED
    assert venue.submit(an_order(), monday)[0].ord_rej_reason == 6
    assert venue.orders() == []


@pytest.mark.parametrize("moment", [at("10:00", "2026-11-22"), at("10:00", "2027-03-01")])
def test_a_day_without_trading_or_rules_takes_nothing(moment):
    venue = a_venue()

    assert venue.submit(an_order(), moment)[-1].ord_status == OrdStatus.REJECTED


def test_time_that_runs_back_changes_nothing():
    venue = a_venue()
    venue.advance(NOW)

    [report] = venue.submit(an_order(), at("09:00"))
    assert (report.exec_type, report.transact_ns) == (ExecType.NEW, NOW)


def test_a_halted_instrument_takes_no_orders_but_cancels():
    venue = a_venue()
    venue.submit(an_order(), NOW)
    venue.halt(SPDB, True)

    assert venue.submit(an_order("2"), NOW)[0].ord_rej_reason == 2
    assert venue.cancel(a_cancel(), NOW)[0].exec_type == ExecType.CANCELED
    venue.halt(SPDB, False)
    assert venue.submit(an_order("3"), NOW)[0].exec_type == ExecType.NEW


def test_market_data_shows_five_levels_and_only_what_changed():
    venue = a_venue()
    venue.advance(NOW)
    for i in range(7):
        venue.submit(an_order(str(i), price_e4=100_000 - 100 * i), NOW)

    _, [depth] = venue.advance(NOW)
    assert depth.bids == tuple((100_000 - 100 * i, 100) for i in range(5))
    assert (depth.asks, depth.last_e4, depth.prev_close_e4) == ((), 0, 100_000)
    assert venue.advance(NOW) == ([], [])
    assert venue.depth("999999") is None


def test_a_venue_that_opens_again_repeats_no_exec_id_or_order_id():
    [first], [second] = (a_venue(clock).submit(an_order(), NOW) for clock in ("09:30", "09:31"))

    assert first.exec_id != second.exec_id
    assert first.order_id != second.order_id
