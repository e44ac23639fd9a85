"""Speech engines behind one port: text in, an A-law clip out, never on the reactor's thread.

`EspeakSpeaker` talks to a process of ours around eSpeak NG, `CommandSpeaker` runs any program that
reads text and writes WAV. Not here: which texts (gateway.media.prompts), the cache
(gateway.media.rendering), a service behind HTTP (gateway.media.http_speaker).
"""

import subprocess
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

import msgspec
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.protocol import Protocol as StreamProtocol
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure

from gateway.media import sound
from gateway.media.child import MediaReactor, reap_child, start_child
from gateway.media.wire import FrameReader, frame_of
from risk.domain.enums import Language
from risk.domain.errors import PermanentFailure, TemporaryFailure

SYNTH_TIMEOUT_S: Final = 15.0
TEXT_CHARS_MAX: Final = 500
WAV_BYTES_MAX: Final = 24 * 1024 * 1024
ESPEAK_VOICES: Final = {Language.ZH: "cmn", Language.EN: "en-us"}
InThread = Callable[[Callable[[], Any]], Deferred[Any]]


class VoiceUnavailable(PermanentFailure):
    """The speech engine is missing or refused a text; the message says what to do."""

    code = "media.voice_unavailable"


class VoiceBusy(TemporaryFailure):
    """The speech engine ended or did not answer in time."""

    code = "media.voice_busy"


class Speaker(Protocol):
    """A speech engine."""

    @property
    def identity(self) -> str:
        """Engine, voice and rate: clips of one identity sound alike and may be cached."""
        ...

    def synth(self, text: str, language: Language) -> Deferred[bytes]:
        """Return the A-law clip of a text. Raises VoiceUnavailable or VoiceBusy."""
        ...

    def stop(self) -> Deferred[None]:
        """End what runs."""
        ...


_Reply = tuple[bytes, str]
_decode_reply = msgspec.msgpack.Decoder(_Reply).decode


class _Talk(StreamProtocol):
    """Requests and replies with the eSpeak process, in order."""

    def __init__(self, on_lost: Callable[[], None]) -> None:
        self._on_lost = on_lost
        self._reader = FrameReader()
        self.waiting: deque[Deferred[bytes]] = deque([Deferred()])  # the first reply is a hello

    def ask(self, request: tuple[str, int, str]) -> Deferred[bytes]:
        """Send one request."""
        reply: Deferred[bytes] = Deferred()
        self.waiting.append(reply)
        assert self.transport is not None
        self.transport.write(frame_of(msgspec.msgpack.encode(request)))
        return reply

    def dataReceived(self, data: bytes) -> None:
        for body in self._reader.feed(data):
            alaw, problem = _decode_reply(body)
            reply = self.waiting.popleft()
            if not reply.called:
                reply.errback(VoiceUnavailable(problem)) if problem else reply.callback(alaw)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._on_lost()  # first: who is told may ask again at once
        waiting, self.waiting = self.waiting, deque()
        for reply in waiting:
            if not reply.called:
                reply.errback(VoiceBusy("the speech process ended"))


class EspeakSpeaker:
    """eSpeak NG in its own process, started at the first text and again after it was lost."""

    def __init__(
        self,
        reactor: MediaReactor,
        words_per_minute: int,
        timeout_s: float = SYNTH_TIMEOUT_S,
    ) -> None:
        self._reactor, self._words_per_minute = reactor, words_per_minute
        self._timeout_s = timeout_s
        self._talk: _Talk | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def identity(self) -> str:
        """Bumped by hand when clips are made differently."""
        return f"espeak-ng-2 {self._words_per_minute}"

    def synth(self, text: str, language: Language) -> Deferred[bytes]:
        """Return the clip of a text."""
        if self._talk is None:
            talk = self._talk = _Talk(self._lost)
            self._process = start_child(
                self._reactor, "gateway.media.espeak_process", [], self._talk
            )
            talk.waiting[0].addErrback(self._no_engine, talk)
        voice = ESPEAK_VOICES[language]
        reply = self._talk.ask((voice, self._words_per_minute, text[:TEXT_CHARS_MAX]))
        return reply.addTimeout(self._timeout_s, self._reactor).addErrback(self._timed_out)

    def _no_engine(self, failure: Failure, talk: _Talk) -> None:
        """The hello says that the engine is missing: so it is for all who wait."""
        while talk.waiting:
            reply = talk.waiting.popleft()
            if not reply.called:
                reply.errback(failure)

    def _timed_out(self, failure: Failure) -> Failure:
        if failure.check(DeferredTimeout):
            if self._process is not None:
                self._process.kill()
            return Failure(VoiceBusy(f"no speech in {self._timeout_s} s"))
        return failure

    def _lost(self) -> None:
        process, self._process, self._talk = self._process, None, None
        if process is not None:
            reap_child(self._reactor, process)

    def stop(self) -> Deferred[None]:
        """End the process."""
        talk, process = self._talk, self._process
        self._process = None
        if talk is None or talk.transport is None or process is None:
            return succeed(None)
        talk.transport.loseConnection()
        return reap_child(self._reactor, process)


def clip_of_wav(wav: bytes, engine: str) -> bytes:
    """Return an engine's WAV file as a clip. Raises VoiceUnavailable naming the engine."""
    try:
        return sound.alaw_clip(*sound.read_wav(wav))
    except sound.SoundBroken as e:
        raise VoiceUnavailable(f"{engine!r} gave no usable sound: {e}") from e


class CommandSpeaker:
    """A program per text: `{language}` in its arguments is zh or en, text on stdin, WAV out."""

    def __init__(self, command: Sequence[str], in_thread: InThread) -> None:
        if not command:
            raise VoiceUnavailable("media voice command is empty: name a program")
        self._command, self._in_thread = list(command), in_thread

    @property
    def identity(self) -> str:
        """The command line."""
        return "command " + " ".join(self._command)

    def synth(self, text: str, language: Language) -> Deferred[bytes]:
        """Run the command once."""
        return self._in_thread(lambda: self._run(text[:TEXT_CHARS_MAX], language))

    def _run(self, text: str, language: Language) -> bytes:
        command = [part.replace("{language}", language.name.lower()) for part in self._command]
        try:
            ended = subprocess.run(
                command,
                input=text.encode(),
                capture_output=True,
                timeout=SYNTH_TIMEOUT_S,
                check=False,
            )
        except FileNotFoundError as e:
            raise VoiceUnavailable(f"speech program {command[0]!r} is not installed") from e
        except subprocess.TimeoutExpired as e:
            raise VoiceBusy(f"{command[0]!r} took longer than {SYNTH_TIMEOUT_S} s") from e
        if ended.returncode != 0:
            complaint = ended.stderr.decode(errors="replace")[-200:]
            raise VoiceUnavailable(
                f"{command[0]!r} ended with code {ended.returncode}: {complaint}"
            )
        if len(ended.stdout) > WAV_BYTES_MAX:
            raise VoiceUnavailable(f"{command[0]!r} wrote more than {WAV_BYTES_MAX} bytes")
        return clip_of_wav(ended.stdout, command[0])

    def stop(self) -> Deferred[None]:
        """Nothing runs between texts."""
        return succeed(None)


class NoSpeaker:
    """No engine: only recorded prompts and cached clips are spoken."""

    identity = "none"

    def synth(self, text: str, language: Language) -> Deferred[bytes]:
        """Refuse."""
        return fail(VoiceUnavailable("no speech engine is configured: record the prompt"))

    def stop(self) -> Deferred[None]:
        """Nothing to end."""
        return succeed(None)
