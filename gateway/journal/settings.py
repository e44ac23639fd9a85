"""[journal] in hotline.toml."""

from typing import Annotated

import msgspec


class JournalSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the durable record lies and how it is cut into files."""

    folder: Annotated[
        str,
        msgspec.Meta(description="Folder of the journal, inside the data folder, on a local disk."),
    ] = "journal"
    segment_mib: Annotated[
        int,
        msgspec.Meta(ge=1, le=1024, description="Size at which a new journal file is started."),
    ] = 64
