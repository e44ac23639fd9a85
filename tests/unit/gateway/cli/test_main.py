"""The command line: every command explains itself; mistakes name the remedy and the exit code."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli.main import COMMANDS, EXIT_CONFIG, hotline
from gateway.cli.settings import template_lines

ROOT = Path(__file__).parents[4]


def _hotline(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "gateway.cli.main", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str) -> None:
    done = CliRunner().invoke(hotline, [name, "--help"])

    assert done.exit_code == 0, done.output
    assert f"{name}" in done.output.splitlines()[0]


def test_unknown_command_is_a_usage_error() -> None:
    assert CliRunner().invoke(hotline, ["nothing"]).exit_code == 2


def test_wrong_configuration_ends_with_78_and_names_all_of_it(tmp_path: Path) -> None:
    file = tmp_path / "hotline.toml"
    file.write_text("[journal]\nsegment_mib = 0\nfoldr = 'x'\n", encoding="utf-8")

    done = _hotline("settings", "--config", str(file))

    assert done.returncode == EXIT_CONFIG
    assert "journal.foldr: is not a setting; did you mean folder?" in done.stderr
    assert "journal.segment_mib: Expected `int` >= 1" in done.stderr


def test_shipped_settings_file_holds_the_defaults(tmp_path: Path) -> None:
    lines, is_row = [], False  # a row of a list of tables is an example, and stays a comment
    for line in template_lines():
        is_row = line.startswith("#[[") or (is_row and line != "")
        lines.append(line.removeprefix("#") if " = " in line and not is_row else line)
    file = tmp_path / "all.toml"
    file.write_text("\n".join(lines), encoding="utf-8")

    done = _hotline("settings", "--config", str(file), "journal")

    assert done.returncode == 0, done.stderr
    assert f'journal.folder = "journal"  ({file})' in done.stdout


def test_shipped_settings_file_shows_what_stands_in_a_row_of_a_list() -> None:
    lines = list(template_lines())
    at = lines.index("#[[sip.trunks]]")
    assert lines[at + 1 : at + 3] == [
        "# Short name, for logs, metrics and call records. Needed.",
        '#name = ""',
    ]
    assert "#calls_max = 30" in lines[at:]


@pytest.mark.parametrize(("day", "limit_bp"), [("2026-07-03", 500), ("2026-07-06", 1000)])
def test_rules_of_a_past_day_are_told_with_their_source(day: str, limit_bp: int) -> None:
    arguments = ["rules", "--config-dir", str(ROOT / "config"), "--board", "SSE_MAIN"]
    done = CliRunner().invoke(hotline, [*arguments, "--status", "RISK_WARNING", day])

    assert done.exit_code == 0, done.output
    assert f"limit_bp = {limit_bp}" in done.output
    assert "SSE trading rules" in done.output


def test_rules_outside_the_calendar_say_what_it_covers() -> None:
    arguments = ["rules", "--config-dir", str(ROOT / "config"), "--board", "SSE_MAIN"]
    done = CliRunner().invoke(hotline, [*arguments, "1999-01-04"])

    assert done.exit_code == 2
    assert "must lie in the calendars, 2023-01-01 to" in done.output


@pytest.mark.parametrize(
    ("url", "told", "exit_code"),
    [
        ("127.0.0.1:8080", "--url: must begin with http:// or https://, was '127.0.0.1:8080'", 2),
        ("http://127.0.0.1:1", "does not answer (", 1),
        ("http://[", "does not answer (", 1),
    ],
)
def test_an_order_to_a_wrong_address_says_so(url: str, told: str, exit_code: int) -> None:
    done = CliRunner().invoke(
        hotline, ["order", "--url", url, "--account", "1", "--password", "x", "list"]
    )

    assert done.exit_code == exit_code, done.output
    assert told in done.output


def test_run_without_a_data_folder_says_to_init(tmp_path: Path) -> None:
    file = tmp_path / "hotline.toml"
    file.write_text(f'[gateway]\ndata_folder = "{tmp_path}/none"\n', encoding="utf-8")

    done = _hotline("run", "--config", str(file))

    assert done.returncode == EXIT_CONFIG
    assert "run `hotline init`" in done.stderr
    assert not (tmp_path / "none").exists()


def test_init_keeps_others_out_of_a_folder_that_was_there(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    file = tmp_path / "hotline.toml"
    file.write_text(f'[gateway]\ndata_folder = "{data}"\n', encoding="utf-8")

    done = _hotline("init", "--config", str(file))

    assert done.returncode == 0, done.stderr
    assert data.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    taken = tmp_path / "file"
    taken.touch()
    file = tmp_path / "hotline.toml"
    file.write_text(f'[gateway]\ndata_folder = "{taken}/data"\n', encoding="utf-8")

    done = _hotline("init", "--config", str(file))

    assert done.returncode == 1
    assert done.stderr == (
        f"hotline: system: {taken}/data: Not a directory: check path and rights\n"
    )


def test_a_venue_whose_port_is_taken_says_so_and_ends(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        done = _hotline("venue", f"--port={port}", f"--folder={tmp_path}")

    assert done.returncode == 1
    assert f"hotline: venue.port_taken: port {port}: Address already in use" in done.stderr
    assert "Traceback" not in done.stderr


def test_far_ends_whose_port_is_taken_say_so_and_end(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ports = [f"--smpp-port={taken.getsockname()[1]}", "--smtp-port=0"]

        done = _hotline("farends", *ports, f"--kept={tmp_path}/made/messages.jsonl")

    assert done.returncode == 1
    assert "Address already in use" in done.stderr
    assert "stop what uses the port" in done.stderr
    assert "traceback" not in done.stderr


def test_doctor_looks_after_trunks_and_passwords(tmp_path: Path) -> None:
    file = tmp_path / "hotline.toml"
    phones = "".join(
        f'[[sip.phones]]\nusername = "{name}"\npassword_file = "{name}.txt"\n'
        for name in ("8001", "8002", "8003")
    )
    file.write_text(
        f'[gateway]\ndata_folder = "{tmp_path}"\n[sip]\nlisten_host = "0.0.0.0"\n'
        f'advertised_host = "192.0.2.10"\nlisten_port = 0\n{phones}',
        encoding="utf-8",
    )
    for name, mode in (("8001", 0o600), ("8002", 0o644)):
        (tmp_path / f"{name}.txt").write_text("s3cret\n")
        (tmp_path / f"{name}.txt").chmod(mode)

    told = CliRunner().invoke(hotline, ["doctor", "--config", str(file)]).output

    assert "FIX   trunks: none\n      nobody outside can call: name the carrier" in told
    assert f"  ok  password of sip.phones.8001: {tmp_path}/8001.txt\n" in told
    assert f"others may read it: chmod 600 {tmp_path}/8002.txt" in told
    assert f"{tmp_path}/8003.txt cannot be read (No such file or directory)" in told
    assert "s3cret" not in told


def test_doctor_names_what_is_missing(tmp_path: Path) -> None:
    file = tmp_path / "hotline.toml"
    file.write_text(f'[gateway]\ndata_folder = "{tmp_path}/none"\n', encoding="utf-8")

    done = CliRunner().invoke(hotline, ["doctor", "--config", str(file)])

    assert done.exit_code == 1
    assert f"data folder: {tmp_path}/none is missing" in done.output
    assert "run `hotline init`" in done.output
