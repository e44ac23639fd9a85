"""A batch is cut into runs of neighbours in which no account occurs twice."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from risk.book.columns import NOBODY
from risk.checks.batch import BARRIER, waves

ROWS = st.lists(st.integers(BARRIER, 6), max_size=60)


@given(ROWS)
def test_waves_put_together_are_the_batch(rows: list[int]) -> None:
    assert [row for wave in waves(rows) for row in wave] == rows


@given(ROWS)
def test_no_wave_holds_an_account_twice(rows: list[int]) -> None:
    for wave in waves(rows):
        accounts = [row for row in wave if row not in (NOBODY, BARRIER)]
        assert len(accounts) == len(set(accounts))
        assert BARRIER not in wave or len(wave) == 1


@given(ROWS)
def test_waves_are_as_long_as_they_can_be(rows: list[int]) -> None:
    cut = list(waves(rows))
    for wave, following in pairwise(cut):
        assert BARRIER in (wave[0], following[0]) or following[0] in wave


def test_rows_are_drawn_no_further_than_the_wave_that_is_given() -> None:
    drawn: list[int] = []

    def rows() -> object:
        for row in (1, 2, 1, 3):
            drawn.append(row)
            yield row

    cut = waves(rows())  # type: ignore[arg-type]  # a generator of ints
    assert next(cut) == [1, 2]
    assert drawn == [1, 2, 1]
