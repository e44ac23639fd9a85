"""Secrets of the data folder: made once by `hotline init`, readable by the owner only.

Not here: certificates of the branch door (gateway.branch.certificates).
"""

import os
import secrets
from pathlib import Path
from typing import Final

from risk.domain.errors import ConfigError

PEPPER_BYTES: Final = 32


def pepper_file(data_folder: Path) -> Path:
    """Return where the key of all stored PINs and passwords lies. Losing it voids them all."""
    return data_folder / "keys" / "pepper"


def make_pepper(data_folder: Path) -> None:
    """Make the pepper unless there is one: it never changes."""
    file = pepper_file(data_folder)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not file.exists():
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(secrets.token_bytes(PEPPER_BYTES))
            out.flush()
            os.fsync(out.fileno())


def read_pepper(data_folder: Path) -> bytes:
    """Return the pepper; raises ConfigError that says to run `hotline init`."""
    file = pepper_file(data_folder)
    try:
        pepper = file.read_bytes()
    except OSError as e:
        raise ConfigError(str(file), f"{e.strerror}: run `hotline init`, or restore it") from e
    if len(pepper) != PEPPER_BYTES:
        raise ConfigError(str(file), f"must hold {PEPPER_BYTES} bytes, was {len(pepper)}: restore")
    return pepper
