"""A speech engine behind HTTP, over real loopback sockets."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aiohttp import web
from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase

from gateway.media import http_speaker, sound
from gateway.media.http_speaker import HttpSpeaker
from gateway.media.settings import HttpVoiceSettings
from gateway.media.synth import VoiceBusy, VoiceUnavailable
from risk.domain.enums import Language
from risk.domain.errors import ConfigError
from tests.builders.voice import in_thread

TONE = (9000 * np.sin(np.arange(16_000) / 5)).astype(np.int16)
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def on_loop(work: Coroutine[Any, Any, Any]) -> Deferred[Any]:
    return Deferred.fromFuture(asyncio.ensure_future(work))


async def a_wav(_: web.Request) -> web.StreamResponse:
    return web.Response(body=sound.write_wav(TONE, 16_000))


class HttpTests(TestCase):
    """A service of ours stands for a commercial one."""

    async def a_speaker(self, answer: Answer, **settings: object) -> HttpSpeaker:
        app = web.Application()
        app.router.add_post("/{language}", answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await on_loop(runner.setup())
        self.addCleanup(lambda: on_loop(runner.cleanup()))
        await on_loop(web.TCPSite(runner, "127.0.0.1", 0).start())
        host, port = runner.addresses[0][:2]
        told = {"url": f"http://{host}:{port}/{{language}}", **settings}
        speaker = HttpSpeaker(HttpVoiceSettings(**told), reactor, in_thread)
        self.addCleanup(speaker.stop)
        return speaker

    async def test_a_text_is_posted_and_the_wav_becomes_a_clip(self) -> None:
        async def answer(request: web.Request) -> web.StreamResponse:
            assert await request.text() == "你好"
            assert request.path == "/zh"
            assert request.content_type == "text/plain"
            assert "Authorization" not in request.headers
            return await a_wav(request)

        speaker = await self.a_speaker(answer)
        clip = await speaker.synth("你好", Language.ZH)
        assert 8200 < len(clip) < 8500

    async def test_a_json_body_carries_any_text_and_the_token_its_header(self) -> None:
        async def answer(request: web.Request) -> web.StreamResponse:
            assert await request.json() == {"say": 'a "b"\n你', "in": "en", "speed": 1}
            assert request.headers["Authorization"] == "Bearer s3cret"
            return await a_wav(request)

        token_file = Path(self.mktemp())
        token_file.write_text("s3cret\n")
        body = json.dumps({"say": "{text}", "in": "{language}", "speed": 1})
        speaker = await self.a_speaker(answer, body=body, token_file=str(token_file))
        assert await speaker.synth('a "b"\n你', Language.EN)
        assert "s3cret" not in speaker.identity

    async def test_a_busy_service_is_asked_again(self) -> None:
        asked: list[str] = []

        async def answer(request: web.Request) -> web.StreamResponse:
            asked.append(await request.text())
            return await a_wav(request) if len(asked) == 3 else web.Response(status=503)

        self.patch(http_speaker, "RETRY_DELAYS_S", (0, 0))
        speaker = await self.a_speaker(answer, tries_max=3)
        assert await speaker.synth("x", Language.EN)
        assert asked == ["x"] * 3

    async def test_the_tries_are_bounded_and_wait_in_between(self) -> None:
        asked: list[str] = []

        async def answer(request: web.Request) -> web.StreamResponse:
            asked.append(await request.text())
            return web.Response(status=429, text="slow down")

        speaker = await self.a_speaker(answer, tries_max=2)
        speaker._clock = clock = Clock()
        reply = speaker.synth("x", Language.EN)
        while not clock.getDelayedCalls():
            await a_turn()
        assert len(asked) == 1
        clock.advance(http_speaker.RETRY_DELAYS_S[0])
        failure = await self.assertFailure(reply, VoiceBusy)
        assert "answered 429: slow down" in str(failure)
        assert len(asked) == 2

    async def test_a_refusal_is_final(self) -> None:
        asked: list[int] = []

        async def answer(request: web.Request) -> web.StreamResponse:
            asked.append(1)
            return web.Response(status=401, text="wrong token " + "x" * 10_000)

        speaker = await self.a_speaker(answer)
        failure = await self.assertFailure(speaker.synth("x", Language.EN), VoiceUnavailable)
        assert "answered 401: wrong token" in str(failure)
        assert len(str(failure)) < 400
        assert len(asked) == 1

    async def test_a_redirect_is_not_followed(self) -> None:
        async def answer(_: web.Request) -> web.StreamResponse:
            raise web.HTTPFound("/elsewhere")

        speaker = await self.a_speaker(answer)
        failure = await self.assertFailure(speaker.synth("x", Language.EN), VoiceUnavailable)
        assert "answered 302" in str(failure)

    async def test_a_service_that_hangs_is_given_up(self) -> None:
        let_go: Deferred[None] = Deferred()

        async def answer(_: web.Request) -> web.StreamResponse:
            await let_go.asFuture(asyncio.get_running_loop())
            return web.Response()

        speaker = await self.a_speaker(answer, timeout_s=0.05, tries_max=1)
        failure = await self.assertFailure(speaker.synth("x", Language.EN), VoiceBusy)
        assert "did not answer in 0.05 s" in str(failure)
        let_go.callback(None)

    async def test_a_service_that_is_not_there_is_told(self) -> None:
        settings = HttpVoiceSettings(url="http://127.0.0.1:1/", tries_max=1)
        speaker = HttpSpeaker(settings, reactor, in_thread)
        self.addCleanup(speaker.stop)
        failure = await self.assertFailure(speaker.synth("x", Language.EN), VoiceBusy)
        assert "127.0.0.1:1" in str(failure)

    async def test_an_endless_answer_is_cut(self) -> None:
        async def answer(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse()
            await response.prepare(request)
            try:
                while True:
                    await response.write(bytes(1 << 16))
            except ConnectionError:
                return response

        self.patch(http_speaker, "WAV_BYTES_MAX", 1 << 20)
        speaker = await self.a_speaker(answer)
        failure = await self.assertFailure(speaker.synth("x", Language.EN), VoiceUnavailable)
        assert "sent more than 1048576 bytes" in str(failure)

    async def test_what_is_no_wav_is_told(self) -> None:
        async def answer(_: web.Request) -> web.StreamResponse:
            return web.Response(body=b"<html>")

        speaker = await self.a_speaker(answer)
        failure = await self.assertFailure(speaker.synth("x", Language.EN), VoiceUnavailable)
        assert "gave no usable sound: not a PCM WAV file" in str(failure)

    async def test_texts_are_posted_side_by_side(self) -> None:
        here: list[Deferred[None]] = []

        async def answer(request: web.Request) -> web.StreamResponse:
            here.append(Deferred())
            if len(here) == 3:  # nobody is answered before all three are there
                for each in here:
                    each.callback(None)
            await here[-1].asFuture(asyncio.get_running_loop())
            return await a_wav(request)

        speaker = await self.a_speaker(answer)
        clips = await gatherResults([speaker.synth(text, Language.EN) for text in "abc"])
        assert len(clips) == 3


def a_turn() -> Deferred[None]:
    turn: Deferred[None] = Deferred()
    reactor.callLater(0, turn.callback, None)  # type: ignore[attr-defined]
    return turn


@pytest.mark.parametrize("url", ["", "ftp://x", "speech.example"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(VoiceUnavailable, match=r"must be http\(s\)"):
        HttpSpeaker(HttpVoiceSettings(url=url), Clock(), in_thread)


@pytest.mark.parametrize("content", [None, "", "two\nlines", "ключ"])
def test_a_token_file_that_does_not_fit_is_named(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "token"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    settings = HttpVoiceSettings(url="http://x/", token_file=str(path))
    with pytest.raises(ConfigError, match=str(path)):
        HttpSpeaker(settings, Clock(), in_thread)
