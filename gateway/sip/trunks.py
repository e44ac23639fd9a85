"""Trunks: which carrier or PBX a call comes from, its lines in use, whether it is up.

Not here: asking whether it is up (gateway.sip.ping), choosing one for a call of ours
(gateway.sip.dialler).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import structlog

from gateway.sip import metrics
from gateway.sip.caller import dialled, e164, national
from gateway.sip.calls import Call, CloseReason
from gateway.sip.edge_settings import NumberRange, TrunkSettings, hop_of
from gateway.sip.message import Request
from gateway.sip.networks import Networks
from gateway.sip.wire import Hop

log = structlog.get_logger("sip")

MISSES_MAX: Final = 2  # unanswered in a row before a trunk counts as down


class Trunk:
    """One trunk: its settings, and what is known of it now."""

    def __init__(self, settings: TrunkSettings, password: str = "") -> None:
        self.settings = settings
        self.name = settings.name
        self.password = password
        self.hop = Hop(*hop_of(settings.address, settings.transport)) if settings.address else None
        self.lines_used = 0
        self.is_up = True
        self._misses = 0
        self._numbers = [NumberRange(text) for text in settings.numbers]
        self._lines = metrics.TRUNK_LINES.labels(self.name)
        self._up = metrics.TRUNK_UP.labels(self.name)
        self._lines.set(0)
        self._up.set(1)

    def __repr__(self) -> str:
        return f"<Trunk {self.name}>"

    @property
    def is_full(self) -> bool:
        """True when no line is free."""
        return self.lines_used >= self.settings.calls_max

    def serves(self, number: str) -> bool:
        """Return True when the number dialled is ours on this trunk, in whatever form it came."""
        forms = (number, national(number), e164(number))
        return not self._numbers or any(
            numbers.has(form) for numbers in self._numbers for form in forms
        )

    def take_line(self, call: Call) -> None:
        """Count the call until it is over."""
        self.lines_used += 1
        self._lines.set(self.lines_used)
        call.on_closed(self._line_free)

    def _line_free(self, reason: CloseReason) -> None:
        self.lines_used -= 1
        self._lines.set(self.lines_used)

    def answered(self) -> None:
        """It has said something: it is up."""
        self._misses = 0
        self._set_up(True)

    def missed(self) -> None:
        """It said nothing, or that it cannot serve; again and again it is down."""
        self._misses += 1
        if self._misses >= MISSES_MAX and self.settings.ping_s:
            self._set_up(False)

    def _set_up(self, is_up: bool) -> None:
        if is_up is not self.is_up:
            self.is_up = is_up
            self._up.set(int(is_up))
            log.warning("sip.trunk_changed", trunk=self.name, is_up=is_up)


class Trunks:
    """All trunks, in the order of the settings. `passwords` by trunk name."""

    def __init__(
        self, settings: Sequence[TrunkSettings], passwords: Mapping[str, str] | None = None
    ) -> None:
        self._trunks = [Trunk(each, (passwords or {}).get(each.name, "")) for each in settings]
        self._by_host: Networks[Trunk] = Networks(
            (host, trunk) for trunk in self._trunks for host in trunk.settings.hosts
        )

    def __iter__(self) -> Iterator[Trunk]:
        return iter(self._trunks)

    def at(self, host: str) -> list[Trunk]:
        """Return the trunks that call from this host."""
        return self._by_host.of(host)

    def of(self, source: Hop, request: Request) -> Trunk | None:
        """Return the trunk a request came by, None when it came by none or is for none's number."""
        number = dialled(request)
        return next((trunk for trunk in self.at(source.host) if trunk.serves(number)), None)
