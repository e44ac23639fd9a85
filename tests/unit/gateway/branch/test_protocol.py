"""One branch connection, bytes in and bytes out, over the real book."""

from typing import Any

import msgspec
import pytest
from twisted.internet.task import Clock

from gateway.branch import pushes, wire
from gateway.branch.frames import ANSWER_BYTES_MAX, REQUEST_BYTES_MAX, FrameReader, framed
from gateway.branch.protocol import HELLO_S_MAX, INVALID_MAX, REPLY_S_MAX, BranchLink
from gateway.branch.pushes import Pushes
from gateway.branch.settings import BranchSettings
from gateway.core.bus import Bus
from gateway.core.queries import Queries
from gateway.core.replies import Replies
from gateway.core.sequencer import Sequencer
from gateway.journal.codec import pack_event, unpack_event
from gateway.journal.errors import JournalFailed
from risk.book.account_book import AccountBook
from risk.book.prices import Quote
from risk.book.views import take_quote
from risk.domain.commands import StartDay
from risk.domain.events import OrderAccepted
from tests.builders.branch import an_order, hello
from tests.builders.core import HeldJournal
from tests.builders.heart import DAY, SETUP, Morning, a_buy, a_fill, step_of

SETTINGS = BranchSettings(in_flight_max=3, heartbeat_s=10)


class Door:
    """A heart and links to it; every turn is committed unless the disk is held."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.now_ns = Morning()
        self.book = AccountBook()
        self.journal = HeldJournal()
        self.bus = Bus()
        self.sequencer = Sequencer(
            step_of(self.book),
            self.journal,
            self.bus,
            Replies(pack_event, unpack_event),
            self.clock,
            self.now_ns,
            lambda error: None,
        )
        self.sequencer.accept(True)
        self.queries = Queries(self.book, self.sequencer)
        self.pushes = Pushes(self.queries.branch_of, self.bus.durable_seq)
        self.bus.subscribe("branch", self.pushes.on_events)
        for command in SETUP:
            self.sequencer.submit(command)
        self.settle()

    def settle(self) -> None:
        """Decide and commit what was submitted."""
        self.clock.advance(0)
        self.journal.commit()

    def peer(self, branch_code: str = "10001", greets: bool = True) -> "Peer":
        """Return a new connection of a branch."""
        peer = Peer(self, branch_code)
        if greets:
            peer.say(hello(branch_code))
            assert isinstance(peer.heard()[0], wire.Welcome)
        return peer


class Peer:
    """The branch's end of a link."""

    def __init__(self, door: Door, branch_code: str) -> None:
        self.wakes = 0
        self.door = door
        self.link = BranchLink(
            branch_code,
            door.sequencer,
            door.queries,
            door.pushes,
            SETTINGS,
            door.clock,
            door.now_ns,
            self._wake,
        )
        self._frames = FrameReader(ANSWER_BYTES_MAX)

    def _wake(self) -> None:
        self.wakes += 1

    def say(self, *messages: Any) -> None:
        """Send messages in one piece."""
        self.link.receive(framed(wire.encode(message) for message in messages))

    def heard(self) -> list[Any]:
        """Return the messages that came, let pending turns happen first."""
        self.door.settle()
        return [wire.decode_answer(frame) for frame in self._frames.feed(self.link.take())]

    def answers(self) -> list[Any]:
        """Return what was heard but pushes."""
        return [message for message in self.heard() if not isinstance(message, wire.OrderEvent)]


def raw(message: Any, **changed: object) -> dict[str, object]:
    """Return a message as a map, changed."""
    return {**msgspec.msgpack.decode(wire.encode(message)), **changed}


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


@pytest.mark.parametrize(
    ("first", "code", "told"),
    [
        (raw(hello(), version=2, shiny=True), "branch.wrong_version", "must be 1, was 2"),
        (raw(hello(), version="x" * 99), "branch.wrong_version", "must be 1, was 'xxx"),
        (raw(hello("20001")), "branch.wrong_certificate", "is of 10001, hello said 20001"),
        (raw(hello(), extra=1), "branch.hello_expected", "unknown field `extra`"),
        (raw(an_order(1)), "branch.hello_expected", "must be hello"),
        (7, "branch.hello_expected", "must be hello"),
    ],
)
def test_a_wrong_hello_is_refused_with_its_remedy(first: object, code: str, told: str) -> None:
    peer = Door().peer(greets=False)
    peer.say(first)
    (refused,) = peer.heard()
    assert refused.code == code
    assert told in refused.text
    assert peer.link.is_over


def test_an_invalid_request_is_answered_and_others_go_on() -> None:
    peer = Door().peer()
    peer.say(raw(an_order(1), extra=1), raw(wire.Cash(9, "10000001"), account_no="x"), an_order(2))
    answers = peer.answers()
    assert [type(answer) for answer in answers] == [wire.Invalid, wire.Invalid, wire.Accepted]
    assert (answers[0].client_seq, answers[1].query_no) == (1, 9)
    assert "unknown field `extra`" in answers[0].text
    assert "account_no" in answers[1].text


def test_too_many_invalid_requests_end_the_connection() -> None:
    peer = Door().peer()
    peer.say(*[{"type": "junk"}] * (INVALID_MAX + 1))
    answers = peer.heard()
    assert len(answers) == INVALID_MAX + 1
    assert answers[-1].code == "branch.too_many_invalid"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (framed([b"\xc1\xc1"]), "must be a msgpack map"),
        (framed([msgspec.msgpack.encode([1, 2])]), "must be a msgpack map"),
        (framed([b""]), "must be a msgpack map"),
        ((REQUEST_BYTES_MAX + 1).to_bytes(4, "big"), "16384 bytes, was 16385"),
        (b"GET / HTTP/1.1\r\n\r\n", "16384 bytes, was"),
    ],
)
def test_bytes_that_are_no_message_end_the_connection(data: bytes, told: str) -> None:
    peer = Door().peer()
    peer.say(an_order(1))
    peer.link.receive(data)
    refused = next(answer for answer in peer.heard() if isinstance(answer, wire.Refused))
    assert refused.code == "branch.wire"
    assert told in refused.text
    peer.say(an_order(2))
    assert peer.heard() == []


def test_what_was_asked_before_garbage_is_still_carried_out() -> None:
    door = Door()
    peer = door.peer()
    peer.link.receive(framed([wire.encode(an_order(1)), b"\xc1"]))
    door.settle()
    again = door.peer()
    again.say(an_order(1))
    assert isinstance(again.answers()[0], wire.Accepted)
    assert door.book.orders.count == 2


def test_a_connection_with_too_much_unanswered_is_full_until_answers_leave() -> None:
    door = Door()
    peer = door.peer()
    peer.say(an_order(1), an_order(2))
    assert not peer.link.is_full
    peer.say(an_order(3))
    assert peer.link.is_full
    door.settle()
    assert not peer.link.is_full


def test_silence_brings_a_heartbeat_then_the_end() -> None:
    door = Door()
    peer = door.peer()
    for _ in range(10):
        door.clock.advance(1)
        peer.link.tick()
    assert peer.heard() == [wire.Heartbeat()]
    for _ in range(25):
        door.clock.advance(1)
        peer.link.tick()
    assert peer.heard()[-1].code == "branch.silent"


def test_a_heartbeat_keeps_the_connection() -> None:
    door = Door()
    peer = door.peer()
    for _ in range(100):
        door.clock.advance(1)
        peer.say(wire.Heartbeat())
        peer.link.tick()
        peer.link.take()
    assert not peer.link.is_over


def test_hello_must_come_in_time() -> None:
    door = Door()
    peer = door.peer(greets=False)
    door.clock.advance(HELLO_S_MAX + 0.1)
    peer.link.tick()
    assert peer.heard()[0].code == "branch.hello_late"


def test_an_outcome_that_takes_too_long_is_unknown_and_comes_later() -> None:
    door = Door()
    peer = door.peer()
    peer.say(an_order(1))
    door.clock.advance(REPLY_S_MAX)
    peer.link.tick()
    late = [wire.decode_answer(frame) for frame in FrameReader(10**6).feed(peer.link.take())]
    unknown = [message for message in late if isinstance(message, wire.Failed)]
    assert [(failed.client_seq, failed.is_unknown) for failed in unknown] == [(1, True)]
    assert isinstance(peer.answers()[0], wire.Accepted)


def test_a_failed_disk_makes_pending_requests_unknown_and_closes_the_door() -> None:
    door = Door()
    peer = door.peer()
    peer.say(an_order(1))
    door.clock.advance(0)
    door.journal.break_down(JournalFailed("No space left on device"))
    (failed,) = peer.answers()
    assert (failed.client_seq, failed.is_unknown) == (1, True)
    assert failed.code == "core.outcome_unknown"
    peer.say(an_order(2))
    (refused,) = peer.answers()
    assert refused.code == "branch.closing"


def test_while_not_accepting_orders_are_denied() -> None:
    door = Door()
    peer = door.peer()
    door.sequencer.accept(False)
    peer.say(an_order(1))
    assert peer.answers()[0].name == "NOT_ACCEPTING"


def test_everything_of_a_turn_leaves_in_one_piece() -> None:
    door = Door()
    peer = door.peer()
    peer.say(*(an_order(n) for n in range(1, 11)))
    door.settle()
    assert len(FrameReader(10**6).feed(peer.link.take())) == 20  # answers and pushes
    assert peer.link.take() == b""
