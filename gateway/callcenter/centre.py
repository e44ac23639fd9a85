"""The room put together: desk, switch, feature codes, figures, metrics and log as one part.

Not here: what any of them does, and the rest of the gateway (gateway.app).
"""

from collections.abc import Callable
from functools import partial
from typing import Protocol

from twisted.internet.interfaces import IReactorTime

from gateway.callcenter import event_log, metrics
from gateway.callcenter.agent_line import CallPlacer
from gateway.callcenter.codes import FeatureCodes
from gateway.callcenter.desk import CallDesk
from gateway.callcenter.events import AgentState, DeskBus
from gateway.callcenter.figures import DeskFigures
from gateway.callcenter.music import waiting_music
from gateway.callcenter.settings import CallCenterSettings
from gateway.callcenter.switch import AgentPhones, Switch
from gateway.core.tasks import Tasks
from gateway.media.port import MediaLink
from gateway.media.voice import Voice
from gateway.sip.incoming import IncomingCall
from risk.domain.errors import ConfigError


class Registered(AgentPhones, Protocol):
    """The registrar of agents' phones (gateway.sip.registrar.Registrar)."""

    def has(self, username: str) -> bool:
        """Return True when a phone of that name is configured."""
        ...

    def on_change(self, callback: Callable[[str, bool], None]) -> None:
        """Call back with name and whether it is registered now."""


class CallCentre:
    """Agents and queues of one gateway; `desk` is the port for call flows. Reactor thread only."""

    def __init__(
        self,
        settings: CallCenterSettings,
        media: MediaLink,
        voice: Voice,
        placer: CallPlacer,
        phones: Registered,
        clock: IReactorTime,
        now_ns: Callable[[], int],
    ) -> None:
        """Raises ConfigError for a music file of no use."""
        self.bus = DeskBus()
        self.figures = DeskFigures(settings.service_level_s, settings.short_abandon_s)
        self.bus.subscribe(self.figures.note)
        self.bus.subscribe(metrics.note)
        self.bus.subscribe(event_log.note)
        metrics.AGENTS.clear()
        metrics.AGENTS.labels(AgentState.OFFLINE.value).set(len(settings.agents))
        tasks = Tasks(clock)
        music = waiting_music(settings.music_file)
        make_switch = partial(Switch, settings, media, voice, placer, phones, music, tasks, clock)
        self.desk = CallDesk(settings, make_switch, self.bus, tasks, clock, now_ns)
        metrics.LONGEST_WAIT.set_function(self.desk.longest_wait_s)
        self._codes = FeatureCodes(settings, self.desk.agent_wishes, media, voice, tasks)
        phones.on_change(self.desk.phone_changed)

    def call_received(self, call: IncomingCall) -> bool:
        """Take an agent's call to a feature code; False leaves the call to the phone door."""
        return self._codes.call_received(call)

    def start(self) -> None:
        """Begin to watch agents' phones."""
        self.desk.start()

    def stop(self) -> None:
        """End every talk and wait; before media stops."""
        self.desk.stop()


def call_centre(
    settings: CallCenterSettings,
    media: MediaLink,
    voice: Voice,
    placer: CallPlacer,
    phones: Registered | None,
    clock: IReactorTime,
    now_ns: Callable[[], int],
) -> CallCentre | None:
    """Return the call centre of the settings, None without agents; `phones` None has no phone.

    Raises ConfigError for an agent whose phone is not configured, or a music file of no use.
    """
    if not settings.agents:
        return None
    for agent in settings.agents:
        if phones is None or not phones.has(agent.phone):
            raise ConfigError(
                "callcenter.agents",
                f"agent {agent.name!r} has phone {agent.phone!r}: add it to [[sip.phones]]",
            )
    assert phones is not None
    return CallCentre(settings, media, voice, placer, phones, clock, now_ns)
