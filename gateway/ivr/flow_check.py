"""Whether the flows may go on the air: every flow with every prompt, as one list of faults.

The door asks before it opens, people with `hotline flows`. Not here: the single checks
(gateway.ivr.lint, gateway.ivr.lint_prompts).
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from gateway.ivr import lint, lint_prompts
from gateway.ivr.dialplan import FLOWS, OUR_CALLS, Dialplan
from gateway.ivr.variants import VARIANTS
from gateway.media.prompts import PromptBook

ALL_FLOWS: Final = {**FLOWS, **OUR_CALLS}
OF_OTHERS: Final = ("agent.",)  # prompts that the desk plays


class Fault(NamedTuple):
    """What is wrong, in which flow."""

    flow: str
    problem: str


def faults(dialplan: Dialplan, book: PromptBook) -> Iterator[Fault]:
    """Yield what keeps flows off the air: states, exits, confirmations, prompts, slots."""
    words = {**VARIANTS, "greeting": dialplan.greetings()}
    for name, flow in ALL_FLOWS.items():
        for problem in [*lint.problems(flow), *lint_prompts.problems(flow, book, words)]:
            yield Fault(name, problem)


def unplayed(dialplan: Dialplan, book: PromptBook) -> list[str]:
    """Return, as sentences, which prompts no flow plays: texts that may go."""
    words = {**VARIANTS, "greeting": dialplan.greetings()}
    return lint_prompts.unplayed(ALL_FLOWS.values(), book, words, of_others=OF_OTHERS)
