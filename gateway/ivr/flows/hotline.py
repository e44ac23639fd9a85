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
    notices,
    order_entry,
    pin,
    quote,
    resume,
    statement,
    today,
    welcome,
)

HOTLINE: Final = CallFlow(
    start="welcome.greeting",
    states=(
        *welcome.STATES,
        *login.STATES,
        *resume.STATES,
        *notices.STATES,
        *menus.STATES,
        *order_entry.STATES,
        *cancel.STATES,
        *today.STATES,
        *cash.STATES,
        *quote.STATES,
        *alerts.STATES,
        *statement.STATES,
        *pin.STATES,
        *agent.STATES,
    ),
    agent=agent.ASKED,
)
