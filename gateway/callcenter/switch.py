"""Effects of the ACD machine as real calls: rings, bridges, music and announcements.

Not here: decisions (gateway.callcenter.acd), timers and tickets (gateway.callcenter.desk).
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from twisted.internet.interfaces import IReactorTime

from gateway.callcenter.agent_line import AgentLine, CallPlacer
from gateway.callcenter.introduction import introduction
from gateway.callcenter.settings import AgentSettings, CallCenterSettings
from gateway.callcenter.signals import Input
from gateway.core.tasks import Tasks
from gateway.media.port import Clip, Codec, Leg, MediaLink
from gateway.media.speech import Count, Number, Value
from gateway.media.voice import Voice
from gateway.sip.desk_port import DESK_TOKEN, CallerCard, DeskCall
from gateway.sip.uri import Uri
from gateway.sip.wire import Hop
from risk.domain.enums import Language

CHECK_S: Final = 1.0


class AgentPhones(Protocol):
    """Where agents' phones are (gateway.sip.registrar.Registrar)."""

    def contacts(self, username: str) -> list[tuple[Uri, Hop]]:
        """Return where a phone can be called, the newest contact first."""
        ...


@dataclass(eq=False, slots=True)
class Caller:
    """A caller the desk has: card, leg and call."""

    card: CallerCard
    leg: Leg
    call: DeskCall


class Switch:
    """Joins and parts legs. `tell` takes what happens at the agents' phones."""

    def __init__(
        self,
        settings: CallCenterSettings,
        media: MediaLink,
        voice: Voice,
        placer: CallPlacer,
        phones: AgentPhones,
        music: Clip,
        tasks: Tasks,
        clock: IReactorTime,
        tell: Callable[[Input], None],
    ) -> None:
        self._settings, self._media, self._voice = settings, media, voice
        self._placer, self._phones, self._music = placer, phones, music
        self._tasks, self._clock, self._tell = tasks, clock, tell
        self._agents = {agent.name: agent for agent in settings.agents}
        self._lines: dict[int, AgentLine] = {}
        self.callers: dict[str, Caller] = {}

    @property
    def line_count(self) -> int:
        """Agents' phones ringing or talking."""
        return len(self._lines)

    def start(self) -> None:
        """Begin to watch for agents' phones that do not react, or fell silent."""
        self._tasks.every("callcenter.watch", CHECK_S, self._check_lines)

    def _check_lines(self) -> None:
        for line in list(self._lines.values()):
            line.check(self._settings.react_s, self._settings.quiet_s)

    def ring(self, attempt_no: int, agent_name: str, call_no: str) -> None:
        """Call the agent's phone for a caller."""
        caller, agent = self.callers[call_no], self._agents[agent_name]
        line = AgentLine(attempt_no, _language_of(agent), self._tell, self._clock.seconds)
        self._lines[attempt_no] = line
        peer = caller.call.peer
        codec = peer.codec if peer is not None else Codec.PCMA
        contacts = self._phones.contacts(agent.phone)
        work = line.ring(
            self._media,
            caller.leg,
            codec,
            contacts[0] if contacts else None,
            self._placer,
            introduction(caller.card, line.language),
        )
        self._tasks.spawn("callcenter.ring", work)

    def release(self, attempt_no: int) -> None:
        """End an attempt; harmless when it has ended."""
        line = self._lines.pop(attempt_no, None)
        if line is not None:
            line.release()

    def connect(self, attempt_no: int, call_no: str) -> None:
        """Let caller and agent hear each other."""
        caller, line = self.callers[call_no], self._lines[attempt_no]
        assert line.leg is not None, "answered without a leg"
        caller.leg.stop()
        caller.leg.bridge(line.leg)

    def play_music(self, call_no: str, with_apology: bool) -> None:
        """Part the caller from any agent; music until something else is done."""
        caller = self.callers[call_no]
        caller.leg.unbridge()
        caller.leg.stop()
        if with_apology:
            self._say(caller, "agent.lost", {})
        caller.leg.play([self._music], DESK_TOKEN, repeats=True)

    def say_place(self, call_no: str, place: int, wait_s: int) -> None:
        """Tell the caller the place and the expected wait, then music again."""
        caller = self.callers[call_no]
        caller.leg.stop()
        minutes = max(1, math.ceil(wait_s / 60))
        self._say(caller, "agent.place", {"place": Number(place), "minutes": Count(minutes)})
        caller.leg.play([self._music], DESK_TOKEN, repeats=True)

    def _say(self, caller: Caller, key: str, values: Mapping[str, Value]) -> None:
        card = caller.card
        clips = self._voice.clips(key, values, card.language, is_slow=card.is_slow)
        caller.leg.play(clips, DESK_TOKEN)

    def answer_transfer(self, attempt_no: int, is_taken: bool) -> None:
        """Tell an agent whether the caller is passed on."""
        line = self._lines.get(attempt_no)
        if line is not None:
            refusal = self._voice.clips("agent.not_passed", {}, line.language)
            line.answer_transfer(is_taken, refusal)

    def let_go(self, call_no: str) -> None:
        """Leave the caller's leg silent and alone."""
        caller = self.callers.pop(call_no)
        caller.leg.unbridge()
        caller.leg.stop()


def _language_of(agent: AgentSettings) -> Language:
    return Language[agent.languages[0].upper()]
