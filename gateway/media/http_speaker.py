"""A speech engine behind HTTP: each text is one POST, its answer a WAV file.

A try ends after a time-out and at a size; 408, 429, 5xx and broken connections are tried again a
few times, anything else is the engine's last word. Not here: other engines (gateway.media.synth).
"""

import asyncio
import json
from pathlib import Path
from typing import Final

import aiohttp
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from gateway.media.settings import HttpVoiceSettings
from gateway.media.synth import (
    TEXT_CHARS_MAX,
    WAV_BYTES_MAX,
    InThread,
    VoiceBusy,
    VoiceUnavailable,
    clip_of_wav,
)
from risk.domain.enums import Language
from risk.domain.errors import ConfigError

CONNECTIONS_MAX: Final = 4
COMPLAINT_CHARS_MAX: Final = 200
RETRY_DELAYS_S: Final = (0.2, 0.5, 1.0, 2.0)
_AGAIN: Final = frozenset({408, 429, 500, 502, 503, 504})


class HttpSpeaker:
    """Posts texts to one service, on the reactor's asyncio loop."""

    def __init__(
        self, settings: HttpVoiceSettings, clock: IReactorTime, in_thread: InThread
    ) -> None:
        """Raise VoiceUnavailable for an address that is none, ConfigError for the token file."""
        if not settings.url.startswith(("http://", "https://")):
            raise VoiceUnavailable(f"media voice http url must be http(s), was {settings.url!r}")
        self._settings, self._clock, self._in_thread = settings, clock, in_thread
        self._headers = {"Accept": "audio/wav, audio/x-wav"}
        if settings.token_file:
            self._headers["Authorization"] = f"Bearer {_token(Path(settings.token_file))}"
        self._session: aiohttp.ClientSession | None = None

    @property
    def identity(self) -> str:
        """Address and body: they name engine and voice. The token does not."""
        return f"http {self._settings.url} {self._settings.body}"

    def synth(self, text: str, language: Language) -> Deferred[bytes]:
        """Return the clip of a text."""
        return Deferred.fromCoroutine(self._synth(text[:TEXT_CHARS_MAX], language))

    async def _synth(self, text: str, language: Language) -> bytes:
        wav = await self._wav(text, language)
        clip: bytes = await self._in_thread(lambda: clip_of_wav(wav, self._settings.url))
        return clip

    async def _wav(self, text: str, language: Language) -> bytes:
        for delay_s in RETRY_DELAYS_S[: self._settings.tries_max - 1]:
            try:
                return await self._once(text, language)
            except VoiceBusy:
                await deferLater(self._clock, delay_s)
        return await self._once(text, language)

    def _once(self, text: str, language: Language) -> Deferred[bytes]:
        return Deferred.fromFuture(asyncio.ensure_future(self._post(text, language)))

    async def _post(self, text: str, language: Language) -> bytes:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                headers=self._headers,
                timeout=aiohttp.ClientTimeout(total=self._settings.timeout_s),
                connector=aiohttp.TCPConnector(limit=CONNECTIONS_MAX),
            )
        url = self._settings.url.replace("{language}", language.name.lower())
        content, content_type = _body(self._settings.body, text, language)
        try:
            async with self._session.post(
                url,
                data=content,
                headers={"Content-Type": content_type},
                allow_redirects=False,
            ) as answer:
                return await _wav_of(answer)
        except TimeoutError as e:
            raise VoiceBusy(f"{url} did not answer in {self._settings.timeout_s} s") from e
        except aiohttp.ClientError as e:
            raise VoiceBusy(f"{url}: {type(e).__name__}: {e}") from e

    def stop(self) -> Deferred[None]:
        """Close the connections."""
        session, self._session = self._session, None
        return Deferred.fromCoroutine(_closed(session))


async def _closed(session: aiohttp.ClientSession | None) -> None:
    if session is not None:
        await Deferred.fromFuture(asyncio.ensure_future(session.close()))


async def _wav_of(answer: aiohttp.ClientResponse) -> bytes:
    """Read the answer up to the limit. Raises VoiceBusy or VoiceUnavailable."""
    if answer.status != 200:
        complaint = (await answer.content.read(4 * COMPLAINT_CHARS_MAX)).decode(errors="replace")
        told = f"{answer.url} answered {answer.status}: {complaint[:COMPLAINT_CHARS_MAX]}"
        raise VoiceBusy(told) if answer.status in _AGAIN else VoiceUnavailable(told)
    wav = bytearray()
    async for block in answer.content.iter_any():
        wav += block
        if len(wav) > WAV_BYTES_MAX:
            raise VoiceUnavailable(f"{answer.url} sent more than {WAV_BYTES_MAX} bytes")
    return bytes(wav)


def _body(template: str, text: str, language: Language) -> tuple[bytes, str]:
    """Return what is posted and its type."""
    is_json = template.lstrip().startswith("{") and not template.startswith("{text}")
    told = json.dumps(text)[1:-1] if is_json else text
    content = template.replace("{language}", language.name.lower()).replace("{text}", told)
    return content.encode(), "application/json" if is_json else "text/plain; charset=utf-8"


def _token(path: Path) -> str:
    try:
        token = path.read_text(encoding="utf-8").strip()
    except OSError as e:
        raise ConfigError(str(path), f"cannot be read ({e.strerror}): check path and rights") from e
    if not token or not token.isprintable() or not token.isascii():
        raise ConfigError(str(path), "must hold one line, the token")
    return token
