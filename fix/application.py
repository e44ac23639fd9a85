"""The QuickFIX callbacks: copy text out, note what happened, let nothing escape.

An exception that escapes a Python callback ends QuickFIX's work, and a message kept past its
callback is a segmentation fault (both measured), so a callback only appends a value of ours to a
list. The list is emptied after `poll()` returns, outside QuickFIX (fix.sessions).
Not here: decoding and decisions.
"""

import enum
from collections.abc import Callable
from typing import Final, NamedTuple, TypeVar

import quickfix
import structlog

from fix import metrics
from fix.fields import SOH

log = structlog.get_logger("fix")

T = TypeVar("T")
_MSG_TYPE: Final = f"{SOH}35="


class Happening(enum.Enum):
    """What a callback told."""

    LOGGED_ON = "logged_on"
    LOGGED_OUT = "logged_out"
    MESSAGE = "message"  # application message of the venue
    ADMIN = "admin"  # Reject(3) or Logout(5) of the venue
    OUR_ADMIN = "our_admin"  # Reject(3) or Logout(5) that QuickFIX sends in our name


class Happened(NamedTuple):
    """One happening and the text of its message, if it has one."""

    what: Happening
    text: str = ""


def msg_type(text: str) -> str:
    """Return MsgType(35) of a message's text, "" when it has none."""
    start = text.find(_MSG_TYPE)
    if start < 0:
        return ""
    return text[start + len(_MSG_TYPE) : text.find(SOH, start + 1)]


def guarded(work: Callable[[T], object], value: T) -> None:
    """Run work on a value; count and log a bug in it, so that it costs this value and no more.

    Nothing may escape into QuickFIX, and no message may take those behind it along: QuickFIX has
    counted them as received.
    """
    try:
        work(value)
    except Exception:
        metrics.CALLBACK_FAILURES.inc()
        log.exception("fix.callback_failed", work=getattr(work, "__qualname__", "?"))


class Callbacks(quickfix.Application):  # type: ignore[misc]  # quickfix has no types
    """Callbacks of one session. They run on the thread that polls or sends."""

    def __init__(self, on_logon_going_out: Callable[[quickfix.Message], None]) -> None:
        super().__init__()
        self._on_logon_going_out = on_logon_going_out
        self.happened: list[Happened] = []

    def onCreate(self, session_id: quickfix.SessionID) -> None:
        """Nothing to prepare."""

    def onLogon(self, session_id: quickfix.SessionID) -> None:
        """Note that messages may go out."""
        self.happened.append(Happened(Happening.LOGGED_ON))

    def onLogout(self, session_id: quickfix.SessionID) -> None:
        """Note that nothing more goes out."""
        self.happened.append(Happened(Happening.LOGGED_OUT))

    def toAdmin(self, message: quickfix.Message, session_id: quickfix.SessionID) -> None:
        """Let the session prepare its Logon(A); note what QuickFIX refuses in our name."""
        guarded(self._our_admin, message)

    def fromAdmin(self, message: quickfix.Message, session_id: quickfix.SessionID) -> None:
        """Note Reject(3) and Logout(5); QuickFIX deals with the rest."""
        guarded(self._admin, message)

    def toApp(self, message: quickfix.Message, session_id: quickfix.SessionID) -> None:
        """Leave application messages as they are."""

    def fromApp(self, message: quickfix.Message, session_id: quickfix.SessionID) -> None:
        """Copy the text of an application message."""
        guarded(self._message, message)

    def _message(self, message: quickfix.Message) -> None:
        self.happened.append(Happened(Happening.MESSAGE, message.toString()))

    def _admin(self, message: quickfix.Message) -> None:
        text = message.toString()
        if msg_type(text) in ("3", "5"):
            self.happened.append(Happened(Happening.ADMIN, text))

    def _our_admin(self, message: quickfix.Message) -> None:
        text = message.toString()
        kind = msg_type(text)
        if kind == "A":
            self._on_logon_going_out(message)
        elif kind in ("3", "5"):
            self.happened.append(Happened(Happening.OUR_ADMIN, text))
