"""The watchlist finds what a loop over all alerts finds, however it came to hold them."""

from dataclasses import dataclass, field

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.alerts.watchlist import Watchlist

INSTRUMENTS = st.sampled_from([1, 2, 3, 15, 16, 40])  # more than fit at first
LEVELS = st.integers(1, 6) | st.integers(1, 10**10)
Watch = tuple[int, int, bool, int]


@dataclass
class Loop:
    """Every watch in one list."""

    watches: list[Watch] = field(default_factory=list)

    def reached(self, low: dict[int, int], high: dict[int, int]) -> list[int]:
        """Return the rows reached by prices between low and high of each instrument."""
        return [
            row
            for row, instrument, is_upward, level in self.watches
            if low.get(instrument, 0) > 0
            and (high[instrument] >= level if is_upward else low[instrument] <= level)
        ]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), INSTRUMENTS, st.booleans(), LEVELS, st.integers(1, 30)),
        st.tuples(st.just("remove"), st.integers(0, 10**6)),
        st.tuples(
            st.just("look"),
            st.dictionaries(INSTRUMENTS | st.just(120), st.tuples(LEVELS, LEVELS)),
            st.booleans(),
        ),
        st.tuples(st.just("restore")),
    ),
    max_size=60,
)


@settings(max_examples=300, deadline=None)
@given(STEPS)
def test_a_batch_of_prices_reaches_what_a_loop_says(steps: list[tuple]) -> None:
    watchlist, loop, last_row = Watchlist(), Loop(), 0
    for step in steps:
        if step[0] == "add":
            _, instrument, is_upward, level, count = step
            for _ in range(count):
                last_row += 1
                watchlist.add(last_row, instrument, is_upward, level)
                loop.watches.append((last_row, instrument, is_upward, level))
        elif step[0] == "remove" and loop.watches:
            watchlist.remove(*loop.watches.pop(step[1] % len(loop.watches)))
        elif step[0] == "restore":
            watchlist = restored(loop.watches)
        elif step[0] == "look":
            look(watchlist, loop, step[1], is_unknown=step[2])
        assert watchlist.watches() == set(loop.watches)


def look(
    watchlist: Watchlist, loop: Loop, prices: dict[int, tuple[int, int]], is_unknown: bool
) -> None:
    """Try prices; take what was reached off watch, front first, as alerts that fire go."""
    low = {row: min(pair) for row, pair in prices.items()}
    high = {row: max(pair) for row, pair in prices.items()}
    if is_unknown and low:
        low[next(iter(low))] = high[next(iter(low))] = 0  # an instrument without a price
    rows = watchlist.crossed(
        *(np.array(list(x), np.int64) for x in (low, low.values(), high.values()))
    )
    assert sorted(rows.tolist()) == sorted(loop.reached(low, high))
    by_row = {watch[0]: watch for watch in loop.watches}
    for row in rows.tolist():
        watchlist.remove(*by_row[row])
        loop.watches.remove(by_row[row])


def restored(watches: list[Watch]) -> Watchlist:
    """Return a watchlist filled all at once."""
    watchlist = Watchlist()
    columns = [np.array([watch[i] for watch in watches]) for i in range(4)]
    row, instrument, is_upward, level = columns
    watchlist.fill(
        row.astype(np.int64),
        instrument.astype(np.int64),
        is_upward.astype(np.bool_),
        level.astype(np.int64),
    )
    return watchlist
