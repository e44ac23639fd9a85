"""Names of securities made ready to be spoken, within a time a caller does not notice.

Not here: rendering (gateway.media.voice).
"""

from typing import Final

import structlog
from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.interfaces import IReactorTime

from gateway.media.voice import Voice
from risk.domain.enums import Language
from risk.domain.instrument import Instrument

log = structlog.get_logger("ivr")

NAME_TIMEOUT_S: Final = 2.0


class SpokenNames:
    """Prepares the names that prompts are about to say."""

    def __init__(self, voice: Voice, clock: IReactorTime) -> None:
        self._voice, self._clock = voice, clock

    async def of(self, instrument: Instrument, language: Language) -> str:
        """Return the name in the caller's language, rendered when that does not take long."""
        name = instrument.name_zh if language is Language.ZH else instrument.name_en
        rendered = Deferred.fromCoroutine(self._voice.prepare_name(name, language))
        try:
            await rendered.addTimeout(NAME_TIMEOUT_S, self._clock)
        except DeferredTimeout:
            log.warning("ivr.name_late", symbol=instrument.symbol)  # the code is spoken anyway
        return name
