"""`http_order`, `ws_order`: orders a second through logged-in connections, checked and durable.

Beside the same requests to a bare aiohttp endpoint and to FastAPI on uvicorn, both of which only
parse and answer. Server and load are two processes. The three servers take turns, and the median
round counts. FastAPI lives in an environment of its own below the cache folder, made on demand.
"""

import sys
import tempfile
from typing import Final

from tests.bench.bench import HERE, Row, benchmark
from tests.bench.processes import cpu_s, python_with, serving
from tests.bench.web_load import Measured, measure

ROUNDS: Final = 3
HTTP_ORDERS: Final = 20_000  # a round
WS_ORDERS: Final = 40_000
WS_WINDOW: Final = 1  # orders in flight a stream
WARM_UP: Final = 2_000
FASTAPI: Final = ("fastapi==0.165.*", "uvicorn==0.54.*", "httptools", "uvloop", "websockets")


def _rounds(count: int, window: int) -> dict[str, tuple[Measured, float]]:
    """Return the median round of each server with its CPU seconds per order."""
    found: dict[str, list[tuple[Measured, float]]] = {"ours": [], "bare": [], "fastapi": []}
    with (
        tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder,
        serving(sys.executable, "-m", "tests.bench.web_peer", "ours", folder) as ours,
        serving(sys.executable, "-m", "tests.bench.web_peer", "bare", folder) as bare,
        serving(python_with("fastapi", *FASTAPI), str(HERE / "bare_fastapi.py")) as fastapi,
    ):
        servers = {"ours": ours, "bare": bare, "fastapi": fastapi}
        for run in range(ROUNDS + 1):
            for name, (told, pid) in servers.items():
                orders = count if run else WARM_UP
                before_s = cpu_s(pid)
                measured = measure(told["port"], told["tokens"], orders, window, run)
                if run:
                    found[name].append((measured, (cpu_s(pid) - before_s) / orders))
    return {name: sorted(rounds)[len(rounds) // 2] for name, rounds in found.items()}


def _row(name: str, count: int, window: int) -> Row:
    rounds = _rounds(count, window)
    (ours, ours_cpu_s), (bare, bare_cpu_s) = rounds["ours"], rounds["bare"]
    fastapi, fastapi_cpu_s = rounds["fastapi"]
    return Row(
        name,
        ours.per_s,
        "orders/s",
        bare.per_s,
        ours.per_s / bare.per_s,
        {
            "goal": 0.5,
            "ratio_to_fastapi": round(ours.per_s / fastapi.per_s, 3),
            "goal_to_fastapi": 1,
            "fastapi_per_s": round(fastapi.per_s),
            "p50_ms": round(ours.p50_s * 1e3, 3),
            "p99_ms": round(ours.p99_s * 1e3, 3),
            "bare_p50_ms": round(bare.p50_s * 1e3, 3),
            "cpu_us": round(ours_cpu_s * 1e6, 1),
            "bare_cpu_us": round(bare_cpu_s * 1e6, 1),
            "fastapi_cpu_us": round(fastapi_cpu_s * 1e6, 1),
        },
    )


@benchmark("http_order")
def http_order() -> Row:
    """One request in flight on each of 256 connections."""
    return _row("http_order", HTTP_ORDERS, 0)


@benchmark("ws_order")
def ws_order() -> Row:
    """One order in flight on each of 256 streams."""
    return _row("ws_order", WS_ORDERS, WS_WINDOW)
