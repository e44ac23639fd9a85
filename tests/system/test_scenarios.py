"""Every scenario of this folder: does the customer get what was promised?"""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.system.scenario import Scenario

SCENARIOS = sorted((Path(__file__).parent / "scenarios").glob("*.txt"))
BUGS = {
    "bus.subscriber_failed",
    "core.acceptance_stopped",
    "day.command_denied",
    "fix.not_recorded",
    "fix.unreadable",
    "ivr.call_failed",
    "ivr.figures_missing",
    "notify.bug",
    "notify.journal_short",
    "tasks.failed",
    "web.failed",
}


@pytest.mark.parametrize("file", SCENARIOS, ids=lambda file: file.stem)
def test_scenario_comes_true(file: Path, tmp_path: Path) -> None:
    scenario = Scenario(file, tmp_path)
    with capture_logs() as lines:
        scenario.play()
    assert [line for line in lines if line["event"] in BUGS] == []
    told = [line for line in lines for pin in scenario.pins if pin in repr(line)]
    assert told == [], "a PIN reached the log"
