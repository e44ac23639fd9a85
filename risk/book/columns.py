"""A table as a structure of arrays that grows by doubling; row 0 is nobody.

A column is declared once, as an annotation of the columns class. Each has two faces over the
same memory: `table.cash_e4` is a NumPy array for the vectorised checks, `table.at.cash_e4` a
memoryview whose cells read as Python integers, two to three times cheaper one at a time.
Not here: what a column means (the modules of each table).
"""

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any, ClassVar, Final, Generic, TypeVar, get_type_hints

import numpy as np
import numpy.typing as npt

I8 = npt.NDArray[np.int8]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
ImageValue = npt.NDArray[Any] | bytes | int
Image = dict[str, ImageValue]
_DTYPES: Final[tuple[tuple[object, type[np.generic]], ...]] = (
    (I8, np.int8),
    (I32, np.int32),
    (I64, np.int64),
    (Flags, np.bool_),
)

NOBODY: Final = 0  # row of what does not exist: all columns zero, never written
CAPACITY_MIN: Final = 64

ColumnsT = TypeVar("ColumnsT")


def declared_dtypes(columns: type) -> dict[str, type[np.generic]]:
    """Return dtype by column name, read from annotations such as `qty: I64`.

    By alias, not by its parts: how an NDArray is made up differs between NumPy versions.
    """
    dtypes: dict[str, type[np.generic]] = {}
    for name, hint in get_type_hints(columns).items():
        for alias, dtype in _DTYPES:
            if hint == alias:
                dtypes[name] = dtype
    return dtypes


class ColumnTable(Generic[ColumnsT]):
    """Columns of one table, `count` rows in use. Subclasses also inherit their columns class.

    `at` has the declared columns as memoryviews. Rows are never freed: a table is dropped whole.
    `SINCE` says which schema of the book added a column, where that was not the first.
    """

    COLUMNS: ClassVar[type[Any]]
    SINCE: ClassVar[Mapping[str, int]] = {}

    def __init__(self, capacity: int = CAPACITY_MIN) -> None:
        self.dtypes = declared_dtypes(self.COLUMNS)
        self.at: ColumnsT = self.COLUMNS()
        self.count = 1
        self.capacity = 0
        self.reserve(max(capacity, CAPACITY_MIN))

    def reserve(self, capacity: int) -> None:
        """Make room for `capacity` rows in all, the present ones kept."""
        if capacity <= self.capacity:
            return
        for name, dtype in self.dtypes.items():
            grown = np.zeros(capacity, dtype=dtype)
            if self.capacity:
                grown[: self.count] = getattr(self, name)[: self.count]
            self._put(name, grown)
        self.capacity = capacity

    def add_row(self) -> int:
        """Take the next row, all zero."""
        row = self.count
        if row == self.capacity:
            self.reserve(self.capacity * 2)
        self.count = row + 1
        return row

    def digest_into(self, digest: "blake2b", schema: int) -> None:
        """Feed the rows in use to a hash, with the columns that the book had in that schema."""
        digest.update(self.count.to_bytes(8, "little"))
        for name in self.dtypes:
            if self.SINCE.get(name, 1) <= schema:
                digest.update(getattr(self, name)[: self.count].data)

    def image(self, prefix: str) -> Image:
        """Return copies of the columns in use, named `prefix.column`."""
        return {
            f"{prefix}.{name}": getattr(self, name)[: self.count].copy() for name in self.dtypes
        }

    def load(self, prefix: str, image: Mapping[str, ImageValue]) -> None:
        """Take the columns of an image. Raises KeyError for a missing column."""
        parts = {name: image[f"{prefix}.{name}"] for name in self.dtypes}
        columns = {name: part for name, part in parts.items() if isinstance(part, np.ndarray)}
        counts = {len(column) for column in columns.values()}
        assert len(columns) == len(parts), f"{prefix}: a column is no array"
        assert len(counts) == 1, f"{prefix}: columns differ in length"
        self.count = counts.pop()
        self.capacity = max(self.count + self.count // 4, CAPACITY_MIN)  # no growth at once
        for name, dtype in self.dtypes.items():
            full = np.zeros(self.capacity, dtype=dtype)
            full[: self.count] = columns[name]
            self._put(name, full)

    @property
    def nbytes(self) -> int:
        """Bytes of the columns' rows in use."""
        return sum(np.dtype(dtype).itemsize for dtype in self.dtypes.values()) * self.count

    def _put(self, name: str, column: npt.NDArray[Any]) -> None:
        setattr(self, name, column)
        setattr(self.at, name, column.data)


def texts_image(prefix: str, texts: Iterable[str]) -> Image:
    """Return texts as one blob and their lengths: any character may occur in a text."""
    parts = list(texts)
    lengths = np.fromiter(map(len, parts), dtype=np.int64, count=len(parts))
    return {
        f"{prefix}.text": "".join(parts).encode("utf-8", "surrogatepass"),
        f"{prefix}.length": lengths,
    }


def texts_load(prefix: str, image: Mapping[str, ImageValue]) -> list[str]:
    """Return the texts of `texts_image`."""
    blob, lengths = image[f"{prefix}.text"], image[f"{prefix}.length"]
    assert isinstance(blob, bytes), prefix
    assert isinstance(lengths, np.ndarray), prefix
    whole = blob.decode("utf-8", "surrogatepass")
    ends = np.cumsum(lengths).tolist()
    return [whole[end - size : end] for end, size in zip(ends, lengths.tolist(), strict=True)]


def texts_digest(digest: "blake2b", texts: Iterable[str]) -> None:
    """Feed texts to a hash."""
    for part in texts_image("", texts).values():
        assert not isinstance(part, int)
        digest.update(part.data if isinstance(part, np.ndarray) else part)
