"""Child processes of media: started with one end of a Unix socket, collected when they end.

Plain `subprocess.Popen` polled on the reactor's clock, because under uvloop the reactor's own
spawnProcess loses exits. Not here: what the children do.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorSocket, IReactorTime
from twisted.internet.protocol import Protocol, ServerFactory

REAP_S: Final = 0.05
KILL_AFTER_S: Final = 2.0
_ROOT: Final = Path(__file__).resolve().parents[2]


class MediaReactor(IReactorTime, IReactorSocket):
    """What children need of the reactor."""


class _Handed(ServerFactory):
    """Hands out the one protocol made beforehand."""

    noisy = False

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol

    def buildProtocol(self, addr: object) -> Protocol:
        return self._protocol


def start_child(
    reactor: MediaReactor, module: str, arguments: Sequence[str], protocol: Protocol
) -> subprocess.Popen[bytes]:
    """Run `python -m module FD arguments...` and connect `protocol` to its socket FD."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", module, str(theirs.fileno()), *arguments],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            cwd=_ROOT,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},  # no threads that spin beside the tick
        )
        ours.setblocking(False)
        reactor.adoptStreamConnection(ours.fileno(), socket.AF_UNIX, _Handed(protocol))
    return process


def reap_child(reactor: IReactorTime, process: subprocess.Popen[bytes]) -> Deferred[None]:
    """Fire when the process has ended; one that does not end by itself is killed after 2 s."""
    ended: Deferred[None] = Deferred()
    since_s = reactor.seconds()

    def look() -> None:
        if process.poll() is not None:
            ended.callback(None)
            return
        if reactor.seconds() - since_s > KILL_AFTER_S:
            process.kill()
        reactor.callLater(REAP_S, look)

    look()
    return ended
