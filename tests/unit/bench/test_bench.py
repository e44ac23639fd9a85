"""The benchmark harness runs what it is asked for and writes what it prints."""

import json
from pathlib import Path

import pytest

from tests.bench import bench
from tests.bench.bench import Row, benchmark, best_of, run_all


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> dict[str, bench.Benchmark]:
    """An empty registry and no files to import."""
    found: dict[str, bench.Benchmark] = {}
    monkeypatch.setattr(bench, "REGISTRY", found)
    monkeypatch.setattr(bench, "load_all", lambda only: None)
    return found


def test_rows_are_printed_and_written_with_their_extras(
    registry: dict[str, bench.Benchmark], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    benchmark("walk_1")(lambda: Row("walk_1", 2.0, "us", 1.0, 0.5, {"p99": 9}))
    benchmark("walk_2")(lambda: [Row("walk_2", 1 / 3, "us", 1.0, 3.0)])

    assert run_all("walk", tmp_path / "rows.json") == 0

    assert capsys.readouterr().out == "walk_1 2.0 us 1.0 0.5\nwalk_2 0.3333 us 1.0 3.0\n"
    assert json.loads((tmp_path / "rows.json").read_text()) == [
        {"name": "walk_1", "value": 2.0, "unit": "us", "limit": 1.0, "ratio": 0.5, "p99": 9},
        {"name": "walk_2", "value": 0.3333, "unit": "us", "limit": 1.0, "ratio": 3.0},
    ]


def test_only_the_named_ones_run(
    registry: dict[str, bench.Benchmark], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    benchmark("walk")(lambda: Row("walk", 1.0, "us", 1.0, 1.0))
    benchmark("swim")(lambda: Row("swim", 1.0, "us", 1.0, 1.0))

    assert run_all("swim", tmp_path / "rows.json") == 0
    assert capsys.readouterr().out == "swim 1.0 us 1.0 1.0\n"


def test_a_failing_benchmark_does_not_hide_the_others(
    registry: dict[str, bench.Benchmark], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def stumbles() -> Row:
        raise ValueError("stumbled")

    benchmark("a")(stumbles)
    benchmark("b")(lambda: Row("b", 1.0, "us", 1.0, 1.0))

    assert run_all("", tmp_path / "rows.json") == 1
    captured = capsys.readouterr()
    assert captured.out == "b 1.0 us 1.0 1.0\n"
    assert "stumbled" in captured.err


def test_an_unknown_name_lists_the_known_ones(
    registry: dict[str, bench.Benchmark], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    benchmark("walk")(lambda: Row("walk", 1.0, "us", 1.0, 1.0))

    assert run_all("fly", tmp_path / "rows.json") == 2
    assert "known: walk" in capsys.readouterr().out


def test_best_of_counts_every_call() -> None:
    calls: list[int] = []
    assert best_of(lambda: calls.append(1), rounds=3, calls=4) < 1.0
    assert len(calls) == 12
