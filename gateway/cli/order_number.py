"""Which order a person means: its number of a trading day, or its ClOrdID(11).

Not here: what is then told of it (`hotline replay`, `hotline evidence`).
"""

from typing import Final

import click

from gateway.journal.storage import Storage
from gateway.journal.story import last_day

CL_ORD_ID_DIGITS: Final = 12


def cl_ord_id_of(storage: Storage, said: str, day: int | None, name: str, hint: str = "") -> str:
    """Return the ClOrdID of what was `said` as `name`; `day` is yyyymmdd, None the last one.

    Raises click.UsageError, which ends with `hint`.
    """
    if not (said.isascii() and said.isdigit() and len(said) <= CL_ORD_ID_DIGITS):
        raise click.UsageError(
            f"{name}: must be a number or a ClOrdID of digits, was {said!r}{hint}"
        )
    if len(said) == CL_ORD_ID_DIGITS:
        return said
    return f"{(day or last_day(storage)) % 1_000_000:06d}{int(said):06d}"
