"""One call of ours over several trunks: what one cannot carry the next one tries.

408, 5xx, silence and a connection refused go on to the next trunk; every other end is the end.
An attempt given up is cancelled, and a late answer to it gets BYE, so never more than one far end
talks to us. Not here: which trunks and in which order (gateway.sip.dialler). RFC 3261 §16.7.
"""

from collections.abc import Callable, Iterator
from typing import Final

import structlog

from gateway.core.tasks import Tasks, Timer
from gateway.media.port import RtpPeer
from gateway.sip.boundary import contained
from gateway.sip.calls import CloseReason, told
from gateway.sip.outgoing import OutgoingCall
from gateway.sip.trunks import Trunk

log = structlog.get_logger("sip")

REQUEST_TIMEOUT: Final = 408
UNAVAILABLE: Final = 503


class DialledCall:
    """Looks like an outgoing call; `call` is the one that stands now, with all it can do.

    `status` is the last response of the last attempt: 0 when none came, 503 when no trunk was
    free. `trunk` is the one in use, "" before and after all.
    """

    def __init__(
        self,
        call_no: str,
        trunks: Iterator[Trunk],
        attempt: Callable[[Trunk], OutgoingCall],
        silence_s: float,
        tasks: Tasks,
    ) -> None:
        self.call_no = call_no
        self.call: OutgoingCall | None = None
        self.trunk = ""
        self.status = 0
        self.close_reason: CloseReason | None = None
        self._trunks = trunks
        self._attempt = attempt
        self._silence_s = silence_s
        self._tasks = tasks
        self._timer: Timer | None = None
        self._is_answered = False
        self._on_ringing: list[Callable[[], None]] = []
        self._on_early: list[Callable[[RtpPeer], None]] = []
        self._on_answered: list[Callable[[RtpPeer], None]] = []
        self._on_closed: list[Callable[[CloseReason], None]] = []

    def __repr__(self) -> str:
        return f"<DialledCall {self.call_no}>"

    @property
    def is_closed(self) -> bool:
        """True once the call is over, or could not be made."""
        return self.close_reason is not None

    def on_ringing(self, callback: Callable[[], None]) -> None:
        """Call back when the far end rings; again when another trunk makes it ring."""
        self._on_ringing.append(callback)

    def on_early(self, callback: Callable[[RtpPeer], None]) -> None:
        """Call back when there is audio before the answer."""
        self._on_early.append(callback)

    def on_answered(self, callback: Callable[[RtpPeer], None]) -> None:
        """Call back once when the far end has answered, with where its audio goes."""
        self._on_answered.append(callback)

    def on_closed(self, callback: Callable[[CloseReason], None]) -> None:
        """Call back once when the call is over; at once when it already is."""
        if self.close_reason is not None:
            callback(self.close_reason)
        else:
            self._on_closed.append(callback)

    def hangup(self) -> None:
        """End the call, whatever it is at; harmless when it is over."""
        if self.call is not None:
            self.call.hangup()

    def start(self) -> None:
        """Try the first trunk."""
        self._next(CloseReason.NO_ANSWER)

    def _next(self, reason: CloseReason) -> None:
        trunk = next((trunk for trunk in self._trunks if not trunk.is_full), None)
        if trunk is None:
            self.status = self.status or (0 if self.trunk else UNAVAILABLE)
            self._close(reason)
            return
        self.trunk = trunk.name
        call = self.call = self._attempt(trunk)
        log.info("sip.dialled", call_no=self.call_no, trunk=trunk.name)
        self._timer = self._tasks.call_later(
            "sip.dial_silence", self._silence_s, lambda: self._check_silence(call, trunk)
        )
        trunk.take_line(call)
        call.on_ringing(lambda: self._rings(call))
        call.on_early(lambda peer: self._tell(call, self._on_early, peer))
        call.on_answered(lambda peer: self._answered(call, trunk, peer))
        call.on_closed(lambda reason: self._ended(call, trunk, reason))

    def _check_silence(self, call: OutgoingCall, trunk: Trunk) -> None:
        if call is self.call and not call.status:
            log.warning("sip.trunk_silent", call_no=self.call_no, trunk=trunk.name)
            trunk.missed()
            self.call = None
            call.hangup()
            self._next(CloseReason.NO_ANSWER)

    def _rings(self, call: OutgoingCall) -> None:
        if call is self.call:
            for callback in list(self._on_ringing):
                contained("sip.callback_failed", callback, call_no=self.call_no)

    def _tell(
        self, call: OutgoingCall, callbacks: list[Callable[[RtpPeer], None]], peer: RtpPeer
    ) -> None:
        if call is self.call:
            for callback in list(callbacks):
                told(self.call_no, callback, peer)

    def _answered(self, call: OutgoingCall, trunk: Trunk, peer: RtpPeer) -> None:
        if call is not self.call:
            return
        self._is_answered = True
        self.status = call.status
        self._stop_timer()
        trunk.answered()
        self._tell(call, self._on_answered, peer)

    def _ended(self, call: OutgoingCall, trunk: Trunk, reason: CloseReason) -> None:
        if call is not self.call:
            return
        self._stop_timer()
        self.status = call.status
        if self._is_answered or not _may_go_on(call.status, reason):
            self._close(reason)
            return
        if not call.status:
            trunk.missed()
        log.warning("sip.trunk_failed", call_no=self.call_no, trunk=trunk.name, status=call.status)
        self.call = None
        self._next(reason)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def _close(self, reason: CloseReason) -> None:
        self.close_reason = reason
        callbacks, self._on_closed = self._on_closed, []
        for callback in callbacks:
            told(self.call_no, callback, reason)


def _may_go_on(status: int, reason: CloseReason) -> bool:
    """Return True when another trunk may do better: this one did not say no for the far end."""
    if reason is CloseReason.NO_ANSWER:
        return status == 0  # once it was under way, nobody answering is an answer
    return reason is CloseReason.REFUSED and (status == REQUEST_TIMEOUT or 500 <= status <= 599)
