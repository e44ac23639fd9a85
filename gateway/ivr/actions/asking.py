"""The terms of an action: who asks, what an answer is, and how a wish is read.

Not here: the answers themselves (one module per topic) and their table (`table`).
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from gateway.ivr.visit import Perform
from risk.domain.enums import Language


class Caller(NamedTuple):
    """Of which call an action is, where from and where to, and the language it answers in.

    `ani` and `dnis` are the numbers calling and called, as the trunk told them; `branch_code` is
    the branch of the number called, empty for the number of the whole firm.
    """

    call_no: str
    language: Language
    ani: str = ""
    dnis: str = ""
    branch_code: str = ""
    is_withheld: bool = False  # the number is hidden, or nobody vouches for it


Answer = tuple[str, Mapping[str, object]]
"""The name of an outcome (gateway.ivr.flow.OUTCOMES), and values for prompts to come."""

Answering = Callable[[Caller, Perform], Awaitable[Answer]]
"""Carries out one action of a caller; a bug comes through as an exception."""


def text_of(wish: Perform, name: str) -> str:
    """Return a value of a wish that must be a text."""
    value = wish.values[name]
    assert isinstance(value, str), name
    return value
