"""What a number may do: the client's list, then the branch's, then the firm's default."""

import tempfile
from pathlib import Path

import pytest
from twisted.internet import reactor
from twisted.trial import unittest

from gateway.identity.callers import ANY, WITHHELD, Binding, CallerPolicy, problem_of, put_bindings
from tests.builders.identity import SetClock, an_identity, quick_settings

HOME, OFFICE, OTHER = "+8613800138000", "+861062345678", "+8613911111111"
CLIENT, BRANCH = "10000001", "31001"
ALLOW, QUERY_ONLY, REFUSE = CallerPolicy
RULES = {
    "client's number": (Binding(CLIENT, "", HOME, ALLOW), Binding(CLIENT, "", ANY, QUERY_ONLY)),
    "client hides": (Binding(CLIENT, "", WITHHELD, REFUSE), Binding(CLIENT, "", ANY, ALLOW)),
    "branch": (Binding("", BRANCH, OFFICE, ALLOW), Binding("", BRANCH, ANY, REFUSE)),
    "both": (
        Binding(CLIENT, "", HOME, ALLOW),
        Binding("", BRANCH, HOME, REFUSE),
        Binding("", BRANCH, OTHER, QUERY_ONLY),
    ),
    "others' lists": (Binding("10000002", "", ANY, REFUSE), Binding("", "44002", ANY, REFUSE)),
}


class CallerTests(unittest.TestCase):
    def setUp(self) -> None:
        settings = quick_settings(caller_default="query_only", caller_withheld="refuse")
        self.identity = an_identity(Path(tempfile.mkdtemp()), reactor, SetClock(), settings)
        self.identity.start()
        self.addCleanup(self.identity.stop)

    async def test_the_nearest_list_and_the_nearest_row_decide(self) -> None:
        for rules, ani, is_withheld, expected in (
            ("client's number", HOME, False, ALLOW),
            ("client's number", OTHER, False, QUERY_ONLY),
            ("client's number", HOME, True, QUERY_ONLY),  # hidden: the number proves nothing
            ("client hides", "", False, REFUSE),
            ("client hides", OTHER, False, ALLOW),
            ("branch", OFFICE, False, ALLOW),
            ("branch", OTHER, False, REFUSE),
            ("branch", "", True, REFUSE),
            ("both", HOME, False, ALLOW),
            ("both", OTHER, False, QUERY_ONLY),  # the client's list has no row for it
            ("both", OFFICE, False, QUERY_ONLY),  # neither has: the firm's default
            ("others' lists", HOME, False, QUERY_ONLY),
            ("others' lists", "", False, REFUSE),
        ):
            await self.identity.database.write(
                lambda it: it.exec_driver_sql("DELETE FROM caller_bindings")
            )
            await self.identity.database.write(
                lambda it: it.exec_driver_sql("DELETE FROM branch_bindings")
            )
            await self.identity.database.write(lambda it, r=rules: put_bindings(it, RULES[r]))
            told = await self.identity.callers.policy_of(CLIENT, BRANCH, ani, is_withheld)
            assert told is expected, (rules, ani, is_withheld)

    async def test_a_list_is_replaced_whole_and_others_stay(self) -> None:
        write = self.identity.database.write
        await write(lambda it: put_bindings(it, RULES["client's number"]))
        await write(lambda it: put_bindings(it, RULES["branch"]))
        await write(lambda it: put_bindings(it, [Binding(CLIENT, "", OTHER, REFUSE)]))

        policy_of = self.identity.callers.policy_of
        assert await policy_of(CLIENT, BRANCH, OTHER, False) is REFUSE
        assert await policy_of(CLIENT, BRANCH, HOME, False) is REFUSE  # of the branch now
        assert await policy_of(CLIENT, BRANCH, OFFICE, False) is ALLOW


@pytest.mark.parametrize(
    ("binding", "field"),
    [
        (Binding("", "", HOME, ALLOW), "branch_code"),
        (Binding(CLIENT, BRANCH, HOME, ALLOW), "branch_code"),
        (Binding("12", "", HOME, ALLOW), "account_no"),
        (Binding("", "1", HOME, ALLOW), "branch_code"),
        (Binding(CLIENT, "", "13800138000", ALLOW), "ani"),
        (Binding(CLIENT, "", "", ALLOW), "ani"),
        (Binding(CLIENT, "", "anonymous", ALLOW), "ani"),
    ],
)
def test_a_wrong_row_is_named(binding: Binding, field: str) -> None:
    problem = problem_of(binding)
    assert problem is not None
    assert problem[0] == field


@pytest.mark.parametrize("ani", [HOME, OFFICE, ANY, WITHHELD])
def test_a_right_row_is_taken(ani: str) -> None:
    assert problem_of(Binding(CLIENT, "", ani, ALLOW)) is None
    assert problem_of(Binding("", BRANCH, ani, REFUSE)) is None
