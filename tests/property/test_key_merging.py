"""Three sources tell of presses, late, with losses, in any mixture: one press stays one key."""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.media.keys import INFO_WINDOW_S, SOUND_WINDOW_S, KeyMerger, KeySource

SOURCES = tuple(KeySource)
# How late each source may tell a press: within its window of the first that tells it.
LATE_S_MAX = {KeySource.EVENT: 0.4, KeySource.TONE: 0.5, KeySource.INFO: 2.5}


class Told(NamedTuple):
    """A source tells a press of the truth."""

    at_s: float
    source: KeySource
    press_no: int
    key: str


class Day(NamedTuple):
    """The keys pressed, and what is told of them."""

    keys: list[str]
    told: list[Told]


@st.composite
def _days(
    draw: st.DrawFn,
    complete: tuple[KeySource, ...] = (),
    gap_s_min: float = 0.08,
    late_s_max: Mapping[KeySource, float] = LATE_S_MAX,
) -> Day:
    """Draw presses of few keys; each source tells them in their order, some late, some never."""
    keys = draw(st.lists(st.sampled_from("15#"), min_size=1, max_size=12))
    gaps = draw(
        st.lists(st.floats(gap_s_min, gap_s_min + 6.0), min_size=len(keys), max_size=len(keys))
    )
    pressed_s, now_s = [], 0.0
    for gap in gaps:
        now_s += gap
        pressed_s.append(now_s)
    told: list[Told] = []
    seen_by: list[int] = [0] * len(keys)
    for source in SOURCES:
        last_s = 0.0
        for press_no, key in enumerate(keys):
            is_missed = source not in complete and draw(st.booleans())
            late_s = draw(st.floats(0.0, late_s_max[source]))
            if is_missed:
                continue
            # A source never swaps its own presses, but it may catch up.
            last_s = max(last_s, pressed_s[press_no] + late_s)
            told.append(Told(last_s, source, press_no, key))
            seen_by[press_no] += 1
    for press_no, key in enumerate(keys):
        if not seen_by[press_no]:
            told.append(Told(pressed_s[press_no], KeySource.EVENT, press_no, key))
    told.sort(key=lambda t: (t.at_s, t.source, t.press_no))
    in_order: dict[KeySource, int] = {}
    for one in told:  # a press that all missed was given to events: keep their order
        if in_order.get(one.source, -1) > one.press_no:
            return Day([], [])
        in_order[one.source] = one.press_no
    return Day(keys, told)


def merged(told: list[Told]) -> list[str]:
    merger = KeyMerger()
    return [one.key for one in told if merger.press(one.source, one.key, one.at_s)]


@given(_days())
@settings(max_examples=400)
def test_no_press_is_ever_told_twice(day: Day) -> None:
    got = Counter(merged(day.told))
    assert not got - Counter(day.keys)


@given(st.sampled_from(SOURCES).flatmap(lambda source: _days(complete=(source,))))
@settings(max_examples=400)
def test_with_one_source_that_misses_nothing_every_press_is_told_once(day: Day) -> None:
    assert Counter(merged(day.told)) == Counter(day.keys)


@given(_days(gap_s_min=INFO_WINDOW_S + LATE_S_MAX[KeySource.INFO] + 0.01))
@settings(max_examples=200)
def test_slow_presses_are_all_told_whichever_source_saw_them(day: Day) -> None:
    assert merged(day.told) == day.keys


@given(_days(complete=(KeySource.EVENT,), late_s_max={**LATE_S_MAX, KeySource.EVENT: 0.0}))
@settings(max_examples=400)
def test_keys_come_in_the_order_of_the_source_that_is_never_late(day: Day) -> None:
    assert merged(day.told) == day.keys


def naive(told: list[Told]) -> list[str]:
    """Tell a press at the first word of it, knowing which press each word is about."""
    seen: set[int] = set()
    keys: list[str] = []
    for one in told:
        if one.press_no not in seen:
            seen.add(one.press_no)
            keys.append(one.key)
    return keys


@given(_days(complete=SOURCES))
@settings(max_examples=400)
def test_without_losses_the_merger_agrees_with_one_that_knows_the_truth(day: Day) -> None:
    assert merged(day.told) == naive(day.told)


def test_the_windows_hold_what_the_tests_assume() -> None:
    assert LATE_S_MAX[KeySource.TONE] < SOUND_WINDOW_S
    assert LATE_S_MAX[KeySource.INFO] < INFO_WINDOW_S
