"""Settings of the call centre: [callcenter] in hotline.toml, its queues and its agents.

Not here: the agents' phones as SIP sees them, with their passwords ([[sip.phones]]).
"""

from collections.abc import Iterable
from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway.callcenter.hours import OpenHours

Number = Annotated[str, Meta(pattern=r"^[0-9]{1,8}$")]
Skills = tuple[Annotated[str, Meta(min_length=1, max_length=40)], ...]


class QueueSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[[callcenter.queues]]: one line of waiting callers."""

    name: Annotated[str, Meta(min_length=1, max_length=40, description="As call flows name it.")]
    number: Annotated[Number, Meta(description="What an agent keys to pass a call here.")]
    skills: Annotated[
        Skills, Meta(max_length=16, description="What an agent must be able to do, all of it.")
    ] = ()
    priority: Annotated[
        int, Meta(ge=-100, le=100, description="Calls of a higher one are answered first.")
    ] = 0
    hours: Annotated[
        tuple[str, ...],
        Meta(max_length=32, description='Such as "mon-fri 08:30-11:30"; none is always open.'),
    ] = ()
    waiting_max: Annotated[
        int, Meta(ge=1, le=10_000, description="Callers who may wait; one more is turned away.")
    ] = 50
    wait_s_max: Annotated[
        float, Meta(gt=0, le=7_200, description="Longest wait, then the caller goes back.")
    ] = 300.0
    waits_without_agents: Annotated[
        bool, Meta(description="Whether callers wait while no agent of the queue is at work.")
    ] = False

    def __post_init__(self) -> None:
        """Raises ValueError for hours that cannot be read."""
        OpenHours(self.hours)


class AgentSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[[callcenter.agents]]: one person who answers, at one registered phone."""

    name: Annotated[str, Meta(min_length=1, max_length=40, description="Unique; shown in records.")]
    number: Annotated[Number, Meta(description="What another agent keys to pass a call here.")]
    phone: Annotated[str, Meta(min_length=1, max_length=60, description="User of [[sip.phones]].")]
    skills: Annotated[Skills, Meta(max_length=64, description="What the agent can do.")] = ()
    languages: Annotated[
        tuple[Literal["zh", "en"], ...], Meta(min_length=1, max_length=2, description="Spoken.")
    ] = ("zh", "en")
    branch_code: Annotated[
        str,
        Meta(pattern=r"^([0-9]{5})?$", description="Serves only this branch; empty serves all."),
    ] = ""


class CallCenterSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[callcenter]: who answers whom, and the times that end every wait."""

    queues: Annotated[
        tuple[QueueSettings, ...],
        Meta(max_length=200, description="Queues; the first is for lines that name none."),
    ] = ()
    agents: Annotated[
        tuple[AgentSettings, ...], Meta(max_length=2_000, description="People who answer.")
    ] = ()
    ready_on_login: Annotated[
        bool, Meta(description="True: an agent takes calls as soon as the phone is registered.")
    ] = True
    ring_s: Annotated[
        float, Meta(ge=1, le=120, description="An agent who does not answer so long is passed by.")
    ] = 20.0
    misses_max: Annotated[
        int, Meta(ge=1, le=100, description="Rings missed in a row after which an agent is away.")
    ] = 2
    wrap_up_s: Annotated[
        float, Meta(ge=0, le=3_600, description="No call for an agent so long after a call.")
    ] = 15.0
    busy_s: Annotated[
        float, Meta(ge=1, le=600, description="A phone that was busy is left alone so long.")
    ] = 10.0
    unreachable_s: Annotated[
        float, Meta(ge=1, le=600, description="So is one that was lost or did not react.")
    ] = 30.0
    react_s: Annotated[
        float, Meta(ge=1, le=60, description="A phone that says nothing at all so long is gone.")
    ] = 5.0
    quiet_s: Annotated[
        float,
        Meta(
            ge=0, le=300, description="An agent's link without sound so long is lost; 0 is never."
        ),
    ] = 10.0
    place_every_s: Annotated[
        float,
        Meta(ge=5, le=600, description="Between two announcements of the place in the queue."),
    ] = 30.0
    music_file: Annotated[
        str, Meta(description="WAV heard while waiting; empty is a ringback tone.")
    ] = ""
    service_level_s: Annotated[
        float, Meta(gt=0, le=600, description="Answered within this counts for the service level.")
    ] = 20.0
    short_abandon_s: Annotated[
        float, Meta(ge=0, le=60, description="Callers gone sooner are not counted as abandoned.")
    ] = 5.0

    def __post_init__(self) -> None:
        """Raises ValueError for a name, number or phone used twice."""
        _unique("queue name", (queue.name for queue in self.queues))
        _unique("agent name", (agent.name for agent in self.agents))
        _unique("agent phone", (agent.phone for agent in self.agents))
        numbers = [queue.number for queue in self.queues]
        _unique("number", numbers + [agent.number for agent in self.agents])


def _unique(what: str, values: Iterable[str]) -> None:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise ValueError(f"{what} {value!r} is there twice: give each its own")
        seen.add(value)
