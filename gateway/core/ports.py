"""What the heart needs from the floors above: protocols and the values they exchange.

Not here: implementations (gateway.journal is the journal, gateway.app puts them together).
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from twisted.internet.defer import Deferred

from risk.domain.commands import Command
from risk.domain.errors import TemporaryFailure
from risk.domain.events import Event

NowNs = Callable[[], int]  # wall clock, Unix time in ns
Step = Callable[[Sequence[Command], int], list[list[Event]]]
"""Decide and apply in memory: commands and the wall clock in ns -> the events of each command.

Every command leads to at least one event; the first is the answer to who asked.
"""


class Batch(NamedTuple):
    """The commands of one turn and the events each of them caused.

    Events have consecutive numbers over the life of the journal: the first event of the batch is
    `first_seq`, then every event of the first command, then those of the second, and so on.
    """

    first_seq: int
    at_ns: int
    commands: Sequence[Command]
    events: Sequence[Sequence[Event]]

    @property
    def next_seq(self) -> int:
        """Number of the first event after this batch."""
        return self.first_seq + sum(len(caused) for caused in self.events)


class Journal(Protocol):
    """Durable log of batches. Used on the reactor thread only."""

    @property
    def has_room(self) -> bool:
        """Whether one more batch may be appended now."""

    def append(self, batch: Batch) -> "Deferred[None]":
        """Write the batch; fires on the reactor thread once it is durable, in append order.

        Fails with a HotlineError when it is not known to be durable; every later append then
        fails as well.
        """


class AcceptanceStopped(TemporaryFailure):
    """The gateway failed and takes nothing any more; the command was certainly not taken."""

    code = "core.acceptance_stopped"


class OutcomeUnknown(TemporaryFailure):
    """The command may or may not have been made durable: ask again with the same request_id."""

    code = "core.outcome_unknown"
