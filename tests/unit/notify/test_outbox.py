"""The outbox: leases, fences, order per recipient, cursor and rows as one."""

import pytest
from sqlalchemy.exc import IntegrityError

from notify.letters import dead_letters, requeue, trace_of_events, trace_of_notice
from notify.notices import NoticeState, Route
from notify.outbox import CursorMoved, Outbox, Settlement
from notify.tables import OutboxVersion, marks, open_outbox
from tests.builders.notices import T0_NS, a_notice

S = 10**9
SMS = Route.SMS


@pytest.fixture
def outbox(tmp_path):
    made = Outbox(open_outbox(tmp_path / "outbox.sqlite"))
    yield made
    made.close()


def claim(outbox, at_s=1, owner="one", limit=10, lease_s=60, attempts_max=5):
    now_ns = T0_NS + at_s * S
    return outbox.claim(SMS, owner, now_ns, now_ns + lease_s * S, limit, attempts_max)


def the_end(claimed, state=NoticeState.SENT, at_s=2, part_ids=("m1",), **changes):
    at_ns = T0_NS + at_s * S
    end = Settlement(claimed.notice_id, claimed.lease_no, state, at_ns, "", part_ids, at_ns, True)
    return end._replace(**changes)


def seqs(found):
    return [one.notice.event_seq for one in found.claimed]


def test_rows_and_cursor_move_together(outbox) -> None:
    outbox.enqueue([a_notice(3)], 0, 5, T0_NS)

    assert outbox.cursor() == 5
    assert [t.event_seq for t in trace_of_events(outbox, [3, 4])] == [3]


def test_a_cursor_that_moved_changes_nothing(outbox) -> None:
    outbox.enqueue([a_notice(3)], 0, 5, T0_NS)

    with pytest.raises(CursorMoved):
        outbox.enqueue([a_notice(4)], 3, 6, T0_NS)

    assert outbox.cursor() == 5
    assert trace_of_events(outbox, [4]) == []


def test_the_same_event_is_never_planned_twice_for_a_route(outbox) -> None:
    outbox.enqueue([a_notice(3)], 0, 5, T0_NS)

    with pytest.raises(IntegrityError):
        outbox.enqueue([a_notice(3)], 5, 6, T0_NS)

    assert outbox.cursor() == 5


def test_one_notice_per_recipient_is_out_at_a_time(outbox) -> None:
    other = {"recipient": "+8613900139000"}
    outbox.enqueue([a_notice(1), a_notice(2), a_notice(3, **other)], 0, 3, T0_NS)

    first = claim(outbox)
    assert seqs(first) == [1, 3]
    assert seqs(claim(outbox)) == []

    outbox.settle([the_end(first.claimed[0])])
    assert seqs(claim(outbox)) == [2]


@pytest.mark.parametrize("state", [NoticeState.WAITING, NoticeState.UNKNOWN])
def test_one_that_waits_to_be_tried_again_holds_back_the_next(outbox, state) -> None:
    outbox.enqueue([a_notice(1), a_notice(2)], 0, 2, T0_NS)
    first = claim(outbox).claimed[0]
    outbox.settle([the_end(first, state, due_ns=T0_NS + 50 * S)])

    waiting = claim(outbox, at_s=10)
    assert seqs(waiting) == []
    assert waiting.next_due_ns == T0_NS + 50 * S
    assert seqs(claim(outbox, at_s=51)) == [1]


def test_a_dead_one_lets_the_next_go(outbox) -> None:
    outbox.enqueue([a_notice(1), a_notice(2)], 0, 2, T0_NS)
    outbox.settle([the_end(claim(outbox).claimed[0], NoticeState.DEAD)])

    assert seqs(claim(outbox)) == [2]


def test_a_lease_keeps_others_off_until_it_ends(outbox) -> None:
    outbox.enqueue([a_notice(1)], 0, 1, T0_NS)
    assert seqs(claim(outbox, owner="one", lease_s=60)) == [1]

    early = claim(outbox, at_s=60, owner="two")
    assert seqs(early) == []
    assert early.next_due_ns == T0_NS + 61 * S
    assert seqs(claim(outbox, at_s=61, owner="two")) == [1]


def test_a_late_end_does_not_touch_what_another_has_taken(outbox) -> None:
    outbox.enqueue([a_notice(1)], 0, 1, T0_NS)
    slow = claim(outbox, owner="one").claimed[0]
    quick = claim(outbox, at_s=100, owner="two").claimed[0]

    assert outbox.settle([the_end(slow, NoticeState.DEAD)]) == [False]
    assert trace_of_notice(outbox, slow.notice_id).state is NoticeState.SENDING
    assert outbox.settle([the_end(quick)]) == [True]


def test_a_restart_under_the_same_name_takes_its_leases_back_at_once(outbox) -> None:
    outbox.enqueue([a_notice(1)], 0, 1, T0_NS)
    claim(outbox, owner="one")

    assert outbox.take_back("two") == 0
    assert outbox.take_back("one") == 1
    assert claim(outbox).claimed[0].attempts == 2


def test_known_parts_are_handed_to_the_next_attempt(outbox) -> None:
    outbox.enqueue([a_notice(1)], 0, 1, T0_NS)
    first = claim(outbox).claimed[0]
    outbox.settle([the_end(first, NoticeState.WAITING, part_ids=("m1", "", "m3"))])

    second = claim(outbox, at_s=3).claimed[0]
    assert second.part_ids == ("m1", "", "m3")
    outbox.settle([the_end(second, part_ids=("m1", "m2", "m3"))])
    assert trace_of_notice(outbox, 1).message_ids == ("m1", "m2", "m3")


def test_an_attempt_that_submitted_nothing_does_not_count(outbox) -> None:
    outbox.enqueue([a_notice(1)], 0, 1, T0_NS)
    for _ in range(10):
        claimed = claim(outbox, attempts_max=2).claimed[0]
        outbox.settle(
            [the_end(claimed, NoticeState.WAITING, at_s=0, part_ids=(), is_attempt=False)]
        )

    assert claimed.attempts == 1


def test_attempts_that_end_in_crashes_count(outbox) -> None:
    outbox.enqueue([a_notice(1)], 0, 1, T0_NS)
    for _ in range(3):
        assert claim(outbox, attempts_max=3).claimed
        outbox.take_back("one")

    last = claim(outbox, attempts_max=3)
    assert (last.claimed, last.died) == ([], 1)
    assert dead_letters(outbox)[0].reason == "attempts_used_up:restarted"


def test_what_is_too_old_dies_with_its_last_reason(outbox) -> None:
    outbox.enqueue([a_notice(1)], 0, 1, T0_NS)

    assert claim(outbox, at_s=3600).died == 1
    (letter,) = dead_letters(outbox)
    assert letter.reason == "expired:"
    assert letter.recipient_tail == "*8000"


def test_a_dead_letter_is_queued_again_with_new_time_and_attempts(outbox) -> None:
    outbox.enqueue([a_notice(1), a_notice(2)], 0, 2, T0_NS)
    claim(outbox, at_s=3600)
    now_ns = T0_NS + 4000 * S

    assert requeue(outbox, [2, 99], now_ns, keep_s=60) == [2]
    assert requeue(outbox, [2], now_ns, keep_s=60) == []  # it is not dead any more
    assert requeue(outbox, None, now_ns, keep_s=60) == [1]
    assert seqs(claim(outbox, at_s=4001)) == [1]


def test_depths_tell_what_waits_and_since_when(outbox) -> None:
    mail = a_notice(1, route=Route.MAIL, recipient="a@b.cn")
    outbox.enqueue([a_notice(1), mail], 0, 1, T0_NS)
    outbox.enqueue([a_notice(2)], 1, 2, T0_NS + 5)
    outbox.settle([the_end(claim(outbox).claimed[0], NoticeState.DEAD)])

    assert outbox.depths() == {Route.SMS: (1, 1, T0_NS + 5), Route.MAIL: (1, 0, T0_NS)}


def test_a_file_of_another_schema_is_refused(tmp_path) -> None:
    file = tmp_path / "outbox.sqlite"
    engine = open_outbox(file)
    with engine.begin() as connection:
        connection.execute(marks.update().where(marks.c.name == "schema_version").values(value=9))
    engine.dispose()

    with pytest.raises(OutboxVersion, match="version 9, this release reads 1"):
        open_outbox(file)
