"""A caller with the people who answer: the ticket's news become inputs and notes.

While a caller is queued or talks, the desk plays on the leg and the flow is silent. Not here:
queues and agents (gateway.callcenter).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from gateway.ivr.call_notes import CallNotes
from gateway.ivr.dialplan import Line
from gateway.ivr.live_call import LiveCall
from gateway.ivr.visit import Input, Parting, PersonAnswered, PersonLeft, Visit
from gateway.media.port import Leg
from gateway.sip.desk_port import AgentDesk, CallerCard, Ticket, TicketEnd
from risk.domain.fixedpoint import format_e4

# Values of an order under way that are handed over, by the state that follows their entry.
DRAFT: Final[Mapping[str, tuple[str, ...]]] = {
    "order.symbol": ("side_word",),
    "order.price": ("symbol", "security"),
    "order.qty": ("price",),
    "order.confirm": ("qty",),
}
PARTINGS: Final[Mapping[TicketEnd, Parting]] = {
    TicketEnd.SERVED: Parting.SERVED,
    TicketEnd.LEFT: Parting.QUEUE_LEFT,
    TicketEnd.NO_AGENT: Parting.NO_AGENT,
    TicketEnd.CLOSED: Parting.NO_AGENT,
    TicketEnd.FULL: Parting.NO_AGENT,
    TicketEnd.TOO_LONG: Parting.NO_AGENT,
}  # the others end with the call


class DeskTalk:
    """One call and the desk; `desk` is None where nobody answers."""

    def __init__(
        self,
        call: LiveCall,
        line: Line,
        desk: AgentDesk | None,
        notes: CallNotes,
        give: Callable[[Input], None],
    ) -> None:
        self._call, self._line, self._desk = call, line, desk
        self._notes, self._give = notes, give
        self._ticket: Ticket | None = None

    def enqueue(self, leg: Leg, queue: str, visit: Visit) -> None:
        """Hand the caller over, with what is known."""
        if self._desk is None:
            self._give(PersonLeft(Parting.NO_AGENT))
            return
        card = self._card(queue, visit)
        self._notes.agent(f"queued {card.queue or 'anybody'}")
        ticket = self._ticket = self._desk.enqueue(card, leg, self._call)
        ticket.on_place(lambda place, wait_s: self._notes.agent(f"place {place} wait {wait_s} s"))
        ticket.on_answered(self._answered)
        ticket.on_ended(self._ended)

    def leave(self) -> None:
        """Take the caller back."""
        if self._ticket is not None:
            self._ticket.leave()

    def _answered(self, agent: str) -> None:
        self._notes.agent(f"answered {agent}")
        self._give(PersonAnswered())

    def _ended(self, end: TicketEnd) -> None:
        self._ticket = None
        self._notes.agent(f"ended {end.value}")
        if end in PARTINGS:
            self._give(PersonLeft(PARTINGS[end]))

    def _card(self, queue: str, visit: Visit) -> CallerCard:
        # What was only keyed as an account may be a PIN, keyed in the wrong place: nobody sees it.
        account_no = str(visit.values.get("verified_account_no", ""))
        return CallerCard(
            call_no=self._call.call_no,
            ani=self._call.ani,
            dnis=self._call.dnis,
            queue=queue or self._line.queue,
            language=visit.language,
            branch_code=self._line.branch_code,
            account_no=account_no,
            is_verified=bool(account_no),
            path=self._notes.path,
            draft=draft_of(self._notes.path, visit.values),
            is_slow=visit.is_elder,
        )


def draft_of(path: Sequence[str], values: Mapping[str, object]) -> Mapping[str, str]:
    """Return what was keyed of an order the caller was about to place; nothing of earlier ones."""
    if "order.symbol" not in path:
        return {}
    since = path[len(path) - 1 - list(reversed(path)).index("order.symbol") : -1]
    if not all(state.startswith("order.") for state in since) or "order.submit" in since:
        return {}
    names = [name for state, names in DRAFT.items() if state in since for name in names]
    return {name: _text(name, values[name]) for name in names}


def _text(name: str, value: object) -> str:
    return format_e4(value) if name == "price" and isinstance(value, int) else str(value)
