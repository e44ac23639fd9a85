"""Levels are reached by touch, by step, by jump, and by the first price after silence."""

import numpy as np
import pytest

from risk.alerts.watchlist import Watchlist

UP, DOWN = True, False
LEVEL = 100_000


def crossed(watchlist: Watchlist, *prices: tuple[int, int, int]) -> list[int]:
    """Return the rows that (instrument, low, high) prices reach."""
    columns = np.array(prices, np.int64).reshape(-1, 3).T
    return watchlist.crossed(*columns).tolist()


@pytest.mark.parametrize(
    ("is_upward", "low_e4", "high_e4", "is_reached"),
    [
        (UP, 99_999, 99_999, False),
        (UP, 100_000, 100_000, True),  # touched
        (UP, 150_000, 150_000, True),  # jumped over
        (UP, 90_000, 100_000, True),  # touched between two looks
        (DOWN, 100_001, 100_001, False),
        (DOWN, 100_000, 100_000, True),
        (DOWN, 1, 1, True),
        (DOWN, 100_000, 120_000, True),
        (UP, 0, 0, False),  # no price yet
        (DOWN, 0, 0, False),
    ],
)
def test_a_level_is_reached_at_or_beyond_it(is_upward, low_e4, high_e4, is_reached) -> None:
    watchlist = Watchlist()
    watchlist.add(7, 3, is_upward, LEVEL)

    assert crossed(watchlist, (3, low_e4, high_e4)) == ([7] if is_reached else [])
    assert crossed(watchlist, (4, low_e4, high_e4), (500, low_e4, high_e4)) == []


def test_a_jump_reaches_every_level_on_its_way_the_nearest_first() -> None:
    watchlist = Watchlist()
    for row, level in enumerate((105_000, 103_000, 104_000, 103_000), 1):
        watchlist.add(row, 1, UP, level)
        watchlist.add(10 + row, 1, DOWN, level - 10_000)

    assert crossed(watchlist, (1, 100_000, 104_500)) == [2, 4, 3]
    assert crossed(watchlist, (1, 93_500, 94_500)) == [11, 13]
    assert crossed(watchlist, (1, 1, 10**10)) == [2, 4, 3, 1, 11, 13, 12, 14]


def test_a_removed_watch_is_reached_no_more_wherever_it_lay() -> None:
    for gone in (1, 2, 3):
        watchlist = Watchlist()
        for row in (1, 2, 3):
            watchlist.add(row, 1, UP, LEVEL + row)
        watchlist.remove(gone, 1, UP, LEVEL + gone)

        assert crossed(watchlist, (1, LEVEL + 3, LEVEL + 3)) == [r for r in (1, 2, 3) if r != gone]
        near = LEVEL + (2 if gone == 1 else 1)
        assert crossed(watchlist, (1, near - 1, near - 1)) == []
        assert crossed(watchlist, (1, near, near)) == [near - LEVEL]


def test_many_watches_come_and_go_in_bounded_room() -> None:
    watchlist = Watchlist()
    for row in range(1, 10_001):
        watchlist.add(row, 1, UP, row)
        if row > 20:
            watchlist.remove(row - 20, 1, UP, row - 20)

    ladder = watchlist._upward[1]
    assert len(ladder._keys) < 100
    assert crossed(watchlist, (1, 10**6, 10**6)) == list(range(9_981, 10_001))
