"""linphonec as a caller: a third SIP stack (belle-sip), driven over its standard input.

Needs no sound card. Keys go by RFC 4733 or by SIP INFO (application/dtmf-relay). Debian's 5.1.
"""

import os
import subprocess
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
from twisted.internet import reactor
from twisted.internet.task import deferLater

from gateway.media.sound import read_wav, write_wav
from tests.peers.binaries import free_udp_port, needed_binary

SPEAKS_S: Final = 120
TIMEOUT_S: Final = 20.0
KEY_S: Final = 0.3
INFO_KEY_S: Final = 5.5  # it sends the second INFO digit about five seconds after the first

_CONFIG: Final = """\
[sip]
bind_address=127.0.0.1
use_ipv6=0
ipv6_migration_done=1
sip_port={udp}
sip_tcp_port={tcp}
sip_tls_port=-1
use_info={use_info}
use_rfc2833={use_rfc2833}
guess_hostname=0
contact="linphone" <sip:{ani}@127.0.0.1>
[rtp]
audio_rtp_port={rtp}
[net]
mtu=1300
stun_server=
firewall_policy=0
"""


class Linphone:
    """One linphonec process. `stop` in every case."""

    def __init__(self, folder: Path, process: "subprocess.Popen[bytes]") -> None:
        self._folder, self._process = folder, process

    @classmethod
    async def start(
        cls, folder: Path, ani: str = "13700137000", *, is_info: bool = False, is_tcp: bool = False
    ) -> "Linphone":
        """Start in an empty folder; `is_info` sends keys by SIP INFO instead of RFC 4733."""
        binary = needed_binary("linphonec", "linphone-cli")
        (folder / ".local" / "share" / "linphone").mkdir(parents=True)  # else no port is opened
        port = free_udp_port()
        text = _CONFIG.format(
            ani=ani,
            udp=-1 if is_tcp else port,
            tcp=port if is_tcp else -1,
            rtp=free_udp_port(),
            use_info=int(is_info),
            use_rfc2833=int(not is_info),
        )
        (folder / "linphonerc").write_text(text)
        silence = folder / "silence.wav"
        silence.write_bytes(write_wav(np.zeros(SPEAKS_S * 8000, dtype=np.int16)))
        with (folder / "out.txt").open("wb") as out:
            process = subprocess.Popen(
                [binary, "-c", str(folder / "linphonerc")],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=out,
                cwd=folder,
                env={**os.environ, "HOME": str(folder), "DISPLAY": ""},
            )
        phone = cls(folder, process)
        try:
            await phone._until("linphonec>")
        except AssertionError:
            process.kill()  # nobody else knows of it yet
            raise
        phone._say("soundcard use files " + str(silence))
        phone._say("record " + str(folder / "heard.wav"))
        return phone

    @property
    def output(self) -> str:
        """What it printed so far."""
        return (self._folder / "out.txt").read_text(errors="replace")

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()

    async def _until(self, *words: str) -> str:
        """Wait until one of the words was printed; return it."""
        end_s = time.monotonic() + TIMEOUT_S
        while True:
            for word in words:
                if word in self.output:
                    return word
            assert time.monotonic() < end_s, f"linphonec never said {words}: {self.output[-3000:]}"
            assert self._process.poll() is None, f"linphonec ended: {self.output[-3000:]}"
            await deferLater(reactor, 0.05)

    def register(self, ani: str, registrar: str, password: str) -> None:
        """Register with `registrar`, host:port and perhaps ;transport=tcp."""
        host = registrar.partition(";")[0]
        self._say(f"register sip:{ani}@{host} sip:{registrar} {password}")

    async def dial(self, uri: str) -> None:
        """Call and wait for the answer."""
        self._say(f"call {uri}")
        await self._until("connected.", "Media streams established")

    async def press(self, keys: str, *, key_s: float = KEY_S) -> None:
        """Press keys one after the other."""
        for key in keys:
            self._say(key)
            await deferLater(reactor, key_s)

    def hang_up(self) -> None:
        """End the call."""
        self._say("terminate")

    async def closed(self) -> None:
        """Wait until the call has ended, by whichever side."""
        await self._until("Call ended", "ended (", "terminated")

    async def stop(self) -> None:
        """End the process, however it is."""
        if self._process.poll() is None:
            self._say("quit")
        end_s = time.monotonic() + 3.0
        while self._process.poll() is None:
            if time.monotonic() > end_s:
                self._process.kill()
            await deferLater(reactor, 0.02)
        assert self._process.stdin is not None
        self._process.stdin.close()

    def heard(self) -> "np.ndarray[Any, np.dtype[np.int16]]":
        """Return what it heard, complete once the call has ended."""
        pcm, rate = read_wav((self._folder / "heard.wav").read_bytes())
        assert rate == 8000, f"recorded at {rate} Hz"
        return pcm
