"""The fills of a day's orders, and which execution reports were seen.

ExecID(17) is unique per venue only, so a report is known by its order and its ExecID together.
Not here: cash and shares (risk.core.apply).
"""

from array import array
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import ClassVar

import numpy as np

from risk.book.columns import (
    I32,
    I64,
    ColumnTable,
    Flags,
    Image,
    ImageValue,
    texts_digest,
    texts_image,
    texts_load,
)


class ExecutionColumns:
    """One row per fill."""

    order_row: I32
    older_of_order: I32  # next fill of the order, 0 at the end
    last_qty: I32
    last_px_e4: I64
    cost_e4: I64  # by which the position's cost rose (buy) or fell (sell)
    fees_e4: I64
    transact_ns: I64
    is_busted: Flags


class Executions(ExecutionColumns, ColumnTable[ExecutionColumns]):
    """Fills by dense row and by order and ExecID(17)."""

    COLUMNS: ClassVar[type[ExecutionColumns]] = ExecutionColumns

    def __init__(self, capacity: int = 0) -> None:
        super().__init__(capacity)
        self._key = [""]
        self._seen: dict[str, int] = {}

    def row_of(self, order_row: int, exec_id: str) -> int:
        """Return the row a report led to (a bust: the row of its fill), 0 when it is new."""
        return self._seen.get(f"{order_row} {exec_id}", 0)

    def exec_id(self, row: int) -> str:
        """Return ExecID(17) of a fill."""
        return self._key[row].partition(" ")[2]

    def see(self, order_row: int, exec_id: str, row: int) -> None:
        """Remember that a report of an order led to an execution row."""
        self._seen[f"{order_row} {exec_id}"] = row

    def add(self, order_row: int, exec_id: str) -> int:
        """Add a fill of an order and return its row; the caller writes the figures."""
        row = self.add_row()
        key = f"{order_row} {exec_id}"
        self._key.append(key)
        self._seen[key] = row
        self.at.order_row[row] = order_row
        return row

    def of_order(self, newest: int) -> Iterator[int]:
        """Yield rows from the newest fill of an order to its first."""
        while newest:
            yield newest
            newest = self.at.older_of_order[newest]

    def digest_into(self, digest: blake2b, schema: int) -> None:
        """Feed rows and keys to a hash."""
        super().digest_into(digest, schema)
        texts_digest(digest, self._seen)
        digest.update(array("i", self._seen.values()))

    def image(self, prefix: str) -> Image:
        """Return columns and keys."""
        return (
            super().image(prefix)
            | texts_image(f"{prefix}.key", self._key)
            | texts_image(f"{prefix}.seen", self._seen)
            | {f"{prefix}.seen_row": np.array(list(self._seen.values()), dtype=np.int32)}
        )

    def load(self, prefix: str, image: Mapping[str, ImageValue]) -> None:
        """Take columns and keys of an image."""
        super().load(prefix, image)
        self._key = texts_load(f"{prefix}.key", image)
        rows = image[f"{prefix}.seen_row"]
        assert isinstance(rows, np.ndarray), prefix
        self._seen = dict(zip(texts_load(f"{prefix}.seen", image), rows.tolist(), strict=True))
