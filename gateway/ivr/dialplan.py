"""Which call flow a dialled number gets. Not here: hours and customer tiers (a later release)."""

from collections.abc import Mapping
from typing import Final

from gateway.ivr.flow import CallFlow
from gateway.ivr.flows.hotline import HOTLINE
from risk.domain.errors import ConfigError

FLOWS: Final[Mapping[str, CallFlow]] = {"hotline": HOTLINE}
DEFAULT: Final = "hotline"


class Dialplan:
    """Numbers dialled and their flows. Raises ConfigError for a flow that does not exist."""

    def __init__(self, numbers: Mapping[str, str]) -> None:
        for number, name in numbers.items():
            if name not in FLOWS:
                known = ", ".join(FLOWS)
                raise ConfigError(f"phone.numbers.{number}", f"must be {known}, was {name!r}")
        self._numbers = dict(numbers)

    def flow_of(self, dnis: str) -> CallFlow:
        """Return the flow of a dialled number, the hotline for any that is not listed."""
        return FLOWS[self._numbers.get(dnis, DEFAULT)]
