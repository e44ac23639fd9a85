"""Number dialled -> line: whose it is, its flow, greeting, languages and queue.

The unified number and each branch's own number are all lines of one door; an order books to the
branch of its client whichever was dialled. Not here: hours (the flow asks for them).
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from gateway.ivr.flow import CallFlow
from gateway.ivr.flows.hotline import HOTLINE
from gateway.ivr.flows.notice_call import NOTICE_CALL
from gateway.ivr.settings import LineSettings
from gateway.sip.caller import e164
from risk.domain.enums import Language
from risk.domain.errors import ConfigError

FLOWS: Final[Mapping[str, CallFlow]] = {"hotline": HOTLINE}
OUR_CALLS: Final[Mapping[str, CallFlow]] = {"notice_call": NOTICE_CALL}  # nobody can dial them


class Line(NamedTuple):
    """A number dialled. An empty `branch_code` is the whole firm, an empty `queue` anybody."""

    flow: CallFlow = HOTLINE
    branch_code: str = ""
    greeting: str = "welcome.greeting"
    languages: tuple[Language, ...] = tuple(Language)
    queue: str = ""
    is_query_only: bool = False

    def start_values(self) -> Mapping[str, object]:
        """Return what the flow knows of a call from its first moment."""
        return {
            "greeting": self.greeting,
            "line_branch_code": self.branch_code,
            "line_queue": self.queue,
            "line_query_only": self.is_query_only,
            "line_languages": "one" if len(self.languages) == 1 else "both",
            "language": self.languages[0],
        }


class Dialplan:
    """The lines by number. Raises ConfigError for a number listed twice or a flow unknown."""

    def __init__(self, lines: Iterable[LineSettings]) -> None:
        self._lines: dict[str, Line] = {}
        for n, line in enumerate(lines):
            path = f"phone.lines[{n}]"
            if line.flow not in FLOWS:
                known = ", ".join(FLOWS)
                raise ConfigError(f"{path}.flow", f"must be {known}, was {line.flow!r}")
            number = e164(line.number)
            if number in self._lines:
                raise ConfigError(f"{path}.number", f"is listed twice: {line.number!r}")
            self._lines[number] = Line(
                FLOWS[line.flow],
                line.branch_code,
                line.greeting,
                tuple(Language[name.upper()] for name in dict.fromkeys(line.languages)),
                line.queue,
                line.is_query_only,
            )

    def line_of(self, dnis: str) -> Line:
        """Return the line of a number dialled; the firm's for any that is not listed."""
        return self._lines.get(e164(dnis), Line())

    def greetings(self) -> tuple[str, ...]:
        """Return the prompt keys of all greetings."""
        return tuple(dict.fromkeys([Line().greeting, *(x.greeting for x in self._lines.values())]))
