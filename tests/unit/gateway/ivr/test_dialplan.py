"""Numbers dialled and their lines."""

import pytest

from gateway.ivr.dialplan import Dialplan, Line
from gateway.ivr.flows.hotline import HOTLINE
from gateway.ivr.settings import LineSettings
from risk.domain.enums import Language
from risk.domain.errors import ConfigError

SHANGHAI = LineSettings(
    number="02161234567",
    branch_code="00021",
    greeting="welcome.branch",
    languages=("zh",),
    queue="shanghai",
    is_query_only=True,
)
PLAN = Dialplan([LineSettings(number="95500"), SHANGHAI])


@pytest.mark.parametrize("dnis", ["02161234567", "+862161234567", "862161234567"])
def test_a_branch_is_known_by_any_form_of_its_number(dnis: str) -> None:
    line = PLAN.line_of(dnis)
    assert line == Line(HOTLINE, "00021", "welcome.branch", (Language.ZH,), "shanghai", True)
    assert line.start_values() == {
        "greeting": "welcome.branch",
        "line_branch_code": "00021",
        "line_queue": "shanghai",
        "line_languages": "one",
        "line_query_only": True,
        "language": Language.ZH,
    }


@pytest.mark.parametrize("dnis", ["95500", "12345", ""])
def test_any_other_number_is_the_firms(dnis: str) -> None:
    line = PLAN.line_of(dnis)
    assert line == Line()
    assert line.start_values()["line_languages"] == "both"


def test_all_greetings_are_known_to_be_checked() -> None:
    assert PLAN.greetings() == ("welcome.greeting", "welcome.branch")


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ([LineSettings(number="1", flow="x")], r"phone\.lines\[0\]\.flow: must be hotline.*'x'"),
        ([SHANGHAI, LineSettings(number="+862161234567")], r"phone\.lines\[1\].*listed twice"),
    ],
)
def test_a_line_that_cannot_be_is_named(lines: list[LineSettings], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        Dialplan(lines)
