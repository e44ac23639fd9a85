"""A branch at the gateway's branch door, without sockets and TLS: real frames, real wire messages.

Its certificate is taken for granted. A lost connection is made again with the last event seen, as
the reference client does. Not here: the door's sockets (their own tests use real TLS).
"""

from typing import Any, Final

import msgspec

from gateway.branch import wire
from gateway.branch.frames import ANSWER_BYTES_MAX, FrameReader, framed
from gateway.branch.protocol import BranchLink
from tests.system.life import Life

_decode: Final = wire.decode_answer


class BranchDesk:
    """The program of one branch."""

    def __init__(self, branch_code: str) -> None:
        self.branch_code = branch_code
        self.events: list[wire.OrderEvent] = []
        self.told = 0  # events that the scenario has asked about
        self.day = 0
        self._last_client_seq = 0
        self._life: Life | None = None
        self._link: BranchLink | None = None
        self._frames = FrameReader(ANSWER_BYTES_MAX)
        self._answers: dict[int, Any] = {}

    def connect(self, life: Life) -> None:
        """Connect to a life of the gateway, unless connected to it."""
        if life is self._life or life.is_dead:
            return
        self._life = life
        self._frames = FrameReader(ANSWER_BYTES_MAX)
        self._link = life.branch_link(self.branch_code, self._wake)
        last = self.events[-1].event_seq if self.events else 0
        self._say(wire.Hello(wire.WIRE_VERSION, self.branch_code, last))

    def next_seq(self) -> int:
        """Return a new client_seq."""
        self._last_client_seq += 1
        return self._last_client_seq

    def ask(self, request: wire.Order | wire.Cancel) -> None:
        """Send a request; its answer can be had by `answer_to` when it has come."""
        self._answers.pop(request.client_seq, None)
        self._last_client_seq = max(self._last_client_seq, request.client_seq)
        self._say(request)

    def answer_to(self, client_seq: int) -> Any:
        """Return the answer to a request, None when none came."""
        return self._answers.get(client_seq)

    def _say(self, message: msgspec.Struct) -> None:
        if self._link is not None and self._life is not None and not self._life.is_dead:
            self._link.receive(framed([wire.encode(message)]))

    def _wake(self) -> None:
        """There is something to take; of a dead gateway it does not arrive."""
        assert self._link is not None
        for frame in self._frames.feed(self._link.take()):
            if self._life is None or self._life.is_dead:
                return
            self._received(_decode(frame))

    def _received(self, message: wire.Answer) -> None:
        match message:
            case wire.OrderEvent():
                self.events.append(message)
            case wire.Welcome() | wire.DayStarted():
                self.day = message.day
            case wire.Accepted() | wire.CancelTaken() | wire.Denied() | wire.Invalid():
                self._answers[message.client_seq] = message
            case wire.Refused():
                raise AssertionError(f"the door refused the branch: {message}")
