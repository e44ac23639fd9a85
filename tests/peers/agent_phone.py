"""baresip at both ends of the call centre: an agent's registered phone, and a caller with a voice.

Each speaks one tone, so that a recording tells who was heard. Not here: the call centre itself.
"""

import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
from twisted.internet import reactor
from twisted.internet.task import deferLater

from gateway.media.sound import write_wav
from tests.peers.baresip import SPEAKS_S, TIMEOUT_S, Baresip

RATE = 8000


class TonePhone(Baresip):
    """Speaks a tone of `tone_hz`; with `registrar` it registers there with its password."""

    tone_hz = 0
    registrar = ""
    password = ""
    answer_mode = "manual"

    @classmethod
    async def begin(
        cls,
        folder: Path,
        user: str,
        tone_hz: int,
        registrar: str = "",
        password: str = "",
        answer_mode: str = "manual",
    ) -> "TonePhone":
        """Start; `registrar` is host:port, perhaps with ;transport=tcp, `answer_mode` or auto."""
        phone = cls(folder, user, "PCMA")
        phone.answer_mode = answer_mode
        phone.tone_hz, phone.registrar, phone.password = tone_hz, registrar, password
        await phone._launch(phone._write_config())
        return phone

    def _write_config(self) -> int:
        control_port = super()._write_config()
        at_s = np.arange(SPEAKS_S * RATE) / RATE
        tone = (6_000 * np.sin(2 * np.pi * self.tone_hz * at_s)).astype(np.int16)
        (self._folder / "silence.wav").write_bytes(write_wav(tone))
        if self.registrar:
            (self._folder / "accounts").write_text(
                f"<sip:{self._ani}@{self.registrar}>;auth_user={self._ani}"
                f";auth_pass={self.password};regint=60;audio_codecs=PCMA,PCMU"
                f";answermode={self.answer_mode}\n"
            )
        return control_port

    async def rings(self) -> dict[str, Any]:
        """Wait until it rings; return what it was told of the call."""
        await self._until_event("CALL_INCOMING")
        return self._last("CALL_INCOMING")

    async def answer(self) -> None:
        """Take the call that rings."""
        self._command("accept")
        await self._until_event("CALL_ESTABLISHED")

    def do(self, command: str, params: str = "") -> None:
        """Give any command of its menu, such as hold, resume or transfer."""
        self._command(command, params)

    def forget(self) -> None:
        """Forget the events so far: the next wait is for a new one."""
        assert self._control is not None
        self._control.messages.clear()

    def _last(self, kind: str) -> dict[str, Any]:
        assert self._control is not None
        return next(m for m in reversed(self._control.messages) if m.get("type") == kind)

    def kill(self) -> None:
        """Let the process vanish, as a power cut would."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def tone_heard_s(self, hz: int) -> float:
        """Return for how long it heard this tone, and nothing as loud beside it."""
        return tone_s(self.heard(), hz)


def tone_s(pcm: "np.ndarray[Any, np.dtype[np.int16]]", hz: int) -> float:
    """Return the seconds of `pcm` in which a tone of `hz` holds most of the power."""
    window = RATE // 10
    count = len(pcm) // window
    frames = pcm[: count * window].reshape(count, window).astype(float)
    spectrum = np.abs(np.fft.rfft(frames, axis=1)) ** 2
    spectrum[:, 0] = 0
    row = round(hz * window / RATE)
    near = spectrum[:, row - 1 : row + 2].sum(axis=1)
    total = spectrum.sum(axis=1)
    return float(((near > 0.8 * total) & (total > 1e8)).sum()) / 10


def likeness(heard: "np.ndarray[Any, Any]", part: "np.ndarray[Any, Any]") -> float:
    """Return the highest correlation of `part` with any place in what was heard."""
    part, heard = part.astype(float), heard.astype(float)
    dots = np.correlate(heard, part, "valid")
    power = np.convolve(heard**2, np.ones(len(part)), "valid")
    return float((dots / np.sqrt(np.maximum(power, 1.0) * (part**2).sum())).max())


async def until(happens: Any, what: str) -> None:
    """Wait until `happens()` is true; the test fails when that takes too long."""
    end_s = time.monotonic() + 2 * TIMEOUT_S
    while not happens():
        assert time.monotonic() < end_s, f"waited {2 * TIMEOUT_S} s until {what}"
        await deferLater(reactor, 0.02)
