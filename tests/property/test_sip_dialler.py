"""Calls over several trunks under random answers, silence and hang-ups: one far end at most."""

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.sip.dialled_call import DialledCall
from tests.builders.dialler import Carriers, an_exit

STATUSES = (200, 200, 100, 180, 183, 404, 408, 486, 500, 503, 603)

REPLY = st.tuples(st.integers(0, 2), st.sampled_from(STATUSES))  # who of those asked says what
WAIT = st.sampled_from([4.1, 4.1, 0.6, 33.0, 70.0])
STEP = st.one_of(REPLY, REPLY, REPLY, WAIT, WAIT, st.just("hang up"))


class Exchange:
    """Carriers that answer what they were sent, and who of them believes to be in the call."""

    def __init__(self) -> None:
        exits = (an_exit("a", priority=1), an_exit("b", priority=1), an_exit("c", priority=2))
        self.carriers = Carriers(*exits)
        self.asked: set[str] = set()  # has an INVITE and has not given its last word
        self.talking: set[str] = set()  # has said 200, was acknowledged and not hung up
        self.answered: set[str] = set()

    def look(self) -> None:
        """See what was sent."""
        for said in self.carriers.sent_to():
            name, word = said.split()
            if word == "INVITE" and name not in self.answered:
                self.asked.add(name)
            elif word == "ACK" and name in self.answered:
                self.talking.add(name)
            elif word == "BYE":
                self.talking.discard(name)
                self.answered.discard(name)
                self.carriers.reply(name, 200, "BYE")
            elif word == "CANCEL":
                self.carriers.reply(name, 200, "CANCEL")

    def reply(self, at: int, status: int) -> None:
        if not self.asked:
            return
        name = sorted(self.asked)[at % len(self.asked)]
        if status >= 200:
            self.asked.discard(name)
        if status == 200:
            self.answered.add(name)
        self.carriers.reply(name, status)


@settings(max_examples=300)
@given(steps=st.lists(STEP, max_size=14), picks=st.lists(st.integers(0, 1), max_size=3))
def test_at_most_one_far_end_talks_and_nothing_is_left_behind(
    steps: list[tuple[int, int] | float | str], picks: list[int]
) -> None:
    exchange = Exchange()
    carriers = exchange.carriers
    carriers.picks = picks
    call: DialledCall = carriers.place()
    exchange.look()
    for step in steps:
        if isinstance(step, float):
            carriers.advance(step, step=0.3)
        elif isinstance(step, tuple):
            exchange.reply(*step)
        else:
            call.hangup()
        exchange.look()
        assert len(exchange.talking) <= 1
        if "answered" in carriers.told and not call.is_closed:
            assert exchange.talking == {call.trunk}
        if call.is_closed:
            assert exchange.talking == set()
        assert carriers.told.count("answered") <= 1
    call.hangup()
    exchange.look()
    while exchange.asked:
        exchange.reply(0, 487)
    carriers.advance(100, step=1.0)
    exchange.look()
    carriers.advance(100, step=1.0)
    assert call.is_closed
    assert sum(word in ("refused", "no_answer", "cancelled", "local_bye")
               or word.endswith("_unacceptable") for word in carriers.told) == 1  # fmt: skip
    assert [trunk.lines_used for trunk in carriers.trunks] == [0, 0, 0]
    assert carriers.agent.call_count == 0
    assert len(carriers.agent.transactions) == 0
    assert carriers.clock.getDelayedCalls() == []
