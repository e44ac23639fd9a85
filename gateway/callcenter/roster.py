"""Calls and agents as the ACD machine holds them, and who may serve whom.

One attempt ties one call to one agent, and is the only tie: an agent is busy exactly while an
attempt names the agent, so none can be left busy by a call that is over.
Not here: what changes them (gateway.callcenter.acd).
"""

import enum
from dataclasses import dataclass, field

from gateway.callcenter.events import AgentState
from gateway.callcenter.settings import AgentSettings, QueueSettings
from gateway.callcenter.signals import Arrived


class CallState(enum.Enum):
    """Where a queued call stands; a call that is over is forgotten."""

    WAITING = "waiting"
    RINGING = "ringing"
    TALKING = "talking"
    HELD = "held"


class Rest(enum.Enum):
    """Why an agent at work is let alone for a while."""

    WRAP_UP = "wrap_up"
    SETTLING = "settling"  # a cancelled ring is still on its way out of the phone
    BUSY = "busy"
    UNREACHABLE = "unreachable"


class Away(enum.Enum):
    """Why an agent takes no calls."""

    OWN_WISH = "own_wish"
    MISSED = "missed"


@dataclass(eq=False, slots=True)
class Attempt:
    """One ringing of one agent for one call, and the talk that follows."""

    attempt_no: int
    agent: "Agent"
    call: "QueuedCall"
    answered_ns: int = 0
    held_since_ns: int = 0
    held_ns: int = 0


@dataclass(eq=False, slots=True)
class QueuedCall:
    """A caller who wants a person."""

    card: Arrived
    queue: QueueSettings
    arrived_ns: int
    arrival_no: int
    state: CallState = CallState.WAITING
    attempt: Attempt | None = None
    first_answer_ns: int = 0
    is_returned: bool = False  # passed on or lost by an agent: first of all
    is_overdue: bool = False  # the longest wait ended while it rang
    owes_place: bool = False  # the place was to be told while it rang
    wanted_agent: str = ""

    @property
    def call_no(self) -> str:
        """Number of the call."""
        return self.card.call_no

    @property
    def rank(self) -> tuple[bool, int, int]:
        """Order of answering: returned calls, then priority, then arrival."""
        return (not self.is_returned, -(self.queue.priority + self.card.priority), self.arrival_no)


@dataclass(eq=False, slots=True)
class Agent:
    """A person who answers. `ready_no` rises with every change to READY: least is longest idle."""

    settings: AgentSettings
    is_on: bool = False
    away: Away | None = None
    rest: Rest | None = None
    attempt: Attempt | None = None
    misses: int = 0
    ready_no: int = 0
    told: AgentState = AgentState.OFFLINE
    skills: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self.skills = frozenset(self.settings.skills)

    @property
    def name(self) -> str:
        """Name of the agent."""
        return self.settings.name

    @property
    def state(self) -> AgentState:
        """What the agent is doing, from the facts."""
        if self.attempt is not None:
            return AgentState.TALKING if self.attempt.answered_ns else AgentState.RINGING
        if not self.is_on:
            return AgentState.OFFLINE
        if self.rest is not None:
            return AgentState.WRAP_UP if self.rest is Rest.WRAP_UP else AgentState.RESTING
        return AgentState.AWAY if self.away is not None else AgentState.READY

    @property
    def is_at_work(self) -> bool:
        """True when a caller who waits may hope for this agent."""
        return self.is_on and self.away is None

    def may_serve(self, call: QueuedCall) -> bool:
        """Return whether the agent has the skills, the language and the branch of the call."""
        if call.wanted_agent:
            return call.wanted_agent == self.name
        branch, caller_branch = self.settings.branch_code, call.card.branch_code
        return (
            self.skills.issuperset(call.queue.skills)
            and call.card.language.name.lower() in self.settings.languages
            and (not branch or not caller_branch or branch == caller_branch)
        )
