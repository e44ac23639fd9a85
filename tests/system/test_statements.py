"""A scenario that does not come true fails, and says where and what was found instead."""

from pathlib import Path

import pytest

from tests.system.scenario import Scenario
from tests.system.words import ScenarioFailed

GIVEN = """
market  600000 last 10.00
account A1 cash 5000.00 phone 13800000001
"""


def failure_of(text: str, folder: Path) -> str:
    """Return how a scenario fails."""
    file = folder / "wrong.txt"
    file.write_text(GIVEN + text, encoding="utf-8")
    with pytest.raises(ScenarioFailed) as raised:
        Scenario(file, folder / "world").play()
    return str(raised.value)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("web A1 buys 600000 100 at 10.00 -> accepted 2", "'order_no': 1"),
        ("web A1 buys 600000 100 at 12.00 -> denied BUYING_POWER", "ABOVE_LIMIT_UP"),
        ("web A1 buys 600000 100 at 10.00 -> hello", "'hello' is no answer"),
        ("account A1 cash 4999.99", "cash of A1 is 5000.00, not 4999.99"),
        ("account A1 position 600000 100", "A1 has 0 of 600000, not 100"),
        ("account A1 credit 5", "expected pairs of cash frozen"),
        ("order 1 new 0 of 100", "there is no order 1 today"),
        ("venue holds 1", "the venue holds []"),
        ("sms 13800000001 contains 400", "nothing more has come"),
        ('call c1 from 13800000001 keys "1 A1#"\nhears c1 order.accepted', "was not heard"),
        ("wait 1\naccount A2 cash 5.00", "accounts must be given before the first act"),
        ("buy 600000", "'buy' is no statement; known are account, binds, branch"),
    ],
)
def test_a_wrong_statement_says_what_was_found(text: str, why: str, tmp_path: Path) -> None:
    assert why in failure_of(text, tmp_path)


def test_a_failure_names_its_line_and_tells_what_happened(tmp_path: Path) -> None:
    told = failure_of(
        "web A1 buys 600000 100 at 10.00\nothers sell 600000 100 at 10.00\norder 1 new 0 of 100",
        tmp_path,
    )
    assert "wrong.txt:6: order 1 new 0 of 100" in told
    assert "expected new, was filled" in told
    assert "SMS +8613800000001" in told


def test_what_the_venue_knows_and_the_book_does_not_is_found_at_the_end(tmp_path: Path) -> None:
    told = failure_of(
        "web A1 buys 600000 100 at 10.00 -> accepted 1\nlink cut\nothers sell 600000 100 at 10.00",
        tmp_path,
    )
    assert "in the book" in told
    assert "at the venue" in told
