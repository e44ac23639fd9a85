"""`setup_rate`: calls set up and torn down per CPU second of the server, beside SIPp's own UAS.

SIPp dials INVITE, 180, 200, ACK, BYE at a steady rate over UDP; what counts is the CPU time that
the answering process used, so the caller and other users of the machine disturb little. The servers
take turns and the median round counts. sippy, the other Python stack, runs in an environment of its
own below the cache folder. None of the three opens media.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.bench.bench import HERE, Row, benchmark
from tests.bench.processes import cpu_s, python_with, serving
from tests.peers.binaries import free_udp_port, needed_binary

ROUNDS: Final = 3
CALLS: Final = {"ours": 4_000, "sipp": 4_000, "sippy": 600}
CALLS_PER_S: Final = {"ours": 400, "sipp": 400, "sippy": 60}  # sippy loses calls above
SIPPY: Final = "sippy==2.5.0"


@contextmanager
def running(arguments: list[str], port: int, folder: str) -> Iterator[tuple[int, int]]:
    """Run a server that tells nothing; give its port and process id, and end it afterwards."""
    with (Path(folder) / "server.txt").open("ab") as out:
        process = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=folder
        )
    try:
        time.sleep(1.0)
        assert process.poll() is None, f"{arguments} ended"
        yield port, process.pid
    finally:
        process.kill()
        process.wait()


@contextmanager
def ours(folder: str) -> Iterator[tuple[int, int]]:
    """Our user agent."""
    with serving(sys.executable, "-m", "tests.bench.sip_uas") as (told, pid):
        yield told["port"], pid


def sipp_uas(folder: str) -> "Iterator[tuple[int, int]]":
    """SIPp as the callee."""
    port = free_udp_port()
    sipp = needed_binary("sipp", "sip-tester")
    uas = [sipp, "-sn", "uas", "-i", "127.0.0.1", "-p", str(port), "-nostdin"]
    return running(uas, port, folder)


def sippy_uas(folder: str) -> "Iterator[tuple[int, int]]":
    """sippy as the callee."""
    port = free_udp_port()
    return running(
        [python_with("sippy", SIPPY), str(HERE / "sippy_uas.py"), str(port)], port, folder
    )


def dial(port: int, count: int, per_s: int, folder: str) -> int:
    """Let SIPp call `count` times; return how many calls succeeded."""
    command = [needed_binary("sipp", "sip-tester"), "-sn", "uac", f"127.0.0.1:{port}"]
    command += ["-i", "127.0.0.1", "-p", str(free_udp_port()), "-m", str(count)]
    command += ["-r", str(per_s), "-d", "0", "-nostdin", "-timeout", "60s"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    rows = [line for line in ran.stdout.splitlines() if "Successful call" in line]
    return int(rows[-1].split("|")[2])


SERVERS: Final[dict[str, Callable[[str], "Iterator[tuple[int, int]]"]]] = {
    "ours": ours,
    "sipp": sipp_uas,
    "sippy": sippy_uas,
}


@benchmark("setup_rate")
def setup_rate() -> Row:
    """Calls per CPU second."""
    found: dict[str, list[float]] = {name: [] for name in SERVERS}
    failed = dict.fromkeys(SERVERS, 0)
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder:
        for _ in range(ROUNDS):
            for name, server in SERVERS.items():
                with server(folder) as (port, pid):
                    dial(port, 50, 50, folder)  # warm
                    before_s = cpu_s(pid)
                    done = dial(port, CALLS[name], CALLS_PER_S[name], folder)
                    found[name].append(done / max(cpu_s(pid) - before_s, 0.01))
                    failed[name] += CALLS[name] - done
    medians = {name: sorted(rates)[ROUNDS // 2] for name, rates in found.items()}
    return Row(
        "setup_rate",
        medians["ours"],
        "calls/CPU-s",
        medians["sipp"],
        medians["ours"] / medians["sipp"],
        {
            "goal": 0.25,
            "ratio_to_sippy": round(medians["ours"] / medians["sippy"], 2),
            "goal_to_sippy": 1,
            "sippy_per_cpu_s": round(medians["sippy"]),
            "failed": failed["ours"],
            "sippy_failed": failed["sippy"],
        },
    )
