"""The pair index is a dictionary that can be asked many keys at once."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from risk.book.pair_index import PairIndex, pair_key

KEYS = st.integers(1, 2**20).map(lambda n: pair_key(n, n % 7))


@given(st.lists(KEYS, unique=True, max_size=400), st.lists(KEYS, max_size=60))
def test_it_finds_what_a_dict_finds(added: list[int], asked: list[int]) -> None:
    index, oracle = PairIndex(), {key: row for row, key in enumerate(added, start=1)}
    for key, row in oracle.items():
        index.add(key, row)
    every = np.array(added + asked, np.int64)
    assert index.find(every).tolist() == [oracle.get(key, 0) for key in every.tolist()]
    assert [index.get(key) for key in asked] == [oracle.get(key, 0) for key in asked]


def test_filling_at_once_finds_the_same_as_adding() -> None:
    keys = np.unique(np.random.default_rng(1).integers(1, 2**40, 5_000))
    rows = np.arange(1, len(keys) + 1)
    index, one_by_one = PairIndex(), PairIndex()
    index.fill(keys, rows)
    for key, row in zip(keys.tolist(), rows.tolist(), strict=True):
        one_by_one.add(key, row)
    assert (index.find(keys) == rows).all()
    assert (one_by_one.find(keys) == rows).all()
    assert all(index.get(int(key)) == row for key, row in zip(keys[:99], rows[:99], strict=True))
    assert not index.find(keys + 1)[~np.isin(keys + 1, keys)].any()


def test_keys_that_meet_in_one_slot_are_all_found() -> None:
    index = PairIndex()
    _, _, shift, _ = index.columns()
    slot_of = [key * 0x9E3779B97F4A7C15 % 2**64 >> shift for key in range(1, 40_000)]
    crowd = [key for key, slot in enumerate(slot_of, start=1) if slot in (254, 255)][:100]
    for row, key in enumerate(crowd, start=1):
        index.add(key, row)
    assert index.find(np.array(crowd)).tolist() == list(range(1, len(crowd) + 1))
    assert index.nbytes == 256 * 12
