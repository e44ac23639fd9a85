"""The securities hotline as one flow, from greeting to goodbye."""

from typing import Final

from gateway.ivr.flow import CallFlow
from gateway.ivr.flows import (
    agent,
    alerts,
    cancel,
    cash,
    login,
    menus,
    order_entry,
    quote,
    statement,
    today,
    welcome,
)

HOTLINE: Final = CallFlow(
    start="welcome.greeting",
    states=(
        *welcome.STATES,
        *login.STATES,
        *menus.STATES,
        *order_entry.STATES,
        *cancel.STATES,
        *today.STATES,
        *cash.STATES,
        *quote.STATES,
        *alerts.STATES,
        *statement.STATES,
        *agent.STATES,
    ),
    agent=agent.ASKED,
)
