"""A FIX 4.4 venue that says exactly what a test tells it to, true or hostile, byte by byte.

An independent, small session layer (no QuickFIX): it logs on whoever comes, answers test requests
and resend requests (by gap fill), and keeps what it hears.
"""

import time
from typing import Any

from twisted.internet import reactor
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory, Protocol

SOH = "\x01"
_ADMIN = ("0", "1", "2", "3", "4", "5", "A")
Fields = list[tuple[str, Any]]


class ScriptedVenue(Factory):
    """Listens on a free loopback port; one connection at a time."""

    noisy = False

    def __init__(self, comp_id: str = "VENUE", member: str = "HOTLINE") -> None:
        self.comp_id, self.member = comp_id, member
        self.next_out = 1
        self._said: dict[int, tuple[str, Fields, Fields]] = {}
        self.heard: list[dict[str, str]] = []
        self.link: ScriptedLink | None = None
        self._listening: Any = reactor.listenTCP(0, self, interface="127.0.0.1")  # type: ignore[attr-defined]
        self.port: int = self._listening.getHost().port

    def buildProtocol(self, addr: IAddress | None) -> Protocol:
        """Take the newest connection."""
        self.link = ScriptedLink(self)
        return self.link

    def heard_of(self, kind: str) -> list[dict[str, str]]:
        """Return the messages heard of a MsgType(35)."""
        return [message for message in self.heard if message["35"] == kind]

    def say(self, kind: str, fields: Fields, header: Fields | None = None) -> int:
        """Send a message under the next number and return that number."""
        number, self.next_out = self.next_out, self.next_out + 1
        if kind not in _ADMIN:
            self._said[number] = (kind, fields, header or [])
        self.raw(self.text(kind, number, fields, header or []))
        return number

    def say_again(self, begin: int) -> None:
        """Answer a resend request: what was said with PossDup(43)=Y, the rest as gaps."""
        for number in range(begin, self.next_out):
            kind, fields, header = self._said.get(
                number, ("4", [("123", "Y"), ("36", number + 1)], [])
            )
            again = [("43", "Y"), ("122", "20261122-00:00:00")]
            self.raw(self.text(kind, number, fields, again + header))

    def raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        assert self.link is not None
        assert self.link.transport is not None
        self.link.transport.write(data)

    def text(self, kind: str, number: int, fields: Fields, header: Fields | None = None) -> bytes:
        """Return a whole message with right length and checksum."""
        sent = time.strftime("%Y%m%d-%H:%M:%S", time.gmtime())
        head: Fields = [("35", kind), ("49", self.comp_id), ("56", self.member), ("34", number)]
        head += [("52", sent), *(header or [])]
        body = b"".join(
            f"{tag}=".encode() + _bytes(value) + b"\x01" for tag, value in head + fields
        )
        front = f"8=FIX.4.4{SOH}9={len(body)}{SOH}".encode() + body
        return front + f"10={sum(front) % 256:03d}{SOH}".encode()

    def drop(self) -> None:
        """Close the connection."""
        assert self.link is not None
        assert self.link.transport is not None
        self.link.transport.loseConnection()

    async def close(self) -> None:
        """Stop listening."""
        if self.link is not None and self.link.transport is not None:
            self.link.transport.loseConnection()
        await self._listening.stopListening()


class ScriptedLink(Protocol):
    """One connection: cuts messages and answers what a session must answer."""

    def __init__(self, venue: ScriptedVenue) -> None:
        self._venue = venue
        self._buffer = b""

    def dataReceived(self, data: bytes) -> None:
        """Cut whole messages at their checksum."""
        self._buffer += data
        while (end := self._buffer.find(b"\x0110=")) >= 0 and len(self._buffer) >= end + 8:
            text, self._buffer = self._buffer[: end + 8].decode("latin-1"), self._buffer[end + 8 :]
            self._hear(dict(part.split("=", 1) for part in text.split(SOH) if part))

    def _hear(self, message: dict[str, str]) -> None:
        venue = self._venue
        venue.heard.append(message)
        match message["35"]:
            case "A":
                if message.get("141") == "Y":
                    venue.next_out = 1
                venue.say("A", [("98", 0), ("108", 30)])
            case "1":
                venue.say("0", [("112", message["112"])])
            case "2":
                venue.say_again(int(message["7"]))
            case "5":
                venue.say("5", [])


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()
