"""Reads the rulebook's files: <folder>/markets/*.toml and <folder>/calendars/*.toml.

Not here: what the entries must look like (risk.market.rule_entries, risk.market.calendar_days).
"""

import tomllib
from pathlib import Path
from typing import Final

from risk.domain.errors import ConfigError
from risk.market.rulebook import Rulebook

FILE_BYTES_MAX: Final = 1_000_000
FILES_MAX: Final = 1_000


def load_rulebook(folder: Path) -> Rulebook:
    """Return the rulebook of a configuration folder; ConfigError names file, place and remedy."""
    return Rulebook(_documents(folder, "markets"), _documents(folder, "calendars"))


def _documents(folder: Path, kind: str) -> dict[str, dict[str, object]]:
    paths = sorted((folder / kind).glob("*.toml"))
    if not 0 < len(paths) <= FILES_MAX:
        problem = f"holds {len(paths)} .toml files, must be 1 to {FILES_MAX}"
        raise ConfigError(f"{folder / kind}", problem)
    return {f"{kind}/{path.name}": _document(path) for path in paths}


def _document(path: Path) -> dict[str, object]:
    try:
        size = path.stat().st_size
        if size > FILE_BYTES_MAX:
            raise ConfigError(str(path), f"may have at most {FILE_BYTES_MAX} bytes, was {size}")
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(str(path), f"cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(str(path), f"is no TOML in UTF-8: {error}") from error
