"""Columns are declared once, grow by doubling, and read as arrays or as cells."""

from hashlib import blake2b
from typing import ClassVar

import numpy as np
import pytest

from risk.book.columns import (
    CAPACITY_MIN,
    I64,
    ColumnTable,
    Flags,
    declared_dtypes,
    texts_image,
    texts_load,
)


class PetColumns:
    """Two columns."""

    age_ns: I64
    is_cat: Flags


class Pets(PetColumns, ColumnTable[PetColumns]):
    """A table of them."""

    COLUMNS: ClassVar[type[PetColumns]] = PetColumns


def digest(table: Pets) -> bytes:
    """Return the hash of a table."""
    found = blake2b()
    table.digest_into(found, 1)
    return found.digest()


def test_annotations_declare_the_columns() -> None:
    assert declared_dtypes(PetColumns) == {"age_ns": np.int64, "is_cat": np.bool_}


def test_cells_and_arrays_are_the_same_memory_also_after_growth() -> None:
    pets = Pets()
    for row in range(1, 3 * CAPACITY_MIN):
        assert pets.add_row() == row
        pets.at.age_ns[row] = row
    pets.age_ns[5] = 500
    assert pets.at.age_ns[5] == 500
    assert type(pets.at.age_ns[5]) is int
    assert pets.at.is_cat[5] is False
    assert pets.age_ns[: pets.count].sum() == sum(range(3 * CAPACITY_MIN)) + 495
    assert pets.capacity == 4 * CAPACITY_MIN


def test_the_hash_covers_the_rows_in_use_and_nothing_else() -> None:
    pets, others = Pets(), Pets(1_000)
    assert digest(pets) == digest(others)
    pets.age_ns[10] = 7  # not in use
    assert digest(pets) == digest(others)
    pets.at.is_cat[pets.add_row()] = True
    others.add_row()
    assert digest(pets) != digest(others)


def test_an_image_brings_a_table_back() -> None:
    pets, others = Pets(), Pets()
    pets.at.age_ns[pets.add_row()] = 9
    others.load("pets", pets.image("pets"))
    assert digest(others) == digest(pets)
    others.at.age_ns[others.add_row()] = 1
    assert others.count == 3


def test_an_image_whose_columns_differ_is_refused() -> None:
    image = Pets().image("pets") | {"pets.age_ns": np.zeros(9, np.int64)}
    with pytest.raises(AssertionError, match="differ"):
        Pets().load("pets", image)


@pytest.mark.parametrize("texts", [[], [""], ["a", "", "银行", "\n\x01", "\udc80"]])
def test_any_text_survives_an_image(texts: list[str]) -> None:
    assert texts_load("t", texts_image("t", texts)) == texts


def test_nbytes_are_those_of_the_rows_in_use() -> None:
    assert Pets().nbytes == 9
