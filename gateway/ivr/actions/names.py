"""Names of securities made ready to be spoken, within a time a caller does not notice.

Not here: rendering (gateway.media.voice).
"""

from collections.abc import Iterable
from typing import Final

import structlog
from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.interfaces import IReactorTime

from gateway.media.speech import Name
from gateway.media.voice import Voice
from risk.domain.enums import Language
from risk.domain.instrument import Instrument

log = structlog.get_logger("ivr")

NAME_TIMEOUT_S: Final = 2.0
TEXTS_TIMEOUT_S: Final = 10.0
TEXT_PROMPT: Final = "notices.item"  # says nothing but a text
TEXT_SLOT: Final = "notice_line"


class SpokenNames:
    """Prepares the names that prompts are about to say."""

    def __init__(self, voice: Voice, clock: IReactorTime) -> None:
        self._voice, self._clock = voice, clock

    async def of(self, instrument: Instrument, language: Language) -> str:
        """Return the name in the caller's language, rendered when that does not take long."""
        names = await self.of_all([instrument], language)
        return names[instrument.symbol]

    async def of_all(self, instruments: Iterable[Instrument], language: Language) -> dict[str, str]:
        """Return the names by symbol, rendered as far as time allows for all of them."""
        names = {each.symbol: name_of(each, language) for each in instruments}
        rendered = Deferred.fromCoroutine(self._render(names.values(), language))
        try:
            await rendered.addTimeout(NAME_TIMEOUT_S, self._clock)
        except DeferredTimeout:
            log.warning("ivr.names_late", symbols=list(names))  # the codes are spoken anyway
        return names

    async def are_ready(self, texts: Iterable[str], language: Language) -> bool:
        """Render texts that must be heard; return whether every one of them can be spoken."""
        wanted = list(texts)
        rendered = Deferred.fromCoroutine(self._render(wanted, language))
        try:
            await rendered.addTimeout(TEXTS_TIMEOUT_S, self._clock)
        except DeferredTimeout:
            return False
        return all(
            self._voice.clips(TEXT_PROMPT, {TEXT_SLOT: Name(text)}, language) for text in wanted
        )

    async def _render(self, names: Iterable[str], language: Language) -> None:
        for name in dict.fromkeys(names):
            await self._voice.prepare_name(name, language)


def name_of(instrument: Instrument, language: Language) -> str:
    """Return the name in a language."""
    return instrument.name_zh if language is Language.ZH else instrument.name_en
