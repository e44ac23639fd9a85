"""eSpeak NG in a process of its own: text in, A-law out, over an inherited Unix socket.

The library is GPL-3 and not thread-safe; nothing of the gateway links to it. Frames are those of
`gateway.media.wire`: a request is msgpack [voice, words_per_minute, text], a reply [alaw, error].
Not here: caching and prompts (gateway.media.voice).
"""

import ctypes
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any, Final

import msgspec
import numpy as np

from gateway.media import sound
from gateway.media.g711 import Pcm16
from gateway.media.wire import FrameReader, frame_of

READ_BYTES: Final = 1 << 16
_SYNCHRONOUS: Final = 2  # AUDIO_OUTPUT_SYNCHRONOUS: espeak_Synth returns when all is spoken
_RATE: Final = 1  # espeakRATE
_CHARS_UTF8: Final = 1
_NO_EXIT: Final = 0x8000  # espeakINITIALIZE_DONT_EXIT
_OK: Final = 0

_Request = tuple[str, int, str]
_decode = msgspec.msgpack.Decoder(_Request).decode
_OnSound = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


class Espeak:
    """The library, opened. Raises OSError or ImportError when it is not installed."""

    def __init__(self) -> None:
        import espeakng_loader  # an optional extra: only this process needs it

        self._library: Any = ctypes.CDLL(espeakng_loader.get_library_path())
        data_path = espeakng_loader.get_data_path().encode()
        self.rate = int(self._library.espeak_Initialize(_SYNCHRONOUS, 0, data_path, _NO_EXIT))
        if self.rate <= 0:
            raise OSError(f"espeak_Initialize failed with its data at {data_path.decode()}")
        self._blocks: list[Pcm16] = []
        self._callback = _OnSound(self._take)  # kept: the library holds only its address
        self._library.espeak_SetSynthCallback(self._callback)

    def _take(self, samples: Any, count: int, _events: int | None) -> int:
        if samples and count > 0:
            self._blocks.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    def synth(self, voice: str, words_per_minute: int, text: str) -> Pcm16:
        """Return the speech at `self.rate`. Raises ValueError for an unknown voice."""
        if self._library.espeak_SetVoiceByName(voice.encode()) != _OK:
            raise ValueError(f"eSpeak NG has no voice {voice!r}")
        self._library.espeak_SetParameter(_RATE, words_per_minute, 0)
        self._blocks.clear()
        data = text.encode()
        status = self._library.espeak_Synth(data, len(data) + 1, 0, 0, 0, _CHARS_UTF8, None, None)
        if status != _OK:
            raise ValueError(f"espeak_Synth failed with status {status}")
        return np.concatenate(self._blocks) if self._blocks else np.zeros(0, np.int16)


def serve(control: socket.socket, answer: Callable[[_Request], bytes]) -> None:
    """Answer requests one by one until the gateway closes the socket."""
    reader = FrameReader()
    while data := control.recv(READ_BYTES):
        for body in reader.feed(data):
            try:
                reply: tuple[bytes, str] = (answer(_decode(body)), "")
            except (ValueError, msgspec.DecodeError) as e:
                reply = (b"", str(e))
            control.sendall(frame_of(msgspec.msgpack.encode(reply)))


def main(arguments: list[str]) -> int:
    """Serve on the socket whose number is the first argument."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with socket.socket(fileno=int(arguments[0])) as control:
        control.setblocking(True)
        try:
            espeak = Espeak()
        except (ImportError, OSError) as e:
            problem = f"{e}; install the extra: pip install 'hotline-gateway[phone]'"
            control.sendall(frame_of(msgspec.msgpack.encode((b"", problem))))
            return 1
        control.sendall(frame_of(msgspec.msgpack.encode((b"", ""))))
        try:
            serve(control, lambda request: sound.alaw_clip(espeak.synth(*request), espeak.rate))
        except ConnectionError:
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
