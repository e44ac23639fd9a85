"""Whatever a caller does: nothing raises, every visit ends, and no order without its own yes."""

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.ivr.visit import Parting, Perform, Phase, Play
from gateway.ivr.wishes import OUTCOMES, Action
from gateway.media.prompts import PromptBook
from risk.domain.reasons import REASONS
from tests.builders.hotline import GOOD, HotlineVisit
from tests.builders.voice import a_book

BOOK: PromptBook = a_book()
FIELDS = ("1", "2", "3", "9", "#", "*", "|", "~", "600000", "10*05#", "200#", "100200300#258036#")
SCRIPTS = st.lists(
    st.one_of(
        st.sampled_from(FIELDS),
        st.text("0123456789*#ABCD|~", max_size=4),
        st.just("1|100200300#258036#|"),
        st.just("1 600000 10*05# 200#|"),
    ),
    max_size=25,
)
OUTCOME_NAMES = st.fixed_dictionaries(
    {action: st.sampled_from(names) for action, names in OUTCOMES.items()}
)


def a_visit(names: dict[Action, str], reason: str, late: bool) -> HotlineVisit:
    values = {**{a: dict(v) for a, (_, v) in GOOD.items()}}
    values[Action.SUBMIT_ORDER]["reason"] = reason
    answers = {action: (name, values[action]) for action, name in names.items()}
    return HotlineVisit(answers, answers_late=late)


@settings(max_examples=400, deadline=None)
@given(
    SCRIPTS,
    OUTCOME_NAMES,
    st.sampled_from([reason.name.lower() for reason in REASONS]),
    st.booleans(),
    st.booleans(),
)
def test_any_caller_is_served_to_an_end(
    scripts: list[str], names: dict[Action, str], reason: str, late: bool, hangs_up: bool
) -> None:
    visit = a_visit(names, reason, late)
    confirmed = 0
    for part in scripts:
        for mark in part:
            before = visit.visit
            orders = len(visit.orders)
            visit.run(mark)
            if len(visit.orders) > orders:
                confirmed += 1
                assert len(visit.orders) == orders + 1
                assert before.state == "order.confirm"
                assert before.phase is Phase.ASKED
                assert mark == "1"
            settle(visit, late)
    check_orders(visit, confirmed)
    check_prompts(visit)
    if hangs_up:
        visit.run("!")
    else:
        for _ in range(40):  # a caller who does nothing any more
            visit.run("|~")
            settle(visit, late)
        assert visit.ended
    assert visit.visit.phase is Phase.ENDED
    assert (visit.visit.keys, visit.visit.secrets) == ("", {})


def settle(visit: HotlineVisit, late: bool) -> None:
    """Give what the gateway and the call centre owe."""
    while late and visit.visit.phase is Phase.WAITS:
        visit.answer(visit.done[-1].action)
    if visit.visit.phase is Phase.QUEUED:
        visit.person(Parting.NO_AGENT)


def check_orders(visit: HotlineVisit, confirmed: int) -> None:
    """Each order has a number of its own, and is what was read back last before it."""
    assert [order.act_no for order in visit.orders] == list(range(1, confirmed + 1))
    readback: Play | None = None
    for effect in visit.effects:
        if isinstance(effect, Play) and effect.prompts[0].key.startswith("order.readback"):
            readback = effect
        if isinstance(effect, Perform) and effect.action is Action.SUBMIT_ORDER:
            assert readback is not None
            heard = readback.prompts[0].values
            fields = ("symbol", "side", "qty", "price", "verified_account_no")
            assert [heard[f] for f in fields] == [effect.values[f] for f in fields]
            readback = None


def check_prompts(visit: HotlineVisit) -> None:
    """Whatever was said exists and had what it needs, but for the figures of reasons."""
    for effect in visit.effects:
        if isinstance(effect, Play):
            for prompt in effect.prompts:
                needed = {slot.name for slot in BOOK.slots(prompt.key)}
                assert prompt.key.startswith("reason.") or needed <= prompt.values.keys()
