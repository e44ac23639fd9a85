"""What a call needs of its user agent, and of who knows a password. Only interfaces.

Not here: the user agent (gateway.sip.useragent), digest answers (gateway.sip.digest).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from twisted.internet.interfaces import IReactorTime

from gateway.sip.settings import SipSettings
from gateway.sip.transactions import Transactions
from gateway.sip.wire import Hop, Timers

if TYPE_CHECKING:
    from gateway.sip.calls import Call


class Credentials(Protocol):
    """Answers challenges of one peer (gateway.sip.digest.Credentials)."""

    def answer(self, challenges: Sequence[str], method: str, uri: str) -> str | None:
        """Return the Authorization value, None when no challenge can be answered.

        Raises SipError for a malformed one.
        """
        ...


class CallHouse(Protocol):
    """What a call needs of its user agent."""

    settings: SipSettings
    clock: IReactorTime
    timers: Timers
    transactions: Transactions

    def contact_by(self, transport: str, scheme: str = "sip") -> str:
        """Return our Contact value for a peer that is reached by that transport."""
        ...

    def knows(self, hop: Hop) -> bool:
        """Return True for a host that a far end may send our call to."""
        ...

    def new_token(self) -> str:
        """Return 16 hex digits nobody can guess."""
        ...

    def joined(self, call: "Call") -> None:
        """The call has a dialog now: its requests are to be given to it."""

    def left(self, call: "Call") -> None:
        """The call is over."""
