"""Settings are read strictly, all problems at once, each with its path and remedy."""

from pathlib import Path
from typing import Annotated

import msgspec
import pytest

from gateway.settings import MASK, ConfigProblems, load
from risk.domain.errors import ConfigError


class _Journal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    folder: Annotated[Path, msgspec.Meta(description="Folder of the segments.")] = Path("journal")
    commit_delay_ms: Annotated[int, msgspec.Meta(ge=0, le=50, description="Wait.")] = 1
    admin_password: str = ""


class _Shape(msgspec.Struct, frozen=True, kw_only=True):
    journal: _Journal = _Journal()


def _file(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "hotline.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_environment_wins_over_file_and_file_over_default(tmp_path: Path) -> None:
    file = _file(tmp_path, "[journal]\ncommit_delay_ms = 2\nfolder = 'here'\n")

    loaded = load(_Shape, file, {"HOTLINE__JOURNAL__COMMIT_DELAY_MS": "3", "OTHER": "x"})

    assert loaded.value.journal == _Journal(commit_delay_ms=3, folder=Path("here"))
    sources = {row.path: row.source for row in loaded.explain()}
    assert sources == {
        "journal.folder": str(file),
        "journal.commit_delay_ms": "environment HOTLINE__JOURNAL__COMMIT_DELAY_MS",
        "journal.admin_password": "default",
    }


def test_all_problems_are_told_at_once_with_path_value_and_remedy(tmp_path: Path) -> None:
    file = _file(
        tmp_path,
        "top = 1\n[journal]\ncomit_delay_ms = 2\ncommit_delay_ms = 99\n[jurnal]\n",
    )

    with pytest.raises(ConfigProblems) as caught:
        load(_Shape, file, {})

    told = {problem.path: problem.problem for problem in caught.value.problems}
    assert set(told) == {"top", "jurnal", "journal.comit_delay_ms", "journal.commit_delay_ms"}
    assert told["jurnal"] == "is not a section; did you mean journal?"
    assert told["journal.comit_delay_ms"] == (
        f"is not a setting; did you mean commit_delay_ms? ({file})"
    )
    assert "<= 50" in told["journal.commit_delay_ms"]
    assert "was 99" in told["journal.commit_delay_ms"]


def test_secret_is_masked(tmp_path: Path) -> None:
    loaded = load(_Shape, None, {"HOTLINE__JOURNAL__ADMIN_PASSWORD": "hunter2"})

    shown = {row.path: row.value for row in loaded.explain()}

    assert shown["journal.admin_password"] == MASK


def test_a_secret_of_digits_is_a_text_and_a_wrong_one_is_not_shown(tmp_path: Path) -> None:
    loaded = load(_Shape, None, {"HOTLINE__JOURNAL__ADMIN_PASSWORD": "12345"})
    file = _file(tmp_path, "[journal]\nadmin_password = 54321\n")

    with pytest.raises(ConfigProblems) as caught:
        load(_Shape, file, {})

    assert loaded.value.journal.admin_password == "12345"
    assert "54321" not in str(caught.value)


def test_a_problem_names_the_variable_it_came_by() -> None:
    with pytest.raises(ConfigProblems, match=r"\(environment HOTLINE__JOURNAL__COMMIT_DELAY_MS\)"):
        load(_Shape, None, {"HOTLINE__JOURNAL__COMMIT_DELAY_MS": "soon"})


@pytest.mark.parametrize("text", ["[journal", "\x00", "a = "])
def test_unreadable_file_names_the_file(tmp_path: Path, text: str) -> None:
    file = _file(tmp_path, text)

    with pytest.raises(ConfigError, match=r"hotline\.toml: is not TOML"):
        load(_Shape, file, {})


def test_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(_Shape, tmp_path / "none.toml", {})
