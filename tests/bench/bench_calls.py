"""`calls_300`: 300 calls at once through the whole gateway, on one machine with their callers.

Every call has two-way G.711, hears prompts and presses keys; a tenth place an order. The value is
failed calls plus lost or doubled keys, which are counted in the records the gateway keeps of its
calls; the goal is 0. Callers run in a process and a media worker of their own, nobody is paused.
"""

import json
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from gateway.app.stage import Stage
from gateway.evidence.call_log import decode
from gateway.ivr.call_record import MASK, CallRecord
from tests.bench.bench import HERE, Row, benchmark
from tests.bench.processes import children_of, cpu_s, rss_bytes

CALLS: Final = 300
CALLS_PER_S: Final = 15.0
ORDER_EVERY: Final = 10
PIN: Final = "135790"
WATCH_S: Final = 20.0  # of the time when all calls are up
CONFIG: Final = HERE.parents[1] / "config"

_LOGIN: Final = [(2.5, "1"), (3.0, "{account}#"), (2.0, PIN + "#")]
_ERRANDS: Final = [(7.0, "5"), (7.0, "4"), (9.0, "5"), (7.0, "4"), (9.0, "5")]
_ORDER: Final = [(6.0, "1"), (4.0, "600036"), (4.0, "41*30#"), (4.0, "100#"), (18.0, "1")]
_LAST: Final = [(9.0, "5"), (9.0, "9")]


def account_no(number: int) -> str:
    """Return the account of the n-th caller."""
    return f"{30_000_000 + number}"


def ani(number: int) -> str:
    """Return the number of the n-th caller."""
    return f"138{number:08d}"


def script(number: int) -> list[tuple[float, str]]:
    """Return what the n-th caller keys, each after a wait in seconds."""
    middle = _ORDER if number % ORDER_EVERY == 0 else _ERRANDS
    steps = [*_LOGIN, *middle, *_LAST]
    return [(wait_s, keys.format(account=account_no(number))) for wait_s, keys in steps]


def write_accounts(file: Path) -> None:
    """Write the callers' accounts as a set-up file."""
    lines = [
        "account_no,name,branch_code,mobile,email,language,phone_pin,web_password,cash,positions"
    ]
    for n in range(CALLS):
        holder = f"{account_no(n)},Caller {n},31001,+86{ani(n)},,ZH,{PIN},Bench-{n}-2026"
        lines.append(f"{holder},1000000.00,600036:1000")
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def histogram(port: int, name: str) -> dict[float, float]:
    """Return the cumulative counts of a histogram by upper bound, all labels together."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    counts: dict[float, float] = {}
    for line in text.splitlines():
        if line.startswith(f"{name}_bucket"):
            bound = float(line.partition('le="')[2].partition('"')[0])
            counts[bound] = counts.get(bound, 0) + float(line.rpartition(" ")[2])
    return counts


def p99(before: dict[float, float], after: dict[float, float]) -> float:
    """Return the upper bound below which 99 % of what came between lies; inf when none does."""
    grown = {bound: after[bound] - before.get(bound, 0) for bound in sorted(after)}
    total = grown[max(grown)]
    return min((bound for bound, count in grown.items() if count >= 0.99 * total), default=0.0)


def key_faults(record: CallRecord, steps: list[tuple[float, str]]) -> int:
    """Return how many keys were lost or doubled; a masked one stands for any."""
    pressed = "".join(keys for _, keys in steps)
    taken = "".join(each.key for each in record.keyed)
    if len(taken) != len(pressed):
        return abs(len(taken) - len(pressed))
    return sum(t not in (MASK, p) for t, p in zip(taken, pressed, strict=True))


class Run:
    """One load over one stage."""

    def __init__(self, folder: Path) -> None:
        self._stage = Stage(folder / "stage", CONFIG)
        self._folder = folder

    def __enter__(self) -> "Run":
        accounts = self._folder / "accounts.csv"
        write_accounts(accounts)
        self._stage.start_far_ends()
        self._stage.write_settings(
            {
                "house": {"duplicate_window_s": 0},
                "identity": {"hash_memory_kib": 8192, "hash_passes": 1},
                "gateway": {"log_level": "warning"},
                "sip": {"calls_max": 2 * CALLS},
            }
        )
        self._stage.init(accounts)
        self._stage.start_gateway()
        return self

    def __exit__(self, *_: object) -> None:
        self._stage.stop()

    @property
    def _pids(self) -> list[int]:
        pid = self._stage.processes["gateway"].pid
        return [pid, *children_of(pid)]

    def figures(self) -> dict[str, Any]:
        """Let all callers call; return what happened."""
        health = self._stage.ports["gateway.health_port"]
        names = ("hotline_media_frame_late_seconds", "hotline_ivr_key_to_prompt_seconds")
        before = {name: histogram(health, name) for name in names}
        idle_bytes = sum(map(rss_bytes, self._pids))
        wish = {
            "port": self._stage.ports["gateway.sip_port"],
            "per_s": CALLS_PER_S,
            "callers": [{"ani": ani(n), "steps": script(n)} for n in range(CALLS)],
        }
        load = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.phone_load"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=HERE.parents[1],
            text=True,
        )
        assert load.stdin is not None
        load.stdin.write(json.dumps(wish))
        load.stdin.close()
        time.sleep(CALLS / CALLS_PER_S + 8)
        spent = {pid: cpu_s(pid) for pid in self._pids}
        time.sleep(WATCH_S)
        busy = [(cpu_s(pid) - at_s) / WATCH_S for pid, at_s in spent.items()]
        grown = sum(map(rss_bytes, self._pids)) - idle_bytes
        assert load.stdout is not None
        told = json.loads(load.stdout.read())
        load.wait()
        after = {name: histogram(health, name) for name in names}
        late, slow = (p99(before[name], after[name]) for name in names)
        return {
            "callers": told["callers"],
            "load_cpu_s": told["cpu_s"],
            "gateway_core": busy[0],
            "media_core": sum(busy[1:]),
            "bytes_per_call": grown / CALLS,
            "frame_late_p99_ms": late * 1e3,
            "key_to_prompt_p99_ms": slow * 1e3,
        }

    def records(self) -> dict[str, CallRecord]:
        """Return the gateway's records by the caller's number."""
        with closing(sqlite3.connect(self._stage.folder / "data" / "store.sqlite")) as store:
            rows = store.execute("select record from calls").fetchall()
        return {record.ani[-11:]: record for record in (decode(row[0]) for row in rows)}


@benchmark("calls_300")
def calls_300() -> Row:
    """Failed calls plus lost or doubled keys."""
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder, Run(Path(folder)) as run:
        found = run.figures()
        time.sleep(3.0)
        records = run.records()
    failed = [each for each in found["callers"] if not each.get("is_through")]
    faults = sum(
        key_faults(records[ani(n)], script(n)) if ani(n) in records else len(script(n))
        for n, each in enumerate(found["callers"])
        if each.get("is_through")
    )
    orders = [
        acted
        for record in records.values()
        for acted in record.acted
        if acted.action == "submit_order" and acted.outcome == "accepted"
    ]
    return Row(
        "calls_300",
        len(failed) + faults,
        "failed calls and keys",
        0,
        0 if failed or faults else 1,
        {
            "goal": 0,
            "failed_calls": len(failed),
            "key_faults": faults,
            "orders": len(orders),
            "orders_wanted": CALLS // ORDER_EVERY,
            "lost_packets": sum(each.get("lost_packets", 0) for each in found["callers"]),
            "frame_late_p99_ms": found["frame_late_p99_ms"],
            "goal_frame_late_p99_ms": 20,
            "key_to_prompt_p99_ms": found["key_to_prompt_p99_ms"],
            "goal_key_to_prompt_p99_ms": 300,
            "kib_per_call": round(found["bytes_per_call"] / 1024, 1),
            "gateway_core": round(found["gateway_core"], 3),
            "media_core": round(found["media_core"], 3),
            "load_cpu_s": round(found["load_cpu_s"], 1),
        },
    )
