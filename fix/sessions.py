"""One FIX session: a QuickFIX initiator that the reactor polls, its numbers and its logon state.

QuickFIX runs on the reactor thread through `poll()`, never in threads of its own: with a busy
reactor its threads wait up to 5 ms for the interpreter at every callback (docs/decisions). `poll()`
never waits, sending never blocks, and the store in memory writes no file.

Message numbers. Inbound: start-up expects the last number in our journal + 1, so the venue sends
again what we had not made durable. Outgoing: fix.numbers. "MsgSeqNum too low" about our number:
the venue names the one it expects and we go on there. About the venue's number: the venue lost its
own; we refuse to log on, or restart both sides at 1 if the settings say so (`reset_lost_numbers`).
Not here: what messages mean (fix.edge).
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

import quickfix
import structlog

from fix import metrics
from fix.application import Callbacks, Happened, Happening, guarded, msg_type
from fix.fields import SEQ_NUM_MAX, SOH, TEXT, FieldProblem, free_text, split
from fix.message_log import IN, OUT, MessageLog
from fix.numbers import NumbersUnwritable, OutgoingNumbers
from fix.settings import FixSettings, initiator_text, start_second
from risk.domain.ids import NS, trading_day

log = structlog.get_logger("fix")

POLLS_MAX: Final = 8  # per turn of the reactor; one poll reads 8 KiB, some 30 reports
_TOO_LOW: Final = re.compile(r"too low.{0,40}expecting (\d{1,16})", re.ASCII | re.IGNORECASE)
_RESET_SEQ_NUM_FLAG: Final = 141


class SessionUser(Protocol):
    """Who is told about a session, always outside QuickFIX, on the reactor thread."""

    def session_up(self, fix_session: str) -> None:
        """The session is logged on; `fix_session` names its numbering."""

    def session_down(self) -> None:
        """The session is logged out or the link is gone."""

    def received(self, fix_session: str, text: str) -> None:
        """An application message, or a session Reject(3), of the venue."""

    def refused(self, text: str) -> None:
        """QuickFIX sent this Reject(3) for a message of the venue, which nobody has seen."""


class FixSession:
    """A session as initiator. `numbers` None: both sides restart at 1 with every logon."""

    def __init__(
        self,
        settings: FixSettings,
        sender_comp_id: str,
        dictionary: str,
        numbers: OutgoingNumbers | None,
        last_inbound: Mapping[str, int],
        system_ns: Callable[[], int],
        message_log: MessageLog | None = None,
    ) -> None:
        """`system_ns` is the system's own clock, by which QuickFIX ends a session's day.

        Application messages are kept in `message_log`, if there is one.
        """
        self._session: Any = None  # these two first: at exit Python lets go of attributes in order,
        self._initiator: Any = None  # and QuickFIX still uses the others until it is gone
        self._settings = settings
        self._numbers = numbers
        self._last_inbound = last_inbound
        self._system_ns = system_ns
        self._message_log = message_log
        self._day = 0
        self._cover_at = 0  # number at which to ask again whether it is reserved
        self._reset_wanted = False
        self.name = f"{sender_comp_id}-{settings.target_comp_id}"
        self.fix_session = self.name
        self.is_up = False
        self.count = 0
        self.user: SessionUser | None = None
        self._text = initiator_text(
            settings, sender_comp_id, dictionary, reset_on_logon=numbers is None
        )
        self._id = quickfix.SessionID("FIX.4.4", sender_comp_id, settings.target_comp_id)
        metrics.SESSION_UP.labels(self.name).set(0)

    def open(self) -> None:
        """Make the QuickFIX session with its numbers; the first poll dials."""
        self._callbacks = Callbacks(self._logon_going_out)
        self._config = quickfix.SessionSettings()
        self._config.setFromString(self._text)
        self._stores = quickfix.MemoryStoreFactory()
        self._initiator = quickfix.SocketInitiator(self._callbacks, self._stores, self._config)
        self._session = self._initiator.getSession(self._id)
        if self._numbers is not None:
            self._begin_day(self._numbers)

    def poll(self) -> None:
        """Read and answer what is there and tell the user; `count` says how much happened."""
        self.count = 0
        for _ in range(POLLS_MAX):
            self._initiator.poll()
            happened, self._callbacks.happened = self._callbacks.happened, []
            if not happened:
                break
            self.count += len(happened)
            for one in happened:
                guarded(self._tell, one)

    @property
    def next_number(self) -> int:
        """MsgSeqNum(34) of the next message out."""
        return int(self._session.getExpectedSenderNum())

    @property
    def expected_number(self) -> int:
        """MsgSeqNum(34) expected of the venue next."""
        return int(self._session.getExpectedTargetNum())

    def send(self, text: str) -> int:
        """Hand an application message to the session; return its number, 0 when not taken."""
        number = int(self._session.getExpectedSenderNum())
        if self._numbers is not None and number >= self._cover_at:
            try:
                self._cover_at = self._numbers.cover(number)
            except NumbersUnwritable as e:
                log.error("fix.nothing_sent", code=e.code, problem=str(e))
                return 0
        is_taken = self._session.send(quickfix.Message(text, False))
        if self._message_log is not None:
            self._message_log.note(self.fix_session, OUT, f"34={number}{SOH}{text}")
        return number if is_taken else 0

    def log_out(self) -> None:
        """Say Logout(5) and stay logged out; poll until `is_up` is False."""
        self._session.logout()

    def abandon(self) -> None:
        """Let go of everything without a word, as a killed process does: for a fail-stop."""
        self._session = self._initiator = None

    def close(self) -> None:
        """Drop the link and keep the number to go on with."""
        self._initiator.stop(True)
        if self._numbers is not None:
            self._numbers.give_back(self.next_number)
        self._down()
        self._session = self._initiator = None

    def _begin_day(self, numbers: OutgoingNumbers) -> None:
        self._day = self._session_day()
        self._session.setNextSenderMsgSeqNum(numbers.begin(self._day))
        self.fix_session = numbers.fix_session(self.name)
        last = self._last_inbound.get(self.fix_session, 0)
        self._session.setNextTargetMsgSeqNum(last + 1)
        log.info(
            "fix.opened",
            session=self.fix_session,
            outgoing=self.next_number,
            expected=self.expected_number,
        )

    def _session_day(self) -> int:
        start_ns = start_second(self._settings.session_start) * NS
        return int(f"{trading_day(self._system_ns() - start_ns):%Y%m%d}")

    def _logon_going_out(self, logon: quickfix.Message) -> None:
        """Prepare our Logon(A). QuickFIX itself restarts at 1 when the session's day changes."""
        numbers = self._numbers
        if numbers is None:
            return
        if self._session_day() != self._day:
            self._day = self._session_day()
            numbers.begin(self._day)
        if self._reset_wanted:
            self._reset_wanted = False
            logon.setField(quickfix.StringField(_RESET_SEQ_NUM_FLAG, "Y"))
            numbers.restart()
        self._cover_at = numbers.cover(self.next_number)
        self.fix_session = numbers.fix_session(self.name)

    def _tell(self, one: Happened) -> None:
        user = self.user
        assert user is not None, "open the session after its user is set"
        match one.what:
            case Happening.LOGGED_ON:
                self.is_up = True
                metrics.SESSION_UP.labels(self.name).set(1)
                log.info("fix.logged_on", session=self.fix_session)
                user.session_up(self.fix_session)
            case Happening.LOGGED_OUT:
                self._down()
            case Happening.MESSAGE:
                if self._message_log is not None:
                    self._message_log.note(self.fix_session, IN, one.text)
                user.received(self.fix_session, one.text)
            case Happening.ADMIN if msg_type(one.text) == "3":
                user.received(self.fix_session, one.text)
            case Happening.ADMIN:
                self._logout_received(_words(one.text))
            case Happening.OUR_ADMIN if msg_type(one.text) == "3":
                user.refused(one.text)
            case Happening.OUR_ADMIN:
                self._logout_sent(_words(one.text))

    def _down(self) -> None:
        if self.is_up:
            self.is_up = False
            metrics.SESSION_UP.labels(self.name).set(0)
            log.warning("fix.logged_out", session=self.fix_session)
            if self.user is not None:
                self.user.session_down()

    def _logout_received(self, words: str) -> None:
        """Go on at the number the venue expects when it found ours too low."""
        log.info("fix.logout_received", session=self.fix_session, text=words)
        match = _TOO_LOW.search(words)
        if match is None or self._numbers is None:
            return
        metrics.NUMBER_FAULTS.labels("ours").inc()
        expected = int(match[1])
        if self.next_number < expected <= SEQ_NUM_MAX:
            self._numbers.cover(expected, is_sure=True)
            self._session.setNextSenderMsgSeqNum(expected)
            log.error("fix.outgoing_number_raised", session=self.fix_session, to=expected)

    def _logout_sent(self, words: str) -> None:
        """Notice that the venue's number was too low: it lost or reset its numbers."""
        if _TOO_LOW.search(words) is None or self._numbers is None:
            return
        metrics.NUMBER_FAULTS.labels("venue").inc()
        is_reset = self._settings.reset_lost_numbers
        remedy = "both sides restart at 1" if is_reset else "restart with fix.reset_lost_numbers"
        log.error("fix.venue_number_too_low", session=self.fix_session, text=words, remedy=remedy)
        self._reset_wanted = is_reset


def _words(text: str) -> str:
    try:
        return free_text(split(text), TEXT)
    except FieldProblem:
        return ""
