"""When people answer, for a caller whom nobody can answer now. Not here: queueing (the runner)."""

from collections.abc import Mapping

from gateway.ivr.actions.asking import Answer, Answering, Caller, text_of
from gateway.ivr.actions.items import clock_of
from gateway.ivr.actions.ports import PeopleHours
from gateway.ivr.visit import Perform
from gateway.ivr.wishes import Action
from risk.checks.moment import day_number
from risk.domain.ids import trading_day


class PeopleActions:
    """The hours of the people behind the number called; `people` is None where there are none."""

    def __init__(self, people: PeopleHours | None) -> None:
        self._people = people

    def table(self) -> Mapping[Action, Answering]:
        """Return the actions answered here."""
        return {Action.READ_PEOPLE: self.read}

    async def read(self, _: Caller, wish: Perform) -> Answer:
        """closed | busy: outside of their hours, or nobody is free."""
        opens_ns = self._people.opens_ns(text_of(wish, "line_queue")) if self._people else 0
        if not opens_ns:
            return "busy", {}
        return "closed", {
            "people_day": day_number(trading_day(opens_ns)),
            "people_at": clock_of(opens_ns),
        }
