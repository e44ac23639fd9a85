"""What several flows share: where callers go when tries are used up, and standard apologies.

Not here: states.
"""

from typing import Final, TypedDict

MENU: Final = "main.menu"  # where every finished errand leads
HELP: Final = "agent.help"  # a known caller whom the keys defeat gets a person
GOODBYE: Final = "bye.tries_used"


class Tries(TypedDict):
    """The exits and apologies of a state that asks."""

    say_invalid: str
    say_timeout: str
    on_tries_used: str


def tries(say_invalid: str = "error.not_a_choice", on_tries_used: str = HELP) -> Tries:
    """Return the exits of a state that asks for a choice, or for what `say_invalid` is about."""
    return {
        "say_invalid": say_invalid,
        "say_timeout": "error.nothing_keyed",
        "on_tries_used": on_tries_used,
    }
