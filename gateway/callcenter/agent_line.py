"""One attempt as a real call: a leg beside the caller's, the call to the agent's phone, its keys.

It tells what happens as inputs of the ACD machine, until it is released. Not here: which agent is
called, and what the caller hears (gateway.callcenter.switch).
"""

import re
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import structlog

from gateway.callcenter.events import RingEnd
from gateway.callcenter.introduction import Introduction
from gateway.callcenter.signals import (
    AgentHungUp,
    Answered,
    HoldChanged,
    Input,
    LinkLost,
    NotAnswered,
    TransferAsked,
)
from gateway.media.port import (
    Address,
    Clip,
    Codec,
    Digit,
    Heard,
    Leg,
    LegEvent,
    MediaLink,
    MediaLost,
    MediaRefused,
    RtpPeer,
)
from gateway.sip.calls import CloseReason
from gateway.sip.desk_port import DESK_TOKEN
from gateway.sip.uri import Uri
from gateway.sip.wire import Hop
from risk.domain.enums import Language

log = structlog.get_logger("callcenter")

TRANSFER_KEYS: Final = re.compile(r"\*1([0-9]{1,8})#")  # the number is a queue's or an agent's
KEYS_MAX: Final = 12
_BUSY: Final = (486, 600)
_DECLINED: Final = (480, 603)


class AskedTransfer(Protocol):
    """A REFER of the agent's phone (gateway.sip.referral.Referral)."""

    to: Uri

    def progress(self, status: int) -> None:
        """Tell the phone how it goes; a final status ends it."""


class AgentCall(Protocol):
    """The call to an agent's phone (gateway.sip.outgoing.OutgoingCall)."""

    call_no: str
    status: int

    def on_answered(self, callback: Callable[[RtpPeer], None]) -> None: ...
    def on_closed(self, callback: Callable[[CloseReason], None]) -> None: ...
    def on_peer(self, callback: Callable[[RtpPeer], None]) -> None: ...
    def on_hold(self, callback: Callable[[bool], None]) -> None: ...
    def on_key(self, callback: Callable[[str], None]) -> None: ...
    def on_refer(self, callback: Callable[[AskedTransfer], None]) -> None: ...
    def hangup(self) -> None: ...


class CallPlacer(Protocol):
    """Places calls (gateway.sip.useragent.UserAgent)."""

    def place(
        self,
        to: Uri,
        ani: str,
        peer: Hop,
        local: Address,
        *,
        headers: Sequence[tuple[str, str]] = (),
        display: str = "",
        codecs: Sequence[Codec] = (Codec.PCMA, Codec.PCMU),
    ) -> AgentCall: ...


class AgentLine:
    """The agent's side of one attempt. Reactor thread only."""

    def __init__(
        self,
        attempt_no: int,
        language: Language,
        tell: Callable[[Input], None],
        now_s: Callable[[], float],
    ) -> None:
        """`language` is the agent's."""
        self.attempt_no, self.language = attempt_no, language
        self.leg: Leg | None = None
        self._tell, self._now_s = tell, now_s
        self._referral: AskedTransfer | None = None
        self._call: AgentCall | None = None
        self._keys = ""
        self._placed_s = self._heard_s = 0.0
        self._is_answered = self._is_held = self._is_released = False

    async def ring(
        self,
        media: MediaLink,
        caller_leg: Leg,
        codec: Codec,
        phone: tuple[Uri, Hop] | None,
        placer: CallPlacer,
        said: Introduction,
    ) -> None:
        """Open the leg and call the phone; None is one that is not registered."""
        if phone is None:
            self._failed(RingEnd.UNREACHABLE)
            return
        try:
            leg = await media.open_leg(self._leg_event, hear=True, beside=caller_leg)
        except MediaRefused as e:
            log.warning("callcenter.no_leg", attempt_no=self.attempt_no, error=str(e))
            self._failed(RingEnd.NO_MEDIA)
            return
        if self._is_released:  # the caller left while the socket was opened
            leg.close()
            return
        self.leg = leg
        uri, hop = phone
        call = placer.place(
            uri,
            said.ani,
            hop,
            leg.local_address,
            headers=said.headers,
            display=said.display,
            codecs=(codec,),
        )
        self._call, self._placed_s = call, self._now_s()
        call.on_answered(self._answered)
        call.on_peer(leg.set_peer)
        call.on_key(leg.press_by_info)
        call.on_hold(self._held)
        call.on_refer(self._refer)
        call.on_closed(self._closed)

    def release(self) -> None:
        """End the call, however far it is, and close the leg. Harmless when done."""
        if self._is_released:
            return
        self._is_released = True
        if self._call is not None:
            self._call.hangup()
        if self.leg is not None:
            self.leg.close()

    def answer_transfer(self, is_taken: bool, refusal: Sequence[Clip]) -> None:
        """Tell the agent: a phone whose button asked by NOTIFY, one whose keys did by `refusal`."""
        referral, self._referral = self._referral, None
        if referral is not None:
            referral.progress(200 if is_taken else 603)
        elif not is_taken and self.leg is not None:
            self.leg.play(refusal, DESK_TOKEN)

    def check(self, react_s: float, quiet_s: float) -> None:
        """Give a phone up that does not react for `react_s`, or sends no sound for `quiet_s`.

        A phone on hold may be silent; a `quiet_s` of 0 lets every phone be.
        """
        if self._call is None or self._is_released:
            return
        if not self._is_answered:
            if self._call.status == 0 and self._now_s() - self._placed_s > react_s:
                self._failed(RingEnd.UNREACHABLE)
        elif not self._is_held and 0 < quiet_s < self._now_s() - self._heard_s:
            log.warning("callcenter.agent_quiet", attempt_no=self.attempt_no, quiet_s=quiet_s)
            self._give(LinkLost(self.attempt_no))

    def _give(self, given: Input) -> None:
        if not self._is_released:
            self._tell(given)

    def _failed(self, why: RingEnd) -> None:
        self._give(NotAnswered(self.attempt_no, why))

    def _answered(self, peer: RtpPeer) -> None:
        assert self.leg is not None
        self.leg.set_peer(peer)
        self._is_answered, self._heard_s = True, self._now_s()
        self._give(Answered(self.attempt_no))

    def _held(self, is_held: bool) -> None:
        self._is_held, self._heard_s = is_held, self._now_s()
        self._give(HoldChanged(self.attempt_no, is_held))

    def _refer(self, referral: AskedTransfer) -> None:
        """The phone's own button asks for a transfer."""
        if self._referral is not None:  # one at a time
            referral.progress(603)
            return
        self._referral = referral
        self._give(TransferAsked(self.attempt_no, referral.to.user))

    def _closed(self, reason: CloseReason) -> None:
        if not self._is_answered:
            self._failed(self._ring_end(reason))
        elif reason is CloseReason.REMOTE_BYE:
            self._give(AgentHungUp(self.attempt_no))
        else:
            self._give(LinkLost(self.attempt_no))

    def _ring_end(self, reason: CloseReason) -> RingEnd:
        status = self._call.status if self._call is not None else 0
        if reason is CloseReason.NO_ANSWER:
            return RingEnd.NO_ANSWER
        if status in _BUSY:
            return RingEnd.BUSY
        return RingEnd.DECLINED if status in _DECLINED else RingEnd.UNREACHABLE

    def _leg_event(self, event: LegEvent) -> None:
        match event:
            case Heard():
                self._heard_s = self._now_s()
            case Digit(key, _):
                self._pressed(key)
            case MediaLost() if self._is_answered:
                self._give(LinkLost(self.attempt_no))
            case MediaLost():
                self._failed(RingEnd.NO_MEDIA)

    def _pressed(self, key: str) -> None:
        """Read the agent's own keys: a star begins anew, what makes no sense is forgotten."""
        self._keys = key if key == "*" else (self._keys + key)[:KEYS_MAX]
        found = TRANSFER_KEYS.fullmatch(self._keys)
        if found is not None and self._is_answered:
            self._give(TransferAsked(self.attempt_no, found[1]))
        if key == "#":
            self._keys = ""
