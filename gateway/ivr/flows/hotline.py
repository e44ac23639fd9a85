"""The securities hotline as one flow, from greeting to goodbye."""

from typing import Final

from gateway.ivr.flow import CallFlow
from gateway.ivr.flows import cash, last_order, login, order_entry, welcome

HOTLINE: Final = CallFlow(
    start="welcome.language",
    states=(
        *welcome.STATES,
        *login.STATES,
        *order_entry.STATES,
        *cash.STATES,
        *last_order.STATES,
    ),
)
