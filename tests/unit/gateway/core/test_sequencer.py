"""The sequencer with toy parts: order, release after durable, limits, failure."""

import pytest
from twisted.internet.defer import CancelledError

from gateway.core import sequencer as sequencer_module
from gateway.core.ports import AcceptanceStopped, OutcomeUnknown
from gateway.core.sequencer import BATCH_MAX
from gateway.journal.errors import JournalFailed
from risk.domain.commands import CancelOrder, MoveCash, RecordInbound, SetKillSwitch
from risk.domain.enums import Channel, KillScope
from risk.domain.errors import InvariantBroken
from risk.domain.events import CancelDenied, CommandDenied, Event, OrderAccepted, OrderDenied
from risk.domain.reasons import ReasonCode
from tests.builders.core import NOW_NS, Heart, an_order, answers

DISK_FULL = JournalFailed("No space left on device: free space, then restart")


def test_an_answer_leaves_only_when_its_batch_is_durable() -> None:
    heart = Heart()
    told: list[object] = []
    heart.bus.subscribe("test", told.extend)
    reply = heart.sequencer.submit(an_order())
    answer = answers(reply)
    heart.turn()
    assert heart.step.order_no == 1
    assert answer == [None]
    assert told == []
    heart.journal.commit()
    assert isinstance(answer[0], OrderAccepted)
    assert told == [(1, answer[0])]


def test_commands_of_one_turn_are_one_batch_in_order() -> None:
    heart = Heart()
    orders = [an_order(f"web:{n}") for n in range(5)]
    replies = [heart.sequencer.submit(order) for order in orders]
    answer = answers(*replies)
    heart.settle()
    assert heart.step.batches == [orders]
    assert [event.order_no for event in answer] == [1, 2, 3, 4, 5]  # type: ignore[attr-defined]


def test_more_commands_than_a_batch_may_hold_take_several_turns() -> None:
    heart = Heart()
    for n in range(BATCH_MAX + 10):
        heart.sequencer.submit(an_order(f"web:{n}"))
    heart.settle()
    assert [len(batch) for batch in heart.step.batches] == [BATCH_MAX, 10]


def test_the_next_batch_is_decided_while_the_last_is_being_written() -> None:
    heart = Heart()
    heart.sequencer.submit(an_order("web:1"))
    heart.turn()
    heart.sequencer.submit(an_order("web:2"))
    heart.turn()
    assert len(heart.journal.pending) == 2
    assert heart.step.order_no == 2


def test_event_numbers_run_on_over_commands_with_several_events() -> None:
    heart = Heart(durable_seq=40)
    told: list[tuple[int, Event]] = []
    heart.bus.subscribe("test", told.extend)
    heart.sequencer.submit(MoveCash("op:1", "10000001", 5))
    heart.sequencer.submit(an_order())
    heart.turn()
    heart.sequencer.submit(an_order("web:2"))
    heart.settle()
    assert [seq for seq, _ in told] == [41, 42, 43, 44]
    assert [batch.first_seq for batch in heart.journal.batches] == [41, 44]


def test_a_full_journal_holds_the_next_batch_back() -> None:
    heart = Heart(room=1)
    heart.sequencer.submit(an_order("web:1"))
    heart.turn()
    answer = answers(heart.sequencer.submit(an_order("web:2")))
    heart.turn(3)
    assert len(heart.step.batches) == 1
    heart.settle()
    assert isinstance(answer[0], OrderAccepted)


def test_a_caller_that_hangs_up_does_not_take_its_order_back() -> None:
    heart = Heart()
    reply = heart.sequencer.submit(an_order("web:1"))
    other = heart.sequencer.submit(an_order("web:2"))
    answer = answers(reply, other)
    heart.turn()
    reply.cancel()
    heart.settle()
    assert isinstance(answer[0], CancelledError)
    assert isinstance(answer[1], OrderAccepted)
    assert heart.sequencer.failed is None


def test_while_closed_doors_are_denied_and_venues_are_heard() -> None:
    heart = Heart()
    heart.sequencer.accept(False)
    cancel = CancelOrder("web:2", "10000001", "261122000001", Channel.WEB)
    answer = answers(
        heart.sequencer.submit(an_order()),
        heart.sequencer.submit(cancel),
        heart.sequencer.submit(MoveCash("op:1", "10000001", 5)),
    )
    inbound = answers(heart.sequencer.submit(RecordInbound("GW-SSE:7", "GW-SSE", 7)))
    heart.settle()
    denials = [event.reason for event in answer]  # type: ignore[attr-defined]
    assert [type(event) for event in answer] == [OrderDenied, CancelDenied, CommandDenied]
    assert denials == [ReasonCode.NOT_ACCEPTING] * 3
    assert inbound != [None]
    assert len(heart.step.batches) == 1


def test_a_full_inbox_denies_instead_of_growing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequencer_module, "INBOX_MAX", 2)
    heart = Heart()
    replies = [heart.sequencer.submit(an_order(f"web:{n}")) for n in range(3)]
    answer = answers(*replies)
    assert answer[2].reason is ReasonCode.NOT_ACCEPTING  # type: ignore[attr-defined]
    heart.settle()
    assert isinstance(answer[1], OrderAccepted)


def test_while_orders_are_not_wanted_cancels_are_taken() -> None:
    heart = Heart()
    heart.sequencer.take_orders(False)
    cancel = CancelOrder("web:2", "10000001", "261123000001", Channel.WEB)
    order, _ = answers(heart.sequencer.submit(an_order()), heart.sequencer.submit(cancel))
    assert isinstance(order, OrderDenied)
    assert order.reason is ReasonCode.NOT_ACCEPTING

    heart.sequencer.take_orders(True)
    heart.sequencer.submit(an_order("web:3"))
    heart.settle()
    assert heart.step.batches == [[cancel, an_order("web:3")]]


def test_a_kill_switch_is_taken_when_nothing_else_has_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sequencer_module, "INBOX_MAX", 0)
    heart = Heart()
    switch = SetKillSwitch("ops:1", KillScope.FIRM, "", True, "ops", "flood")
    denied, _ = answers(heart.sequencer.submit(an_order()), heart.sequencer.submit(switch))
    heart.settle()
    assert isinstance(denied, OrderDenied)
    assert heart.step.batches == [[switch]]


def test_a_failed_journal_leaves_what_it_had_unknown_and_the_rest_untaken() -> None:
    heart = Heart(room=1)
    told: list[object] = []
    heart.bus.subscribe("test", told.extend)
    written = heart.sequencer.submit(an_order("web:1"))
    heart.turn()
    repeated = heart.sequencer.submit(an_order("web:1"))
    waiting = heart.sequencer.submit(an_order("web:2"))
    answer = answers(written, repeated, waiting)
    heart.journal.break_down(DISK_FULL)
    later = answers(heart.sequencer.submit(an_order("web:3")))
    assert [type(error) for error in answer] == [
        OutcomeUnknown,
        OutcomeUnknown,
        AcceptanceStopped,
    ]
    assert isinstance(later[0], AcceptanceStopped)
    assert heart.failures == [DISK_FULL]
    assert heart.sequencer.failed is DISK_FULL
    assert not heart.sequencer.accepting
    assert told == []


def test_after_a_failure_nothing_is_decided_any_more() -> None:
    heart = Heart()
    answers(heart.sequencer.submit(an_order("web:1")))
    heart.turn()
    waiting = answers(heart.sequencer.submit(RecordInbound("GW-SSE:7", "GW-SSE", 7)))
    heart.journal.break_down(DISK_FULL)
    heart.turn(3)
    assert len(heart.step.batches) == 1
    assert isinstance(waiting[0], AcceptanceStopped)


def test_a_bug_in_the_step_stops_the_heart() -> None:
    def broken(commands: object, now_ns: int) -> list[list[Event]]:
        raise ZeroDivisionError

    heart = Heart(step=broken)
    answer = answers(heart.sequencer.submit(an_order()))
    with pytest.raises(ZeroDivisionError):
        heart.turn()
    assert isinstance(answer[0], AcceptanceStopped)
    assert isinstance(heart.sequencer.failed, InvariantBroken)
    assert heart.journal.batches == []


def test_a_command_without_events_is_a_bug() -> None:
    heart = Heart(step=lambda commands, now_ns: [[] for _ in commands])
    answers(heart.sequencer.submit(an_order()))
    with pytest.raises(InvariantBroken):
        heart.turn()
    assert heart.sequencer.failed is not None


def test_drained_fires_when_everything_taken_is_released() -> None:
    heart = Heart()
    heart.sequencer.submit(an_order())
    fired: list[None] = []
    heart.sequencer.drained().addCallback(fired.append)
    heart.turn()
    assert fired == []
    heart.journal.commit()
    assert fired == [None]


def test_events_carry_the_wall_clock_of_their_turn() -> None:
    heart = Heart()
    answer = answers(heart.sequencer.submit(an_order()))
    heart.settle()
    assert answer[0].at_ns == NOW_NS  # type: ignore[attr-defined]
