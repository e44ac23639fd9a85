"""The venue behind a real QuickFIX acceptor, polled by the reactor of its own process.

Order sessions keep what they sent in a FileStore, so that the venue can send its reports again
(PossDup) also after its own restart; market data sessions keep nothing. What is sent to a member
that is logged out stays in the store and follows after its next logon.
Not here: what messages mean (fix.simulator.exchange).
"""

import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import quickfix
import structlog

from fix import marketdata
from fix.fields import SOH
from fix.settings import configuration, session_lines
from risk.domain.errors import TemporaryFailure

log = structlog.get_logger("venue")

POLLS_MAX: Final = 8
_KEEP_SENT: Final = {
    "PersistMessages": "Y",
    "SocketReuseAddress": "Y",
    "AllowedRemoteAddresses": "127.0.0.1",
}


class FromMember(NamedTuple):
    """An application message of a member; an empty text: the member has just logged on."""

    member: str
    text: str


class _Callbacks(quickfix.Application):  # type: ignore[misc]  # quickfix has no types
    """Copies members' messages; lets nothing escape into QuickFIX."""

    def __init__(self) -> None:
        super().__init__()
        self.came: list[FromMember] = []

    def onCreate(self, session_id: quickfix.SessionID) -> None:
        """Nothing to prepare."""

    def onLogon(self, session_id: quickfix.SessionID) -> None:
        """Note the logon."""
        self._guard(lambda: self.came.append(FromMember(_member(session_id), "")))

    def onLogout(self, session_id: quickfix.SessionID) -> None:
        """Nothing to do: what is sent meanwhile follows after the next logon."""

    def toAdmin(self, message: quickfix.Message, session_id: quickfix.SessionID) -> None:
        """Leave it to QuickFIX."""

    def fromAdmin(self, message: quickfix.Message, session_id: quickfix.SessionID) -> None:
        """Leave it to QuickFIX."""

    def toApp(self, message: quickfix.Message, session_id: quickfix.SessionID) -> None:
        """Leave it to QuickFIX."""

    def fromApp(self, message: quickfix.Message, session_id: quickfix.SessionID) -> None:
        """Copy the text."""
        self._guard(lambda: self.came.append(FromMember(_member(session_id), message.toString())))

    def _guard(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:
            log.exception("venue.callback_failed")


class VenuePortTaken(TemporaryFailure):
    """Somebody else listens on the venue's port."""

    code = "venue.port_taken"


class VenueAcceptor:
    """Sessions of the venue with its members, each with an order and a market data session."""

    def __init__(
        self,
        port: int,
        folder: Path,
        comp_id: str,
        members: Sequence[str],
        market_data_members: Sequence[str],
        session_times: tuple[str, str] = ("05:00", "04:59"),
    ) -> None:
        """`port` 0 takes a free one; `members` are the SenderCompIDs(49) they log on with.

        `session_times` are start and end of the session's day in China, as in FixSettings.
        """
        self._acceptor: Any = None  # first: at exit it must go before what it uses
        folder.mkdir(parents=True, exist_ok=True)
        if port:
            _must_be_free(port)
        self.port = port or free_port()
        self.members = tuple(members)
        self.market_data_members = tuple(market_data_members)
        self._ids = {
            member: quickfix.SessionID("FIX.4.4", comp_id, member)
            for member in (*members, *market_data_members)
        }
        self._dictionary = quickfix.DataDictionary(marketdata.DICTIONARY)
        self._callbacks = _Callbacks()
        self._config = quickfix.SessionSettings()
        shared = {
            "ConnectionType": "acceptor",
            "SocketAcceptPort": str(self.port),
            "FileStorePath": str(folder),
        }
        orders = shared | session_lines(*session_times, "") | _KEEP_SENT
        quotes = shared | session_lines(*session_times, marketdata.DICTIONARY)
        self._config.setFromString(configuration(orders, [(comp_id, member) for member in members]))
        for member in market_data_members:
            lines = _dictionary(quotes | {"ResetOnLogon": "Y"})
            self._config.set(self._ids[member], lines)
        self._stores = quickfix.FileStoreFactory(self._config)
        self._acceptor = quickfix.SocketAcceptor(self._callbacks, self._stores, self._config)

    def poll(self) -> list[FromMember]:
        """Read what is there and return it."""
        came: list[FromMember] = []
        for _ in range(POLLS_MAX):
            self._acceptor.poll()
            if not self._callbacks.came:
                break
            came += self._callbacks.came
            self._callbacks.came = []
        return came

    def send(self, member: str, text: str) -> None:
        """Send an application message, now or after the member's next logon."""
        quickfix.Session.sendToTarget(quickfix.Message(text, False), self._ids[member])

    def send_market_data(self, member: str, text: str) -> None:
        """Send W or X to a member that is logged on; the dictionary keeps its group in order.

        QuickFIX drops the last entry of a group that no field follows: a trailer is put behind it.
        """
        message = quickfix.Message(f"{text}10=000{SOH}", self._dictionary, False)
        quickfix.Session.sendToTarget(message, self._ids[member])

    def is_up(self, member: str) -> bool:
        """Whether a member is logged on."""
        return bool(self._session(member).isLoggedOn())

    def drop(self, member: str) -> None:
        """Close a member's connection without a word."""
        self._session(member).disconnect()

    def log_out(self) -> None:
        """Say Logout(5) to everybody; poll until nobody is up."""
        for member in self._ids:
            self._session(member).logout()

    def close(self) -> None:
        """Stop listening and drop the connections."""
        self._acceptor.stop(True)
        self._acceptor = None

    def _session(self, member: str) -> quickfix.Session:
        return self._acceptor.getSession(self._ids[member])


def free_port() -> int:
    """Return a loopback port that is free now: QuickFIX cannot listen on port 0."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _must_be_free(port: int) -> None:
    """Raise VenuePortTaken: QuickFIX would only tell at each poll."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the acceptor does
        try:
            probe.bind(("0.0.0.0", port))
        except OSError as e:
            told = f"port {port}: {e.strerror}: stop what uses it, or give another --port"
            raise VenuePortTaken(told) from e


def _member(session_id: quickfix.SessionID) -> str:
    return str(session_id.getTargetCompID().getValue())


def _dictionary(lines: dict[str, str]) -> quickfix.Dictionary:
    dictionary = quickfix.Dictionary()
    for key, value in lines.items():
        dictionary.setString(key, value)
    return dictionary
