"""Servers under measurement as processes of their own, and the CPU time they used."""

import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.bench.bench import HERE

REPOSITORY = HERE.parents[1]


def python_with(name: str, *requirements: str) -> str:
    """Return the interpreter of an environment below the cache folder; made at the first call."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    tag = f"cp{sys.version_info[0]}{sys.version_info[1]}"
    folder = cache / "hotline-gateway" / f"bench-{name}-{tag}"
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, *requirements], check=True)
        (folder / "complete").touch()
    return str(python)


@contextmanager
def serving(*arguments: str) -> Iterator[tuple[dict[str, Any], int]]:
    """Run a server; give what it told and its process id, and end it afterwards."""
    process = subprocess.Popen(
        arguments, stdout=subprocess.PIPE, cwd=REPOSITORY, env={**os.environ, "PYTHONPATH": "."}
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, f"{arguments} ended without telling its port"
        yield json.loads(line), process.pid
    finally:
        process.kill()
        process.wait()


def cpu_s(pid: int) -> float:
    """Return the CPU seconds a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_bytes(pid: int) -> int:
    """Return the resident memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def children_of(pid: int) -> list[int]:
    """Return the process ids of a process's children."""
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
