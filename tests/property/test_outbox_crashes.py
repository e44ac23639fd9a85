"""Kill the sender at every statement, commit and send: nothing is lost, nothing planned twice."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event
from twisted.internet.defer import Deferred

from notify.notices import NoticeState, NoticeTrace, Route
from notify.transports.memory import MemoryTransport
from notify.transports.port import Outcome, Outgoing
from tests.builders.notices import (
    AContact,
    JournalStub,
    MovingClock,
    a_cancel,
    a_fill,
    a_rejection,
    an_accepted,
    an_edge,
)

LIVES_MAX = 5
BATCHES = [
    [an_accepted(), a_fill(leaves_qty=100)],
    [a_fill(exec_id="E2"), a_fill(account_no="20000002", exec_id="E3")],
    [an_accepted(), a_rejection(), a_cancel(account_no="20000002")],
]
TOLD = [2, 3, 4, 6, 7]
MOBILES = {"10000001": "+8613800138000", "20000002": "+8613900139000"}


class Killed(BaseException):
    """The process is gone."""


class Fate:
    """Counts steps over all lives and kills at the chosen ones."""

    def __init__(self, kills: list[int]) -> None:
        self.kills = set(kills)
        self.steps = 0
        self.is_dead = False

    def step(self, *_: object, **__: object) -> None:
        self.steps += 1
        self.is_dead = self.is_dead or self.steps in self.kills
        if self.is_dead:
            raise Killed

    def watch(self, engine: Engine) -> None:
        event.listen(engine, "before_cursor_execute", self.step)
        event.listen(engine, "commit", self.step)


class FarEnd(MemoryTransport):
    """Outlives the sender; a send has a step before and after it arrives."""

    def __init__(self, fate: Fate) -> None:
        super().__init__(Route.SMS, window=2)
        self.fate = fate

    async def send(self, message: Outgoing) -> Outcome:
        self.fate.step()
        outcome = await super().send(message)
        self.fate.step()
        return outcome


def one_life(folder: Path, journal: JournalStub, far_end: FarEnd, fate: Fate) -> bool:
    """Run until all is told or the kill comes; returns whether it survived."""
    fate.is_dead = False
    clock = MovingClock()
    edge = an_edge(
        folder,
        journal,
        clock,
        [far_end],
        contact_of=lambda account_no: AContact(mobile=MOBILES[account_no]),
        unknown_wait_s=1,
    )
    fate.watch(edge._outbox.engine)
    Deferred.fromCoroutine(edge.start()).addErrback(lambda _: None)
    for batch in BATCHES[journal.batches :]:
        if fate.is_dead:
            break
        journal.batches += 1  # durable before it is published
        edge.on_events(journal.append(*batch))
        clock.advance(0.1)
    for _ in range(4):
        clock.advance(3)
    edge._outbox.engine.dispose()
    return not fate.is_dead


def traces(folder: Path, journal: JournalStub) -> list[NoticeTrace]:
    edge = an_edge(folder, journal, MovingClock(), [])
    found: list[NoticeTrace] = []
    Deferred.fromCoroutine(edge.trace_of_events(range(1, 100))).addCallback(found.extend)
    edge._outbox.close()
    return found


def live_and_check(kills: list[int]) -> int:
    """Live as often as it takes with these kills, check what must hold; returns the steps."""
    fate, journal = Fate(kills), JournalStub()
    journal.batches = 0
    far_end = FarEnd(fate)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lives = 1
        while not one_life(folder, journal, far_end, fate):
            lives += 1
            assert lives <= LIVES_MAX
        found = traces(folder, journal)
    assert [(t.event_seq, t.state) for t in found] == [(seq, NoticeState.SENT) for seq in TOLD]
    arrived = [int(message.message_key.split(".")[0]) for message in far_end.messages]
    assert set(arrived) == set(TOLD)
    assert len(arrived) - len(TOLD) <= (lives - 1) * far_end.window
    assert max(map(arrived.count, TOLD)) <= lives
    for mobile in MOBILES.values():
        firsts = list(
            dict.fromkeys(
                int(message.message_key.split(".")[0])
                for message in far_end.messages
                if message.recipient == mobile
            )
        )
        assert firsts == sorted(firsts)
    return fate.steps


def test_a_kill_at_any_step_loses_nothing_and_plans_nothing_twice() -> None:
    steps = live_and_check([])
    assert steps > 50
    for kill in range(1, steps + 1):
        live_and_check([kill])


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 120), min_size=2, max_size=3, unique=True))
def test_kills_in_a_row_lose_nothing_either(kills: list[int]) -> None:
    live_and_check(kills)
