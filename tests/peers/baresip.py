"""baresip as a caller: a SIP phone that nobody here wrote, driven over its control socket.

Needs no sound card: it speaks a silent WAV file and keeps what it hears in another.
"""

import json
import subprocess
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
from twisted.internet import reactor
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.error import ConnectionRefusedError as Refused
from twisted.internet.task import deferLater
from twisted.protocols.basic import NetstringReceiver

from gateway.media.sound import read_wav, write_wav
from tests.peers.binaries import free_udp_port, needed_binary

MODULES: Final = Path("/usr/lib/baresip/modules")
SPEAKS_S: Final = 120
TIMEOUT_S: Final = 15.0

_CONFIG: Final = """\
sip_listen 127.0.0.1:{sip_port}
net_interface 127.0.0.1
audio_source aufile,{silence}
audio_player nullplay,
audio_alert none,
rtp_ports {rtp_first}-{rtp_last}
module_path {modules}
module g711.so
module aufile.so
module sndfile.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{control_port}
snd_path {heard}
"""
_ACCOUNT: Final = (
    "<sip:{ani}@127.0.0.1;transport={transport}>;regint=0;audio_codecs={codec};answermode=manual\n"
)


class _Control(NetstringReceiver):
    """Events and answers of the control socket, kept in their order."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []

    def stringReceived(self, string: bytes) -> None:
        self.messages.append(json.loads(string))


class Baresip:
    """One baresip process with one account. `stop` in every case."""

    def __init__(self, folder: Path, ani: str, codec: str) -> None:
        self._folder = folder
        self._ani, self._codec = ani, codec
        self._transport, self._ca_file = "udp", ""
        self._control: _Control | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    async def start(
        cls,
        folder: Path,
        ani: str = "13800138000",
        codec: str = "PCMA",
        transport: str = "udp",
        ca_file: str = "",
    ) -> "Baresip":
        """Start in an empty folder; `codec` is PCMA or PCMU, `transport` udp, tcp or tls.

        Over TLS it believes the authorities of `ca_file`.
        """
        phone = cls(folder, ani, codec)
        phone._transport, phone._ca_file = transport, ca_file
        await phone._launch(phone._write_config())
        return phone

    async def _launch(self, control_port: int) -> None:
        binary = needed_binary("baresip", "baresip-core")
        with (self._folder / "out.txt").open("wb") as out:
            self._process = subprocess.Popen(
                [binary, "-f", str(self._folder)], stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )
        await self._connect(control_port)

    def _write_config(self) -> int:
        heard = self._folder / "heard"
        heard.mkdir(parents=True)
        silence = self._folder / "silence.wav"
        silence.write_bytes(write_wav(np.zeros(SPEAKS_S * 8000, dtype=np.int16)))
        sip_port, rtp_first, control_port = free_udp_port(), free_udp_port(), free_udp_port()
        config = _CONFIG.format(
            sip_port=sip_port,
            silence=silence,
            rtp_first=rtp_first,
            rtp_last=rtp_first + 1,
            modules=MODULES,
            control_port=control_port,
            heard=heard,
        )
        if self._ca_file:
            config += f"sip_cafile {self._ca_file}\nsip_verify_server yes\n"
        (self._folder / "config").write_text(config)
        account = _ACCOUNT.format(ani=self._ani, codec=self._codec, transport=self._transport)
        (self._folder / "accounts").write_text(account)
        (self._folder / "contacts").write_text("")
        return control_port

    async def _connect(self, port: int) -> None:
        end_s = time.monotonic() + TIMEOUT_S
        while True:
            try:
                self._control = await connectProtocol(
                    TCP4ClientEndpoint(reactor, "127.0.0.1", port), _Control()
                )
                return
            except Refused:
                assert time.monotonic() < end_s, f"baresip did not start: {self.output}"
                await deferLater(reactor, 0.05)

    @property
    def output(self) -> str:
        """What it printed so far."""
        return (self._folder / "out.txt").read_text(errors="replace")

    def _command(self, command: str, params: str = "") -> None:
        assert self._control is not None
        message = json.dumps({"command": command, "params": params, "token": command})
        self._control.sendString(message.encode())

    async def _until_event(self, *kinds: str) -> str:
        """Wait for one of these events, counted from the last dial; return its type."""
        assert self._control is not None
        end_s = time.monotonic() + TIMEOUT_S
        while True:
            for message in self._control.messages:
                if message.get("event") and message.get("type") in kinds:
                    return str(message["type"])
            assert time.monotonic() < end_s, (
                f"waited {TIMEOUT_S} s for {kinds}; {self._control.messages}; {self.output}"
            )
            await deferLater(reactor, 0.02)

    async def dial(self, uri: str) -> bool:
        """Call; return True when answered, False when the call ended before."""
        assert self._control is not None
        self._control.messages.clear()
        self._command("dial", uri)
        event = await self._until_event("CALL_ESTABLISHED", "CALL_CLOSED")
        return event == "CALL_ESTABLISHED"

    async def press(self, keys: str, gap_s: float = 0.25) -> None:
        """Press keys one after the other, as RFC 4733 events."""
        for key in keys:
            self._command("sndcode", key)
            await deferLater(reactor, gap_s)

    def hang_up(self) -> None:
        """End the call; `closed` tells when it has ended."""
        self._command("hangup")

    async def closed(self) -> None:
        """Wait until the call has ended, by whichever side."""
        await self._until_event("CALL_CLOSED")

    async def stop(self) -> None:
        """End the process, however it is."""
        if self._control is not None and self._control.transport is not None:
            self._command("quit")
            self._control.transport.loseConnection()
        process, self._process = self._process, None
        if process is None:
            return
        end_s = time.monotonic() + 3.0
        while process.poll() is None:
            if time.monotonic() > end_s:
                process.kill()
            await deferLater(reactor, 0.02)

    def heard(self) -> "np.ndarray[Any, np.dtype[np.int16]]":
        """Return what it heard, 8 kHz samples; complete once the call has ended."""
        files = sorted((self._folder / "heard").glob("dump-*-dec.wav"))
        assert files, f"baresip recorded nothing: {self.output}"
        pcm, rate = read_wav(files[-1].read_bytes())
        assert rate == 8000, f"recorded at {rate} Hz"
        return pcm
