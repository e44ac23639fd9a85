"""A dialler on a virtual clock, and carriers that answer as a test says."""

import itertools

from gateway.core.tasks import Tasks
from gateway.media.port import RtpPeer
from gateway.sip.dialled_call import DialledCall
from gateway.sip.dialler import Dialler
from gateway.sip.edge_settings import TrunkSettings
from gateway.sip.message import Request
from gateway.sip.ping import TrunkPing
from gateway.sip.wire import Hop
from tests.builders.gate import GatedExchange
from tests.builders.sip import OFFER, RTP

HOSTS = {"a": "203.0.113.1", "b": "203.0.113.2", "c": "203.0.113.3"}


def an_exit(name: str, **settings: object) -> TrunkSettings:
    """Return a trunk that our calls go to."""
    host = HOSTS[name]
    return TrunkSettings(**{"name": name, "hosts": (host,), "address": host, **settings})  # type: ignore[arg-type]


class Carriers(GatedExchange):
    """Trunks a and b by priority, unless others are given; what each was sent is in `sent_to`."""

    def __init__(self, *trunks: TrunkSettings, **settings: object) -> None:
        some = trunks or (an_exit("a", priority=1), an_exit("b", priority=2))
        super().__init__(**{"trunks": some, "own_numbers": ("95500",), **settings})
        self.tasks = Tasks(self.clock)
        self.picks: list[int] = []
        numbers = itertools.count(1)
        self.dialler = Dialler(
            self.settings,
            self.trunks,
            self.agent,
            self.tasks,
            self._pick,
            lambda: f"dialled-{next(numbers)}",
        )
        self.ping = TrunkPing(self.trunks, self.agent, self.tasks)
        self.told: list[str] = []
        self.peers: list[RtpPeer] = []
        self._invites: dict[str, Request] = {}

    def _pick(self, below: int) -> int:
        return min(self.picks.pop(0), below - 1) if self.picks else 0

    def place(self, number: str = "13800138000", ani: str = "95500") -> DialledCall:
        """Call; what the call tells goes to `told`."""
        call = self.dialler.place(number, ani, RTP)
        call.on_ringing(lambda: self.told.append("ringing"))
        call.on_answered(lambda peer: self.told.append("answered"))
        call.on_answered(self.peers.append)
        call.on_closed(lambda reason: self.told.append(reason.value))
        return call

    def sent_to(self) -> list[str]:
        """Return what was sent since the last look, as "trunk METHOD" or "trunk status"."""
        names = {host: name for name, host in HOSTS.items()}
        said = []
        for message, hop in self.wire.sent:
            word = message.method if isinstance(message, Request) else str(message.status)
            said.append(f"{names[hop.host]} {word}")
            if isinstance(message, Request):
                self._invites[f"{names[hop.host]} {message.method}"] = message
        self.wire.sent.clear()
        return said

    def reply(self, name: str, status: int, method: str = "INVITE", contact: str = "") -> None:
        """Let the carrier answer the last request of that method that it was sent."""
        request = self._invites[f"{name} {method}"]
        body = OFFER if status == 200 and method == "INVITE" else ""
        lines = [
            f"SIP/2.0 {status} Whatever",
            f"Via: {request.via}",
            f"From: {request.sender}",
            f"To: {request.to}" + ("" if request.to.tag else f";tag={name}"),
            f"Call-ID: {request.call_id}",
            f"CSeq: {request.cseq}",
            f"Contact: <sip:x@{contact or HOSTS[name]}>",
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        self.wire.arrive("\r\n".join(lines) + "\r\n\r\n" + body, Hop(HOSTS[name], 5060))

    def sent(self, name: str, method: str = "INVITE") -> Request:
        """Return the last request of that method to that trunk."""
        return self._invites[f"{name} {method}"]
