"""Registry, rows and report of the benchmarks: every figure stands beside its limit.

A file `tests/bench/bench_<name>.py` registers functions; nothing else has to know it:

    from tests.bench.bench import Row, benchmark, best_of

    @benchmark("decide_64")
    def decide_64() -> Row:
        ours_us = ...                      # our work
        bare_us = ...                      # the same work without our logic, in the same run
        return Row("decide_64", ours_us, "us/order", limit=bare_us, ratio=bare_us / ours_us)

A function returns one Row or a list of them. `limit` is in the unit of `value`; `ratio` is our
speed over the limit's speed, so 1 is the limit and higher is better, also for times and bytes.
`extras` (p50, p99, goal, ...) go into bench.json beside the row's keys. `make bench` runs all,
`make bench ONLY=decide` all whose name begins so. Not here: pass or fail; a figure is a figure.
"""

import gc
import importlib
import json
import math
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

HERE: Final = Path(__file__).parent
ROWS_FILE: Final = "bench.json"
FIGURES: Final = 4  # significant digits printed and kept


class Row(NamedTuple):
    """One figure. `limit` and `ratio` as in the module's words; `extras` for bench.json only."""

    name: str
    value: float
    unit: str
    limit: float
    ratio: float
    extras: Mapping[str, float | int | str] = {}


Benchmark = Callable[[], Row | list[Row]]
REGISTRY: dict[str, Benchmark] = {}


def benchmark(name: str) -> Callable[[Benchmark], Benchmark]:
    """Register a function under its name."""

    def register(run: Benchmark) -> Benchmark:
        assert name not in REGISTRY, f"{name} is registered twice"
        REGISTRY[name] = run
        return run

    return register


def best_of(
    run: Callable[[], object],
    rounds: int,
    calls: int = 1,
    clock: Callable[[], float] = time.perf_counter,
) -> float:
    """Return the best seconds per call over `rounds` rounds of `calls` calls, without the GC.

    The best round is the one least disturbed by the other users of the machine. Work that only
    computes, on one thread, may be timed by `time.thread_time`, which they disturb less.
    """
    best = math.inf
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        for _ in range(rounds):
            started = clock()
            for _ in range(calls):
                run()
            best = min(best, clock() - started)
    finally:
        if was_enabled:
            gc.enable()
    return best / calls


def rounded(value: float) -> float:
    """Return a value with the significant digits a benchmark can claim."""
    return float(f"{value:.{FIGURES}g}") if math.isfinite(value) else value


def load_all(only: str = "") -> None:
    """Import every bench_*.py beside this file; with `only`, a matching file name is enough."""
    paths = sorted(HERE.glob("bench_*.py"))
    named = [path for path in paths if only and path.stem.removeprefix("bench_") == only]
    for path in named or paths:
        importlib.import_module(f"tests.bench.{path.stem}")


def run_all(only: str = "", rows_file: Path = Path(ROWS_FILE)) -> int:
    """Run the benchmarks whose name begins with `only`; return the exit code.

    Prints `name value unit limit ratio` a row and writes the rows. A benchmark that fails is
    printed with its traceback, the others still run, and the exit code is 1.
    """
    load_all(only)
    chosen = {name: run for name, run in REGISTRY.items() if name.startswith(only)}
    if not chosen:
        print(f"no benchmark begins with {only!r}; known: {' '.join(sorted(REGISTRY))}")
        return 2
    rows: list[Row] = []
    failed = 0
    for name, run in chosen.items():
        try:
            found = run()
        except Exception:  # one benchmark must not hide the figures of the others
            failed += 1
            print(f"{name} failed", file=sys.stderr)
            traceback.print_exc()
            continue
        for row in found if isinstance(found, list) else [found]:
            rows.append(row)
            figures = (rounded(row.value), row.unit, rounded(row.limit), rounded(row.ratio))
            print(row.name, *figures, flush=True)
    write_rows(rows, rows_file)
    return 1 if failed else 0


def write_rows(rows: list[Row], rows_file: Path) -> None:
    """Write rows as a JSON list, extras beside the fixed keys."""
    table = [
        {
            "name": row.name,
            "value": rounded(row.value),
            "unit": row.unit,
            "limit": rounded(row.limit),
            "ratio": rounded(row.ratio),
            **row.extras,
        }
        for row in rows
    ]
    rows_file.write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
