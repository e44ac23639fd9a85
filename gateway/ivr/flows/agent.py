"""A person: asked for with `0`, or fetched when a known caller's tries are used up.

Not here: who answers (gateway.callcenter).
"""

from typing import Final

from gateway.ivr.flow import RESUME, Do, Say, State, Transfer
from gateway.ivr.flows.common import GOODBYE, HELP, MENU
from gateway.ivr.wishes import Action

ASKED: Final = "agent.asked"

STATES: Final[tuple[State, ...]] = (
    Transfer(
        name=ASKED,
        prompt="agent.asked",
        on_served=RESUME,
        on_no_agent="agent.hours",
        on_queue_left="agent.left",
    ),
    Do(
        name="agent.hours",
        action=Action.READ_PEOPLE,
        exits={"closed": "agent.closed", "busy": "agent.none"},
    ),
    Say(name="agent.closed", prompt="agent.closed", then=RESUME, must_be_heard=True),
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
