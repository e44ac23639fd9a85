"""The pepper is made once, is the owner's alone, and its loss is told with the remedy."""

from pathlib import Path

import pytest

from gateway.app.keys import make_pepper, pepper_file, read_pepper
from risk.domain.errors import ConfigError


def test_pepper_is_made_once_for_the_owner_only(tmp_path: Path) -> None:
    make_pepper(tmp_path)
    first = read_pepper(tmp_path)
    make_pepper(tmp_path)

    assert read_pepper(tmp_path) == first
    assert len(first) == 32
    assert pepper_file(tmp_path).stat().st_mode & 0o777 == 0o600


def test_missing_pepper_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="run `hotline init`, or restore it"):
        read_pepper(tmp_path)


def test_cut_pepper_is_not_used(tmp_path: Path) -> None:
    make_pepper(tmp_path)
    pepper_file(tmp_path).write_bytes(b"short")

    with pytest.raises(ConfigError, match="must hold 32 bytes, was 5"):
        read_pepper(tmp_path)
