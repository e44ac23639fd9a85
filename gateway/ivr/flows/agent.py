"""A person: asked for with `0`, or fetched when a known caller's tries are used up.

Not here: who answers (gateway.callcenter).
"""

from typing import Final

from gateway.ivr.flow import RESUME, Say, State, Transfer
from gateway.ivr.flows.common import GOODBYE, HELP, MENU

ASKED: Final = "agent.asked"

STATES: Final[tuple[State, ...]] = (
    Transfer(
        name=ASKED,
        prompt="agent.asked",
        on_served=RESUME,
        on_no_agent="agent.none",
        on_queue_left="agent.left",
    ),
    Say(name="agent.none", prompt="agent.none", then=RESUME, must_be_heard=True),
    Say(name="agent.left", prompt="agent.left", then=RESUME),
    Transfer(
        name=HELP,
        prompt="agent.help",
        on_served=MENU,
        on_no_agent=GOODBYE,
        on_queue_left=MENU,
    ),
)
