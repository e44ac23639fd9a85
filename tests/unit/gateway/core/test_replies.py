"""The first outcome of a request_id answers every repeat."""

import pytest

from gateway.core import replies as replies_module
from gateway.core.replies import Replies
from gateway.journal.codec import pack_event, unpack_event
from risk.domain.commands import CancelOrder, Command, MoveCash, RecordInbound, StartDay
from risk.domain.enums import Channel, Side
from risk.domain.events import CancelDenied, CommandDenied, Event, OrderAccepted, OrderDenied
from risk.domain.reasons import ReasonCode
from tests.builders.core import Heart, an_order, answers

CANCEL = CancelOrder("web:1", "10000001", "261122000001", Channel.WEB)


def outcome(heart: Heart, command: Command) -> Event:
    answer = answers(heart.sequencer.submit(command))
    heart.settle()
    assert isinstance(answer[0], tuple)
    return answer[0]  # type: ignore[return-value]


def test_a_repeat_gets_the_first_outcome_and_is_not_decided_again() -> None:
    heart = Heart()
    first = outcome(heart, an_order())
    assert outcome(heart, an_order()) == first
    assert len(heart.step.batches) == 1


def test_a_repeat_of_a_denied_order_is_denied_the_same() -> None:
    heart = Heart()
    first = outcome(heart, an_order(qty=150))
    assert isinstance(first, OrderDenied)
    assert outcome(heart, an_order(qty=150)) == first


def test_a_repeat_while_the_first_is_in_flight_waits_for_it() -> None:
    heart = Heart()
    answer = answers(*(heart.sequencer.submit(an_order()) for _ in range(3)))
    heart.turn()
    assert answer == [None] * 3
    heart.journal.commit()
    assert isinstance(answer[0], OrderAccepted)
    assert answer[1:] == [answer[0]] * 2
    assert len(heart.journal.batches[0].commands) == 1


def test_a_repeat_that_came_another_way_is_still_the_same() -> None:
    heart = Heart()
    first = outcome(heart, an_order())
    assert outcome(heart, an_order(trace_id="t2", entered_ns=99)) == first


@pytest.mark.parametrize(
    "changed",
    [{"qty": 200}, {"price_e4": 100_600}, {"side": Side.SELL}, {"account_no": "10000002"}],
)
def test_another_body_under_the_same_request_id_is_denied(changed: dict[str, object]) -> None:
    heart = Heart()
    first = outcome(heart, an_order())
    reused = outcome(heart, an_order(**changed))
    assert isinstance(reused, OrderDenied)
    assert reused.reason is ReasonCode.REQUEST_ID_REUSED
    assert outcome(heart, an_order()) == first


def test_another_kind_of_command_under_the_same_request_id_is_denied_in_its_own_words() -> None:
    heart = Heart()
    outcome(heart, an_order("web:1"))
    cancel = outcome(heart, CANCEL)
    move = outcome(heart, MoveCash("web:1", "10000001", 5))
    assert isinstance(cancel, CancelDenied)
    assert isinstance(move, CommandDenied)
    assert {cancel.reason, move.reason} == {ReasonCode.REQUEST_ID_REUSED}


def test_reuse_is_denied_while_the_first_is_in_flight_too() -> None:
    heart = Heart()
    heart.sequencer.submit(an_order())
    answer = answers(heart.sequencer.submit(an_order(qty=200)))
    assert answer[0].reason is ReasonCode.REQUEST_ID_REUSED  # type: ignore[attr-defined]


def test_venue_reports_are_never_taken_for_repeats() -> None:
    heart = Heart()
    for _ in range(2):
        outcome(heart, RecordInbound("GW-SSE:7", "GW-SSE", 7))
    assert [len(batch) for batch in heart.step.batches] == [1, 1]


def test_a_denial_for_not_accepting_is_not_remembered() -> None:
    heart = Heart()
    heart.sequencer.accept(False)
    outcome(heart, an_order())
    heart.sequencer.accept(True)
    assert isinstance(outcome(heart, an_order()), OrderAccepted)


def test_repeats_are_answered_also_while_closed() -> None:
    heart = Heart()
    first = outcome(heart, an_order())
    heart.sequencer.accept(False)
    assert outcome(heart, an_order()) == first


def test_find_tells_durable_pending_and_unseen_requests_apart() -> None:
    heart = Heart()
    first = outcome(heart, an_order("web:1"))
    heart.sequencer.submit(an_order("web:2"))
    known, pending = heart.sequencer.find("web:1"), heart.sequencer.find("web:2")
    assert known is not None
    assert pending is not None
    answer = answers(known, pending)
    assert answer == [first, None]
    heart.settle()
    assert answer[1].request_id == "web:2"  # type: ignore[attr-defined]
    assert heart.sequencer.find("web:3") is None


def test_the_table_rebuilt_from_recorded_commands_answers_alike() -> None:
    heart = Heart()
    first = outcome(heart, an_order("web:1"))
    second = outcome(heart, an_order("web:2", qty=150))
    later = Heart()
    for batch in heart.journal.batches:
        for command, events in zip(batch.commands, batch.events, strict=True):
            later.replies.settle(command, events[0])
    assert outcome(later, an_order("web:1")) == first
    assert outcome(later, an_order("web:2", qty=150)) == second
    assert later.step.batches == []


def test_an_image_of_the_table_answers_alike() -> None:
    heart = Heart()
    first = outcome(heart, an_order("web:1"))
    outcome(heart, StartDay("op:1", 20261123))
    second = outcome(heart, an_order("web:2"))
    later = Heart()
    later.replies.load(heart.replies.image())
    assert outcome(later, an_order("web:1")) == first
    assert outcome(later, an_order("web:2")) == second


def test_the_last_day_is_kept_whole_and_of_days_before_only_the_newest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(replies_module, "EARLIER_REPLIES_MAX", 2)
    heart = Heart()
    for n in range(4):
        outcome(heart, an_order(f"web:{n}"))
    outcome(heart, StartDay("op:1", 20261123))
    for n in range(4, 8):
        outcome(heart, an_order(f"web:{n}"))
    assert all(heart.sequencer.find(f"web:{n}") for n in range(8))

    outcome(heart, StartDay("op:2", 20261124))
    kept = [n for n in range(8) if heart.sequencer.find(f"web:{n}")]
    assert kept == [2, 3, 4, 5, 6, 7]


def test_a_day_too_full_to_remember_denies_rather_than_forgets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(replies_module, "DAY_REPLIES_MAX", 2)
    heart = Heart()
    for n in range(2):
        outcome(heart, an_order(f"web:{n}"))
    full = outcome(heart, an_order("web:2"))
    assert isinstance(full, OrderDenied)
    assert full.reason is ReasonCode.NOT_ACCEPTING
    assert isinstance(outcome(heart, an_order("web:0")), OrderAccepted)


def test_outcomes_are_kept_as_bytes_the_collector_need_not_walk() -> None:
    replies = Replies(pack_event, unpack_event)
    replies.settle(an_order(), CommandDenied(1, "web:1", ReasonCode.NOT_ACCEPTING, {}))
    assert [type(stored) for _, stored in replies.image()["today"]] == [bytes]
