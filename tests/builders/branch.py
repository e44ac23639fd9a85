"""The branch door for tests: certificates made once, messages valid by default."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
from twisted.internet.task import Clock

from gateway.branch import wire
from gateway.branch.certificates import make_certificates
from gateway.branch.frames import ANSWER_BYTES_MAX, FrameReader, framed
from gateway.branch.protocol import BranchLink
from gateway.branch.pushes import Pushes
from gateway.branch.settings import BranchSettings
from gateway.core.bus import Bus
from gateway.core.queries import Queries
from gateway.core.replies import Replies
from gateway.core.sequencer import Sequencer
from gateway.journal.codec import pack_event, unpack_event
from risk.book.account_book import AccountBook
from tests.builders.core import HeldJournal
from tests.builders.heart import DAY, SETUP, Morning, step_of

BRANCHES = ("10001", "20001")


@cache
def _folder() -> TemporaryDirectory[str]:
    folder = TemporaryDirectory(prefix="hotline-branch-")
    make_certificates(Path(folder.name) / "keys", BRANCHES)
    return folder


def data_folder() -> Path:
    """Return a data folder with the certificates of BRANCHES, gone when the tests end."""
    return Path(_folder().name)


def hello(branch_code: str = "10001", **changed: object) -> wire.Hello:
    """Return a hello of this version."""
    fields: dict[str, object] = {"version": wire.WIRE_VERSION, "branch_code": branch_code}
    return wire.Hello(**{**fields, **changed})  # type: ignore[arg-type]


def an_order(client_seq: int, account_no: str = "10000001", **changed: object) -> wire.Order:
    """Return an order that the rules accept."""
    fields: dict[str, object] = {
        "day": DAY,
        "client_seq": client_seq,
        "account_no": account_no,
        "symbol": "600000",
        "side": 1,
        "qty": 100 * (client_seq % 50 + 1),
        "price": "10.00",
    }
    return wire.Order(**{**fields, **changed})  # type: ignore[arg-type]


SETTINGS = BranchSettings(in_flight_max=3, heartbeat_s=10)


class Door:
    """A heart and links to it; every turn is committed unless the disk is held."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.now_ns = Morning()
        self.book = AccountBook()
        self.journal = HeldJournal()
        self.bus = Bus()
        self.sequencer = Sequencer(
            step_of(self.book),
            self.journal,
            self.bus,
            Replies(pack_event, unpack_event),
            self.clock,
            self.now_ns,
            lambda error: None,
        )
        self.sequencer.accept(True)
        self.queries = Queries(self.book, self.sequencer)
        self.pushes = Pushes(self.queries.branch_of, self.bus.durable_seq)
        self.bus.subscribe("branch", self.pushes.on_events)
        for command in SETUP:
            self.sequencer.submit(command)
        self.settle()

    def settle(self) -> None:
        """Decide and commit what was submitted."""
        self.clock.advance(0)
        self.journal.commit()

    def peer(self, branch_code: str = "10001", greets: bool = True) -> "Peer":
        """Return a new connection of a branch."""
        peer = Peer(self, branch_code)
        if greets:
            peer.say(hello(branch_code))
            assert isinstance(peer.heard()[0], wire.Welcome)
        return peer


class Peer:
    """The branch's end of a link."""

    def __init__(self, door: Door, branch_code: str) -> None:
        self.wakes = 0
        self.door = door
        self.link = BranchLink(
            branch_code,
            door.sequencer,
            door.queries,
            door.pushes,
            SETTINGS,
            door.clock,
            door.now_ns,
            self._wake,
        )
        self._frames = FrameReader(ANSWER_BYTES_MAX)

    def _wake(self) -> None:
        self.wakes += 1

    def say(self, *messages: Any) -> None:
        """Send messages in one piece."""
        self.link.receive(framed(wire.encode(message) for message in messages))

    def heard(self) -> list[Any]:
        """Return the messages that came, let pending turns happen first."""
        self.door.settle()
        return [wire.decode_answer(frame) for frame in self._frames.feed(self.link.take())]

    def answers(self) -> list[Any]:
        """Return what was heard but pushes."""
        return [message for message in self.heard() if not isinstance(message, wire.OrderEvent)]


def raw(message: Any, **changed: object) -> dict[str, object]:
    """Return a message as a map, changed."""
    return {**msgspec.msgpack.decode(wire.encode(message)), **changed}
