"""Feature codes: an agent dials *81 to take calls (and end a wrap-up), *82 to take none.

Not here: how a phone proves to be the agent's (gateway.sip.gate).
"""

from collections.abc import Callable
from typing import Final

import structlog

from gateway.callcenter.settings import CallCenterSettings
from gateway.core.tasks import Tasks
from gateway.media.port import Leg, LegEvent, MediaLink, MediaLost, MediaRefused, PlayDone
from gateway.media.voice import Voice
from gateway.sip.calls import CloseReason
from gateway.sip.desk_port import DESK_TOKEN
from gateway.sip.incoming import IncomingCall
from risk.domain.enums import Language

log = structlog.get_logger("callcenter")

CODES: Final = {"*81": True, "*82": False}  # dialled -> wants calls
_PROMPTS: Final = {True: "agent.now_ready", False: "agent.now_away"}


class FeatureCodes:
    """Takes the calls of agents to themselves."""

    def __init__(
        self,
        settings: CallCenterSettings,
        wishes: Callable[[str, bool], bool],
        media: MediaLink,
        voice: Voice,
        tasks: Tasks,
    ) -> None:
        """`wishes` takes a phone and whether its agent wants calls; False for one of no agent."""
        self._languages = {
            agent.phone: Language[agent.languages[0].upper()] for agent in settings.agents
        }
        self._wishes = wishes
        self._media, self._voice, self._tasks = media, voice, tasks

    def call_received(self, call: IncomingCall) -> bool:
        """Take a call to a feature code; False when it is none, or not from an agent's phone."""
        wants_calls = CODES.get(call.dnis)
        if wants_calls is None or call.phone not in self._languages:
            return False
        self._wishes(call.phone, wants_calls)
        prompt = _PROMPTS[wants_calls]
        self._tasks.spawn(
            "callcenter.code", self._answer(call, prompt, self._languages[call.phone])
        )
        return True

    async def _answer(self, call: IncomingCall, prompt: str, language: Language) -> None:
        """Say what the agent is now, and hang up."""

        def happened(event: LegEvent) -> None:
            if isinstance(event, PlayDone | MediaLost):
                call.hangup()

        try:
            leg: Leg = await self._media.open_leg(happened, call.peer)
        except MediaRefused as e:
            log.warning("callcenter.no_leg", call_no=call.call_no, error=str(e))
            call.refuse(503)  # what the agent wished is done all the same
            return

        def over(_: CloseReason) -> None:
            leg.close()

        call.on_closed(over)
        call.on_peer(leg.set_peer)
        call.answer(leg.local_address)
        leg.play(self._voice.clips(prompt, {}, language), DESK_TOKEN)
