"""Lives of a gateway on a faulty disk: every acknowledged answer stays true, nothing happens twice.

Each life recovers, is asked everything again and dies at a failing call; the disk keeps any part
of what was not synced. The oracle is the list of answers that callers got.
"""

import errno

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock

from gateway.core.bus import Bus
from gateway.core.replies import Replies
from gateway.core.sequencer import Sequencer
from gateway.journal.codec import pack_event, unpack_event
from gateway.journal.memory_storage import MemoryStorage
from gateway.journal.reader import events_after
from gateway.journal.recovery import recover
from gateway.journal.segment import open_end
from gateway.journal.verify import verify
from gateway.journal.writer import GroupWriter
from risk.domain.commands import (
    Command,
    RecordPinChange,
    RemoveAlert,
    RequestStatement,
    SetAlert,
)
from risk.domain.enums import AlertKind, Channel, StatementForm
from risk.domain.events import Event, OrderAccepted, OrderDenied
from risk.domain.service_events import AlertSet, PinChanged
from tests.builders.heart import ACCOUNTS, SETUP, Morning, a_buy, step_of
from tests.builders.journal import InlineJournal

ORDERS: list[Command] = [
    a_buy(
        f"web:{n}", ACCOUNTS[n % 3], qty=100 * (n + 1) if n % 5 else 150, price_e4=100_000 + n * 100
    )
    for n in range(24)
]
SERVICE: list[Command] = [
    *(
        SetAlert(f"phone:a{n}", ACCOUNTS[n % 3], "600000", kind, 90_000 + n * 1_000, Channel.PHONE)
        for n, kind in enumerate([*AlertKind] * 6)
    ),
    *(RemoveAlert(f"phone:r{n}", ACCOUNTS[n % 3], n + 1, Channel.PHONE) for n in range(3)),
    *(RequestStatement(f"phone:s{no}", no, StatementForm.MAIL, Channel.PHONE) for no in ACCOUNTS),
    *(RecordPinChange(f"pin:{no}", no, Channel.PHONE, 7) for no in ACCOUNTS),
]


def live(
    storage: MemoryStorage, now_ns: Morning, asked: list[Command], per_turn: int
) -> dict[str, Event]:
    """Recover, submit `asked` some per turn; return the answers that callers got."""
    replies = Replies(pack_event, unpack_event)
    opened = open_end(storage)
    recovered = recover(storage, replies)
    assert recovered.end == opened.end
    clock = Clock()
    sequencer = Sequencer(
        step_of(recovered.book),
        InlineJournal(GroupWriter(storage, opened, 3_000)),
        Bus(opened.end.next_event_seq - 1),
        replies,
        clock,
        now_ns,
        lambda error: None,
    )
    sequencer.accept(True)
    answers: dict[str, Event] = {}
    for number, command in enumerate(asked):
        reply = sequencer.submit(command)
        reply.addCallbacks(
            lambda event, key=command.request_id: answers.update({key: event}), lambda _: None
        )
        if number % per_turn == 0:
            clock.advance(0)
    clock.advance(0)
    return answers


@settings(max_examples=60, deadline=None)
@given(
    deaths=st.lists(st.tuples(st.integers(5, 60), st.floats(0, 1)), min_size=1, max_size=4),
    per_turn=st.integers(1, 9),
)
def test_every_acknowledged_answer_survives_and_nothing_happens_twice(
    deaths: list[tuple[int, float]], per_turn: int
) -> None:
    now_ns = Morning()
    everything = [*SETUP, *ORDERS, *SERVICE]
    disk = MemoryStorage()
    acknowledged: dict[str, Event] = {}
    for failing_call, kept_part in deaths:
        dying = MemoryStorage(lambda call_no, _, at=failing_call: errno.EIO if call_no >= at else 0)
        for name in disk.names():
            dying.put(name, disk.read(name))
        try:
            answers = live(dying, now_ns, everything, per_turn)
        except OSError:
            answers = {}
        for request_id, event in answers.items():
            assert acknowledged.setdefault(request_id, event) == event
        disk = dying.after_power_cut(
            lambda _, synced, written, part=kept_part: synced + int((written - synced) * part)
        )
    answers = live(disk, now_ns, everything, per_turn)
    assert set(answers) == {command.request_id for command in everything}
    assert {key: answers[key] for key in acknowledged} == acknowledged
    decided = [
        event.request_id
        for _, event in events_after(disk)
        if isinstance(event, OrderAccepted | OrderDenied)
    ]
    assert sorted(decided) == sorted(command.request_id for command in ORDERS)
    numbers = [event.alert_no for _, event in events_after(disk) if isinstance(event, AlertSet)]
    assert numbers == list(range(1, 13))  # each alert once
    told = [event for _, event in events_after(disk) if isinstance(event, PinChanged)]
    assert sorted(event.account_no for event in told) == sorted(ACCOUNTS)
    again = live(disk, now_ns, everything, per_turn)
    assert again == answers
    verify(disk)
