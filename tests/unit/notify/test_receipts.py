"""Receipts find their part: early, late, repeated, in another spelling, by our reference."""

import pytest

from notify.letters import trace_of_notice
from notify.notices import NoticeState, ReceiptState, Route
from notify.outbox import Outbox, Settlement
from notify.receipts import STRAYS_MAX, id_variants, overall, record_late_answer, record_receipt
from notify.tables import open_outbox, strays
from notify.transports.port import LateAnswer, Receipt, part_reference
from tests.builders.notices import T0_NS, a_notice

R = ReceiptState
MOBILE = "8613800138000"


def a_receipt(message_id="m1", state=R.DELIVERED, **changes) -> Receipt:
    return Receipt(message_id, MOBILE, state, "000", 0, T0_NS + 9)._replace(**changes)


class Box(Outbox):
    """An outbox whose one notice was claimed."""

    def begin(self) -> "Box":
        self.enqueue([a_notice(1)], 0, 1, T0_NS)
        (self.claimed,) = self.claim(Route.SMS, "one", T0_NS, T0_NS + 10, 1, 9).claimed
        return self

    def sent(self, *part_ids: str, state=NoticeState.SENT) -> None:
        self.settle(
            [
                Settlement(
                    self.claimed.notice_id,
                    self.claimed.lease_no,
                    state,
                    T0_NS + 1,
                    "",
                    part_ids,
                    T0_NS + 1,
                    True,
                )
            ]
        )

    def receive(self, receipt: Receipt):
        with self.engine.begin() as connection:
            return record_receipt(connection, receipt)

    def answer_late(self, *answer):
        with self.engine.begin() as connection:
            return record_late_answer(connection, LateAnswer(1, *answer), T0_NS + 5)

    @property
    def trace(self):
        return trace_of_notice(self, 1)


@pytest.fixture
def box(tmp_path):
    made = Box(open_outbox(tmp_path / "outbox.sqlite")).begin()
    yield made
    made.close()


def test_a_receipt_closes_the_evidence(box) -> None:
    box.sent("m1")

    matched = box.receive(a_receipt())

    assert matched == (1, R.DELIVERED, True, T0_NS + 1)
    assert (box.trace.receipt_state, box.trace.receipt_ns) == (R.DELIVERED, T0_NS + 9)


def test_a_receipt_before_the_answer_is_kept_and_applied(box) -> None:
    assert box.receive(a_receipt()) is None
    assert box.trace.receipt_state is None

    box.sent("m1")

    assert box.trace.receipt_state is R.DELIVERED
    with box.reading() as connection:
        assert connection.execute(strays.select()).all() == []


def test_a_repeated_receipt_tells_nothing_new(box) -> None:
    box.sent("m1")
    assert box.receive(a_receipt()) is not None
    assert box.receive(a_receipt(at_ns=T0_NS + 99)) is None
    assert box.trace.receipt_ns == T0_NS + 9


@pytest.mark.parametrize(
    ("states", "last"),
    [
        ([R.ENROUTE, R.DELIVERED], R.DELIVERED),
        ([R.DELIVERED, R.ENROUTE], R.DELIVERED),
        ([R.DELIVERED, R.EXPIRED], R.DELIVERED),  # the first final state stands
        ([R.UNKNOWN, R.UNDELIVERABLE], R.UNDELIVERABLE),
        ([R.ACCEPTED, R.ENROUTE], R.ACCEPTED),
    ],
)
def test_a_state_is_never_replaced_by_one_that_says_less(box, states, last) -> None:
    box.sent("m1")
    for state in states:
        box.receive(a_receipt(state=state))
    assert box.trace.receipt_state is last


@pytest.mark.parametrize(
    ("answered", "receipted"),
    [("0000001A", "26"), ("1a", "0000000026"), ("26", "1A"), ("1A", "1a"), ("ab-1", "ab-1")],
)
def test_ids_match_across_hexadecimal_and_decimal(box, answered, receipted) -> None:
    box.sent(answered)
    assert box.receive(a_receipt(receipted)) is not None


def test_an_id_of_another_recipient_does_not_match(box) -> None:
    box.sent("1A")
    assert box.receive(a_receipt("26", recipient="8613900139000")) is None
    assert box.receive(a_receipt("1A", recipient="8613900139000")) is None
    assert box.trace.receipt_state is None


def test_a_message_is_delivered_when_every_part_is(box) -> None:
    box.sent("m1", "m2")
    assert box.receive(a_receipt("m2")) is None
    assert box.trace.receipt_state is None
    assert box.receive(a_receipt("m1")).is_complete


def test_one_lost_part_fails_the_message(box) -> None:
    box.sent("m1", "m2")
    box.receive(a_receipt("m1", R.UNDELIVERABLE))
    box.receive(a_receipt("m2"))
    assert box.trace.receipt_state is R.UNDELIVERABLE


def test_a_receipt_settles_an_unknown_outcome_by_our_reference(box) -> None:
    box.sent("", state=NoticeState.UNKNOWN)

    box.receive(a_receipt("777", reference=part_reference(1, 0)))

    assert box.trace.state is NoticeState.SENT
    assert box.trace.message_ids == ("777",)
    assert box.trace.receipt_state is R.DELIVERED


def test_a_late_answer_settles_an_unknown_outcome(box) -> None:
    box.sent("m1", "", state=NoticeState.UNKNOWN)
    assert box.answer_late(1, 2, "m2") is True
    assert box.trace.state is NoticeState.SENT
    assert box.trace.message_ids == ("m1", "m2")


def test_a_late_answer_of_some_parts_leaves_the_rest_to_be_sent(box) -> None:
    box.sent("", "", state=NoticeState.UNKNOWN)
    assert box.answer_late(1, 2, "m2") is False
    assert box.trace.state is NoticeState.UNKNOWN


def test_an_early_receipt_and_a_late_answer_meet(box) -> None:
    box.sent("", state=NoticeState.UNKNOWN)
    box.receive(a_receipt("m1"))
    box.answer_late(0, 1, "m1")
    assert (box.trace.state, box.trace.receipt_state) == (NoticeState.SENT, R.DELIVERED)


def test_strays_are_bounded(box) -> None:
    with box.engine.begin() as connection:
        row = a_receipt()._asdict() | {"message_id": "x"}
        rows = [row | {"message_id": f"x{number}"} for number in range(STRAYS_MAX + 5)]
        connection.execute(strays.insert(), rows)
        record_receipt(connection, a_receipt("one more"))
        assert len(connection.execute(strays.select()).all()) == STRAYS_MAX


@pytest.mark.parametrize(
    ("message_id", "variants"),
    [
        ("1A", {"1A", "1a", "26", "0000000026", "0000001A"}),
        ("26", {"26", "1a", "1A", "0000001a", "0000001A", "38", "0000000038", "00000026"}),
        ("ab-1", {"ab-1"}),
        ("", {""}),
        ("１２", {"１２"}),
    ],
)
def test_other_spellings_of_an_id(message_id, variants) -> None:
    assert set(id_variants(message_id)) == variants


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([], None),
        ([0], None),
        ([2, 2], R.DELIVERED),
        ([2, 0], None),
        ([5, 0], R.UNDELIVERABLE),
        ([2, 1], R.ENROUTE),
    ],
)
def test_the_state_of_a_message_from_its_parts(states, expected) -> None:
    assert overall(states) is expected
