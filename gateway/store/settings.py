"""[store]: where the database is and how many threads read it."""

from pathlib import Path
from typing import Annotated

import msgspec


class StoreSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[store] in hotline.toml."""

    file: Annotated[
        str,
        msgspec.Meta(min_length=1, description="SQLite file; relative to the data folder."),
    ] = "store.sqlite"
    read_threads: Annotated[
        int, msgspec.Meta(ge=1, le=32, description="Threads that read; one more thread writes.")
    ] = 2
    busy_timeout_ms: Annotated[
        int,
        msgspec.Meta(
            ge=100, le=60_000, description="How long to wait for another process's write."
        ),
    ] = 5000


def store_url(settings: StoreSettings, data_folder: Path) -> str:
    """Return the SQLAlchemy URL of the store below `data_folder` (an absolute `file` wins)."""
    return f"sqlite:///{(data_folder / settings.file).resolve()}"
