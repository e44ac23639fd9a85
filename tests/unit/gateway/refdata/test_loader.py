from datetime import date

import pytest

from gateway.refdata.loader import FILE_BYTES_MAX, load_rulebook
from risk.domain.errors import ConfigError
from tests.builders.rulebooks import CONFIG


@pytest.fixture
def folder(tmp_path):
    for kind in ("markets", "calendars"):
        (tmp_path / kind).mkdir()
        for path in (CONFIG / kind).glob("*.toml"):
            (tmp_path / kind / path.name).write_bytes(path.read_bytes())
    return tmp_path


def test_the_rulebook_of_a_folder_is_read(folder):
    assert load_rulebook(folder).on(date(2026, 7, 6)) is not None


def test_a_folder_without_files_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"markets: holds 0 \.toml files"):
        load_rulebook(tmp_path)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"tick = [", "is no TOML"),
        (b"\xff", "is no TOML"),
        (b"#" * (FILE_BYTES_MAX + 1), "may have at most"),
    ],
)
def test_a_file_that_is_no_toml_is_refused_by_name(folder, content, problem):
    (folder / "markets" / "sse.toml").write_bytes(content)

    with pytest.raises(ConfigError, match=rf"sse\.toml: {problem}"):
        load_rulebook(folder)


def test_a_file_that_cannot_be_read_is_refused_by_name(folder):
    (folder / "markets" / "sse.toml").unlink()
    (folder / "markets" / "sse.toml").mkdir()

    with pytest.raises(ConfigError, match=r"sse\.toml: cannot be read"):
        load_rulebook(folder)


def test_the_message_of_a_wrong_entry_begins_with_its_file(folder):
    path = folder / "markets" / "sse.toml"
    path.write_text(path.read_text("utf-8").replace("tick_e4 = 100", "tick_e4 = 0"), "utf-8")

    with pytest.raises(ConfigError, match=r"^markets/sse\.toml\.tick\[0\]\.tick_e4: must be"):
        load_rulebook(folder)
