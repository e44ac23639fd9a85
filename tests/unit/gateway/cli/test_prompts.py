"""`hotline prompts` from a settings file to exit codes."""

import csv
import io
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli.prompts import prompts
from gateway.media.prompts import spoken_pieces
from tests.builders.voice import PROMPTS, a_book


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "hotline.toml"
    path.write_text(f'[gateway]\nconfig_folder = "{PROMPTS.parent}"\n', encoding="utf-8")
    return path


def run(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(prompts, [arguments[0], "--config", str(config), *arguments[1:]])


def test_everything_is_missing_at_first(config: Path) -> None:
    result = run(config, "missing")
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == len(list(spoken_pieces(a_book())))
    assert "zh/word.幺.wav: 幺" in result.stdout


def test_missing_recordings_are_a_failure_where_no_engine_speaks(config: Path) -> None:
    config.write_text(
        config.read_text(encoding="utf-8") + '[phone]\nvoice = { speaker = "none" }\n',
        encoding="utf-8",
    )
    result = run(config, "missing")
    assert result.exit_code == 1
    assert "no engine says them" in result.stderr


def test_what_is_recorded_is_left_out(config: Path, tmp_path: Path) -> None:
    (tmp_path / "zh").mkdir()
    (tmp_path / "zh" / "word.幺.wav").write_bytes(b"")
    assert "word.幺" not in run(config, "missing", "--recorded", str(tmp_path)).stdout
    script = run(config, "script", "--recorded", str(tmp_path), "--missing-only")
    assert "word.幺" not in script.stdout
    assert "word.两" in script.stdout


def test_the_script_can_go_to_a_spreadsheet(config: Path) -> None:
    rows = list(
        csv.DictReader(io.StringIO(run(config, "script", "--language", "en", "--csv").stdout))
    )
    assert {row["file"].partition("/")[0] for row in rows} == {"en"}
    yuan = next(row for row in rows if row["file"] == "en/word.yuan.wav")
    assert (yuan["read"], yuan["hint"]) == ("yuan", "yuan: yoo-EN")


def test_the_script_tells_a_speaker_where_each_text_stands(config: Path) -> None:
    result = run(config, "script", "--language", "zh")
    assert "zh/order.readback_buy.wav" in result.stdout
    assert "open: a value follows" in result.stdout
    assert "minutes of speech" in result.stderr


def test_a_check_names_file_problem_and_remedy_and_fails(config: Path, tmp_path: Path) -> None:
    folder = tmp_path / "studio"
    (folder / "zh").mkdir(parents=True)
    (folder / "zh" / "nothing.wav").write_bytes(b"")
    result = run(config, "check", "--recorded", str(folder))
    assert result.exit_code == 1
    assert "zh/nothing.wav: no prompt or word has this name; see" in result.stdout


def test_a_check_needs_a_folder(config: Path) -> None:
    result = run(config, "check")
    assert result.exit_code == 2
    assert "--recorded, or the setting phone.voice.recorded_path" in result.stderr
