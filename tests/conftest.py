"""The reactor of the whole suite, and which tests need a program nobody here wrote.

The reactor is asyncio over uvloop, as in the gateway process. A test marked `peer("sipp", ...)`
needs those programs: on a machine without them `make test` leaves it out and says so at the end;
with HOTLINE_PEERS=required (CI) it runs, and fails with the command that installs the program.
"""

import asyncio
import os
import shutil
from typing import Any

import pytest
import uvloop
from twisted.internet import asyncioreactor

# Set as the current loop too: a test's asyncio code may be reached before the reactor turns.
_loop = uvloop.new_event_loop()
asyncio.set_event_loop(_loop)
asyncioreactor.install(_loop)

_left_out: dict[str, int] = {}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests whose programs are missing, unless they are required."""
    if os.environ.get("HOTLINE_PEERS") == "required":
        return
    kept, missing = [], []
    for item in items:
        marks = item.iter_markers("peer")
        lacking = [name for mark in marks for name in mark.args if shutil.which(name) is None]
        (missing if lacking else kept).append(item)
        for name in lacking:
            _left_out[name] = _left_out.get(name, 0) + 1
    if missing:
        config.hook.pytest_deselected(items=missing)
        items[:] = kept


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Let the process that reports know what this one left out (tests run in several)."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left_out"] = _left_out


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take what a process left out; every one collects everything, so one is enough."""
    _left_out.update(getattr(node, "workeroutput", {}).get("left_out", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was left out."""
    for name, count in sorted(_left_out.items()):
        terminalreporter.write_line(
            f"left out {count} tests that need {name} (README, Tests): install it to run them"
        )
