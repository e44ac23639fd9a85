"""Every scenario of this folder: does the customer get what was promised?"""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.system.crashes import CrashAfterEveryAct, CrashInEveryAct
from tests.system.scenario import Scenario

SCENARIOS = sorted((Path(__file__).parent / "scenarios").glob("*.txt"))
BUGS = {
    "bus.subscriber_failed",
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
# A crash ends calls, and what memory alone knows: events for branches, a route that is told down.
ENDED_BY_A_CRASH = (
    *("branch_orders", "disk_full", "mail_and_sms_routes_down", "phone_orders_and_fills"),
    *("phone_stopped_while_confirming", "phone_too_late_to_cancel", "redial_after_a_denial"),
)
CRASHING = [file for file in SCENARIOS if file.stem not in ENDED_BY_A_CRASH]
# Here a crash makes the venue slower than the scenario says.
SLOW = ("late_reports_of_a_slow_venue", "silent_venue")
CALM = [
    file
    for file in CRASHING
    if "crash" not in file.read_text(encoding="utf-8") and file.stem not in SLOW
]


def play(scenario: Scenario) -> None:
    with capture_logs() as lines:
        scenario.play()
    assert [line for line in lines if line["event"] in BUGS] == []
    told = [line for line in lines for pin in scenario.pins if pin in repr(line)]
    assert told == [], "a PIN reached the log"


@pytest.mark.parametrize("file", SCENARIOS, ids=lambda file: file.stem)
def test_scenario_comes_true(file: Path, tmp_path: Path) -> None:
    play(Scenario(file, tmp_path))


@pytest.mark.parametrize("file", CRASHING, ids=lambda file: file.stem)
def test_scenario_comes_true_with_a_crash_after_every_act(file: Path, tmp_path: Path) -> None:
    play(CrashAfterEveryAct(file, tmp_path))


@pytest.mark.parametrize("first", [0, 2])
@pytest.mark.parametrize("file", CALM, ids=lambda file: file.stem)
def test_scenario_comes_true_with_a_crash_in_every_act(
    file: Path, first: int, tmp_path: Path
) -> None:
    play(CrashInEveryAct(file, tmp_path, first))
