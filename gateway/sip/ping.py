"""Asks the trunks we call whether they are up, by OPTIONS (RFC 3261 §11).

Not here: what a trunk that is down means for calls (gateway.sip.dialler).
"""

from collections.abc import Callable, Iterable
from typing import Final

from gateway.core.tasks import Tasks
from gateway.sip.headers import NameAddr
from gateway.sip.message import MAX_FORWARDS_DEFAULT, Headers, Request, Response
from gateway.sip.sdp import CONTENT_TYPE
from gateway.sip.trunks import Trunk
from gateway.sip.uri import Uri
from gateway.sip.useragent import UserAgent
from gateway.sip.wire import Hop

UNWELL: Final = frozenset({408, 503})  # an answer that says it cannot serve


class TrunkPing:
    """Asks each trunk every `ping_s` seconds; no answer until the next time is a miss."""

    def __init__(self, trunks: Iterable[Trunk], agent: UserAgent, tasks: Tasks) -> None:
        self._trunks = [trunk for trunk in trunks if trunk.hop and trunk.settings.ping_s]
        self._agent = agent
        self._tasks = tasks
        self._waiting: dict[str, int] = {}  # the number of the ping that is not answered yet
        self._count = 0

    def start(self) -> None:
        """Ask all trunks now, and from now on."""
        for trunk in self._trunks:
            self._ask(trunk)
            self._every(trunk)

    def _every(self, trunk: Trunk) -> None:
        self._tasks.every("sip.ping", trunk.settings.ping_s, lambda: self._ask(trunk))

    def _ask(self, trunk: Trunk) -> None:
        assert trunk.hop is not None
        if trunk.name in self._waiting:
            trunk.missed()
        self._count += 1
        number = self._waiting[trunk.name] = self._count
        host, port, _ = trunk.hop
        ask(
            self._agent,
            Uri("sip", host=host, port=port),
            trunk.hop,
            lambda status: self._answered(trunk, number, status),
        )

    def _answered(self, trunk: Trunk, number: int, status: int) -> None:
        if status and status not in UNWELL:
            self._waiting.pop(trunk.name, None)
            trunk.answered()
        elif self._waiting.get(trunk.name) == number:  # not counted as a miss before
            del self._waiting[trunk.name]
            trunk.missed()


def ask(agent: UserAgent, to: Uri, peer: Hop, on_status: Callable[[int], None]) -> None:
    """Send OPTIONS; `on_status` gets the final status, 0 when none came."""
    via = agent.transactions.new_via(peer.transport)
    name = agent.settings.server_name
    rows = [
        ("Via", str(via)),
        ("Max-Forwards", str(MAX_FORWARDS_DEFAULT)),
        ("From", str(NameAddr(Uri("sip", name, via.host)).tagged(agent.new_token()))),
        ("To", str(NameAddr(to))),
        ("Call-ID", f"{agent.new_token()}@{via.host}"),
        ("CSeq", "1 OPTIONS"),
        ("Contact", agent.contact_by(peer.transport)),
        ("Accept", CONTENT_TYPE),
        ("User-Agent", name),
    ]

    def answered(response: Response) -> None:
        if response.status >= 200:
            on_status(response.status)

    request = Request("OPTIONS", to, Headers(rows))
    agent.transactions.start(request, peer, answered, lambda: on_status(0))
