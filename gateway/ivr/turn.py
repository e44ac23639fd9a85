"""One step under way: the call so far, the effects so far, and the moves every state is made of.

Not here: which state makes which move (gateway.ivr.asking, gateway.ivr.interpreter).
"""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Final

from gateway.ivr.flow import RESUME, TRIES_MAX, Asking, CallFlow, Collect, State
from gateway.ivr.visit import (
    TYPE_AHEAD_MAX,
    Effect,
    Key,
    Mistaken,
    Perform,
    Phase,
    Play,
    Pressed,
    Prompt,
    Secure,
    StartTimer,
    StopPlay,
    TimeRanOut,
    Visit,
    Wait,
)
from gateway.ivr.wishes import ACTING, Action
from risk.domain.enums import Language
from risk.domain.errors import InvariantBroken

ToPlay = tuple[str, Language | None, Mapping[str, object]]

# Elderly callers are not cut off for being slow: so many silences lead to a person, and only
# twice as many (several minutes) give the line back.
ELDER_SILENCES_MAX: Final = 10
_FIELDS: Final = tuple(field.name for field in fields(Visit))


class Turn:
    """One step under way. `goes_to` names the state to be entered next, "" for none."""

    def __init__(self, flow: CallFlow, visit: Visit) -> None:
        self.flow, self.visit = flow, _own_copy(visit)
        self.effects: list[Effect] = []
        self.goes_to = ""
        self.at_ns = 0  # of the key being taken
        self._unasked_ns = -1  # of the first key nobody asked for, -1 for none
        self._has_thrown = False  # such a key away

    @property
    def state(self) -> State:
        """The state the call is in."""
        return self.flow.states[self.visit.state]

    def set(self, **changed: object) -> None:
        """Change the visit: the copy of this turn, which nobody else has seen yet."""
        for name, value in changed.items():
            object.__setattr__(self.visit, name, value)

    def go(self, name: str) -> None:
        """Enter a state next."""
        if name == RESUME:
            name = self.visit.resume
            if not name:
                raise InvariantBroken(f"{self.visit.state}: there is nowhere to resume")
        self.goes_to = name

    def bring(self, values: Mapping[str, object]) -> None:
        """Set values; a change after a confirmation takes the confirmation away."""
        known = {**self.visit.values, **values}
        language = known.get("language", self.visit.language)
        assert isinstance(language, Language)
        self.set(
            values=known,
            language=language,
            is_elder=known.get("is_elder") is True,
            is_query_only=True in (known.get("is_query_only"), known.get("line_query_only")),
            read_back=None,
            confirmed=None,
        )

    def forget_secrets(self) -> None:
        """Wipe what was keyed in secret."""
        self.set(secrets={}, secrets_from="")

    # Sound and time

    def play(self, prompts: Iterable[ToPlay], phase: Phase) -> None:
        """Play prompts; None is the caller's language, the values lie over the caller's."""
        visit = self.visit
        played = []
        for key, language, more in prompts:
            values = {**visit.values, **more} if more else visit.values
            played.append(Prompt(key.format_map(values), values, language or visit.language))
        play_no = visit.play_no + 1
        self.effects.append(Play(tuple(played), play_no))
        self.set(play_no=play_no, phase=phase, is_playing=True)

    def silence(self) -> None:
        """Stop what is playing."""
        if self.visit.is_playing:
            self.set(is_playing=False)
            self.effects.append(StopPlay())

    def wait(self, wait: Wait) -> None:
        """Give the caller time for a key."""
        timer_no = self.visit.timer_no + 1
        self.effects.append(StartTimer(wait, timer_no))
        self.set(timer_no=timer_no)

    # Keys

    def keep(self, key: Key) -> None:
        """Keep a key for the states to come."""
        if len(self.visit.type_ahead) < TYPE_AHEAD_MAX:
            self._note_unasked(key)
            self.set(type_ahead=(*self.visit.type_ahead, key))
        else:
            self.hide(key)

    def hide(self, key: Key) -> None:
        """Throw a key away that nobody asked for: it may be anything."""
        self._note_unasked(key)
        self._has_thrown = True
        self.effects.append(Pressed(self.visit.state, "", key.at_ns))

    def used(self, key: str, *, is_shown: bool) -> None:
        """Note a key that this state has taken."""
        self.effects.append(Pressed(self.visit.state, key if is_shown else "", self.at_ns))

    def drop_type_ahead(self) -> None:
        """Throw away what was keyed ahead."""
        for key in self.visit.type_ahead:
            self.effects.append(Pressed(self.visit.state, "", key.at_ns))
        self.set(type_ahead=())

    def _note_unasked(self, key: Key) -> None:
        if self._unasked_ns < 0:
            self._unasked_ns = key.at_ns

    # Asking, once more

    def fail(self, state: Asking, apology: str, prompts: Iterable[ToPlay]) -> None:
        """A mistake uses up a try: ask again with an apology, or leave."""
        self.effects.append(Mistaken(state.name))
        self._ask_again(apology, prompts, self.visit.tries + 1, state.on_tries_used)

    def run_out(self, state: Asking, apology: str, prompts: Iterable[ToPlay]) -> None:
        """No key came, and a warning did not help: a try is used, unless the caller is elderly."""
        self.effects.append(TimeRanOut(state.name))
        silences = self.visit.silences + 1
        self.set(silences=silences)
        if not self.visit.is_elder:
            self._ask_again(apology, prompts, self.visit.tries + 1, state.on_tries_used)
        elif silences == ELDER_SILENCES_MAX and self.flow.agent:
            self.call_agent()
        elif silences >= 2 * ELDER_SILENCES_MAX:
            self.go(state.on_tries_used)
        else:
            self._ask_again(apology, prompts, self.visit.tries, state.on_tries_used)

    def _ask_again(
        self, apology: str, prompts: Iterable[ToPlay], tries: int, on_tries_used: str
    ) -> None:
        self.drop_type_ahead()
        self.set(keys="", tries=tries, is_warned=False)
        if tries >= TRIES_MAX:
            self.go(on_tries_used)
        else:
            self.play([(apology, None, {}), *prompts], Phase.ASKED)

    def call_agent(self) -> None:
        """Leave for a person; come back to this state, or to the first of its secrets."""
        resume = self.visit.secrets_from or self.visit.state
        self.set(resume=resume)
        self.go(self.flow.agent)

    # The gateway

    def perform(self, action: Action, values: Mapping[str, object]) -> None:
        """Ask the gateway; what changes something needs the confirmation it just got."""
        visit = self.visit
        act_count = visit.act_count
        if action in ACTING:
            if visit.is_query_only:
                raise InvariantBroken(f"{visit.state}: this caller may change nothing")
            if visit.confirmed is not action or visit.read_back != values:
                raise InvariantBroken(f"{visit.state}: needs a confirmation of its own")
            act_count += 1
        self.effects.append(Perform(action, values, visit.secrets, act_count, self.at_ns))
        self.forget_secrets()
        self.set(phase=Phase.WAITS, confirmed=None, read_back=None, act_count=act_count)

    # What may be a secret

    def settle_secrecy(self) -> None:
        """Tell when what the caller keys begins, or ceases, to be possibly a secret."""
        visit, state = self.visit, self.state
        is_asked = visit.phase is Phase.ASKED
        if visit.phase in (Phase.QUEUED, Phase.TALKS, Phase.ENDED):
            is_secure = False
        elif isinstance(state, Collect) and state.is_secret and is_asked:
            is_secure = True
        else:
            is_unasked = bool(visit.type_ahead) or self._has_thrown
            is_secure = is_unasked or (visit.is_secure and not is_asked)
        if is_secure != visit.is_secure:
            self.effects.append(Secure(is_secure, max(self._unasked_ns, 0) if is_secure else 0))
            self.set(is_secure=is_secure)


def _own_copy(visit: Visit) -> Visit:
    """Return a copy to be changed: a replacement per change is half the time of a step."""
    own = object.__new__(Visit)
    for name in _FIELDS:
        object.__setattr__(own, name, getattr(visit, name))
    return own


def to_play(key: str, values: Mapping[str, object] | None = None) -> ToPlay:
    """Return a prompt in the caller's language."""
    return key, None, values or {}
