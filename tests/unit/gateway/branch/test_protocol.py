"""One branch connection, bytes in and bytes out, over the real book."""

import pytest

from gateway.branch import pushes, wire
from gateway.branch.frames import FrameReader
from risk.book.prices import Quote
from risk.book.views import take_quote
from risk.domain.commands import StartDay
from risk.domain.events import OrderAccepted
from tests.builders.branch import Door, an_order, hello
from tests.builders.heart import DAY, a_buy, a_fill


def test_hello_is_answered_with_the_day_and_the_place() -> None:
    door = Door()
    peer = door.peer(greets=False)
    peer.say(hello())
    assert peer.heard() == [
        wire.Welcome(1, "10001", DAY, door.bus.durable_seq, False, 10),
    ]


def test_pipelined_orders_are_one_batch_and_answered_by_their_numbers() -> None:
    door = Door()
    peer = door.peer()
    batches = len(door.journal.batches)
    peer.say(*(an_order(n) for n in range(1, 21)))
    answers = peer.answers()
    assert [answer.client_seq for answer in answers] == list(range(1, 21))
    assert {type(answer) for answer in answers} == {wire.Accepted}
    assert len(door.journal.batches) == batches + 1


def test_nothing_is_answered_before_it_is_durable() -> None:
    door = Door()
    peer = door.peer()
    peer.say(an_order(1))
    door.clock.advance(0)
    assert peer.link.take() == b""
    assert [type(answer) for answer in peer.answers()] == [wire.Accepted]


def test_a_denied_order_says_why_in_both_languages() -> None:
    peer = Door().peer()
    peer.say(an_order(1, qty=150))
    (denied,) = peer.answers()
    assert (denied.client_seq, denied.name, denied.reason) == (1, "OFF_LOT", 209)
    assert "100" in denied.text_zh
    assert denied.text_en == "the quantity must be a multiple of 100"
    assert denied.figures["lot"] == 100


def test_an_order_for_another_branchs_account_is_denied() -> None:
    peer = Door().peer("10001")
    peer.say(an_order(1, "20000001"))
    (denied,) = peer.answers()
    assert denied.name == "NOT_YOUR_ACCOUNT"


def test_a_cancel_is_taken_and_another_branchs_is_denied() -> None:
    door = Door()
    own, other = door.peer("10001"), door.peer("20001")
    own.say(an_order(1))
    (accepted,) = own.answers()
    other.say(wire.Cancel(DAY, 1, "10000001", accepted.cl_ord_id))
    (denied,) = other.answers()
    assert denied.name == "NOT_YOUR_ACCOUNT"
    own.say(wire.Cancel(DAY, 2, "10000001", accepted.cl_ord_id))
    (taken,) = own.answers()
    assert isinstance(taken, wire.CancelTaken)
    assert taken.orig_cl_ord_id == accepted.cl_ord_id


def test_a_resend_on_a_new_connection_gets_the_first_outcome() -> None:
    door = Door()
    peer = door.peer()
    peer.say(an_order(1))
    (first,) = peer.answers()
    peer.link.closed()
    again = door.peer()
    again.say(an_order(1))
    assert again.answers() == [first]
    assert door.book.orders.count == 2  # row 0 is nobody


def test_a_resend_while_the_first_is_in_flight_waits_for_it() -> None:
    door = Door()
    lost, again = door.peer(), door.peer()
    lost.say(an_order(1))
    lost.link.closed()
    again.say(an_order(1))
    (first,) = again.answers()
    assert isinstance(first, wire.Accepted)
    assert lost.link.take() == b""


def test_another_order_under_a_used_number_is_denied() -> None:
    peer = Door().peer()
    peer.say(an_order(1), an_order(1, qty=4_000))
    names = [getattr(answer, "name", "ACCEPTED") for answer in peer.answers()]
    assert sorted(names) == ["ACCEPTED", "REQUEST_ID_REUSED"]


def test_numbers_of_two_branches_are_apart() -> None:
    door = Door()
    first, second = door.peer("10001"), door.peer("20001")
    first.say(an_order(1))
    second.say(an_order(1, "20000001"))
    assert isinstance(first.answers()[0], wire.Accepted)
    assert isinstance(second.answers()[0], wire.Accepted)


def test_a_request_of_another_day_is_answered_only_when_it_was_taken() -> None:
    door = Door()
    peer = door.peer()
    peer.say(an_order(1))
    (first,) = peer.answers()
    door.sequencer.submit(StartDay("op:2", 20261124))
    door.settle()
    peer.say(an_order(1), an_order(2))
    started, again, invalid = peer.answers()
    assert started == wire.DayStarted(20261124)
    assert again == first
    assert invalid.client_seq == 2
    assert invalid.text.startswith("day must be 20261124, was 20261123")


def test_queries_are_answered_for_own_accounts_only() -> None:
    door = Door()
    take_quote(door.book, "600000", Quote(99_900, 100_100, 100_000, 7))
    peer = door.peer()
    peer.say(an_order(1))
    peer.answers()
    peer.say(
        wire.Orders(1, "10000001"),
        wire.Positions(2, "10000001"),
        wire.Cash(3, "10000001"),
        wire.Quote(4, "600000"),
        wire.Cash(5, "20000001"),
        wire.Cash(6, "99999999"),
        wire.Quote(7, "999999"),
    )
    orders, positions, cash, quote, *denied = peer.heard()
    assert [row.ord_status for row in orders.orders] == ["A"]
    assert positions.positions[0] == wire.PositionRow("600000", 5_000, 5_000, 0, "50000.00")
    assert cash.cash == "1000000.00"
    assert quote == wire.QuoteState(4, "600000", "10.00", "9.99", "10.01", 7)
    assert [answer.name for answer in denied] == [
        "NOT_YOUR_ACCOUNT",
        "NOT_YOUR_ACCOUNT",
        "SYMBOL_UNKNOWN",
    ]


def test_events_of_own_accounts_by_any_door_are_pushed() -> None:
    door = Door()
    own, other = door.peer("10001"), door.peer("20001")
    own.heard()
    accepted: list[OrderAccepted] = []
    door.sequencer.submit(a_buy("web:1")).addCallback(accepted.append)
    door.settle()
    door.sequencer.submit(a_fill(accepted[0], 2))
    pushed = own.heard()
    assert [event.kind for event in pushed] == ["accepted", "filled"]
    filled = pushed[1]
    assert (filled.last_qty, filled.last_price, filled.leaves_qty) == (100, "10.00", 0)
    assert other.heard() == []


def test_events_missed_are_pushed_after_hello() -> None:
    door = Door()
    peer = door.peer()
    peer.say(an_order(1))
    (seen,) = [message for message in peer.heard() if isinstance(message, wire.OrderEvent)]
    peer.link.closed()
    door.sequencer.submit(a_buy("web:1", qty=300))
    door.settle()
    again = door.peer(greets=False)
    again.say(hello(last_event_seq=seen.event_seq))
    welcome, missed = again.heard()
    assert not welcome.has_missed_events
    assert (missed.kind, missed.event_seq) == ("accepted", welcome.last_event_seq)


def test_events_no_longer_kept_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pushes, "KEPT_MAX", 1)
    door = Door()
    peer = door.peer()
    peer.say(an_order(1), an_order(2), an_order(3))
    first, *_ = [message for message in peer.heard() if isinstance(message, wire.OrderEvent)]
    again = door.peer(greets=False)
    again.say(hello(last_event_seq=first.event_seq))
    welcome, *missed = again.heard()
    assert welcome.has_missed_events
    assert len(missed) == 1


def test_everything_of_a_turn_leaves_in_one_piece() -> None:
    door = Door()
    peer = door.peer()
    peer.say(*(an_order(n) for n in range(1, 11)))
    door.settle()
    assert len(FrameReader(10**6).feed(peer.link.take())) == 20  # answers and pushes
    assert peer.link.take() == b""
