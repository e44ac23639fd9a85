"""Where a LegBank lives: in this process on the reactor's clock, or in a worker process.

Both take requests and give reports; `gateway.media.link` makes legs of them.
Not here: what a leg is (gateway.media.leg) and the worker's own loop (gateway.media.worker).
"""

import subprocess
import time
from collections.abc import Callable
from typing import Final, Protocol

import structlog
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.protocol import Protocol as StreamProtocol
from twisted.internet.protocol import connectionDone
from twisted.internet.task import LoopingCall
from twisted.python.failure import Failure

from gateway.media import wire
from gateway.media.bank import TICK_S, LegBank, SoundRules
from gateway.media.child import MediaReactor, reap_child, start_child
from gateway.media.port import MediaRefused

log = structlog.get_logger("media")

START_TIMEOUT_S: Final = 20.0
SILENT_S_MAX: Final = 5.0  # a worker beats every second
RESTART_DELAY_S: Final = 0.2
RESTART_DELAY_MAX_S: Final = 5.0
STABLE_S: Final = 60.0  # a worker that lived so long is restarted at once again


class HostListener(Protocol):
    """Who is told of a host."""

    def host_reported(self, reports: list[wire.Report]) -> None:
        """Something happened on legs of the host."""

    def host_lost(self) -> None:
        """All legs of the host are gone; it may come up again."""


class MediaHost(Protocol):
    """A place where legs live."""

    @property
    def is_up(self) -> bool:
        """True when it takes requests."""
        ...

    def start(self, listener: HostListener) -> Deferred[None]:
        """Fires when it is up. Raises MediaRefused."""
        ...

    def send(self, request: wire.Request) -> None:
        """Pass a request on; dropped while the host is down."""

    def stop(self) -> Deferred[None]:
        """Fires when sockets and process are gone; the listener is not told."""
        ...


class ReactorHost:
    """A LegBank on this reactor. Reports come with the tick, never inside `send`."""

    def __init__(self, bank: LegBank, clock: IReactorTime, now_ns: Callable[[], int]) -> None:
        self._bank, self._now_ns = bank, now_ns
        self._loop = LoopingCall(self._tick)
        self._loop.clock = clock
        self._listener: HostListener | None = None

    @property
    def is_up(self) -> bool:
        """True between start and stop."""
        return self._loop.running

    def start(self, listener: HostListener) -> Deferred[None]:
        """Begin to tick."""
        self._listener = listener
        self._loop.start(TICK_S, now=False).addErrback(self._failed)
        return succeed(None)

    def _failed(self, failure: Failure) -> None:
        """End the legs: a bug has ended the tick, as it would have ended a worker."""
        log.error("media.tick_failed", traceback=failure.getTraceback())
        self._bank.close()
        if self._listener is not None:
            self._listener.host_lost()

    def send(self, request: wire.Request) -> None:
        """Carry the request out."""
        if self.is_up:
            self._bank.apply(request, time.monotonic(), self._now_ns())

    def _tick(self) -> None:
        self._bank.tick(time.monotonic(), self._now_ns())
        if (reports := self._bank.take_reports()) and self._listener is not None:
            self._listener.host_reported(reports)

    def stop(self) -> Deferred[None]:
        """Close the sockets."""
        if self._loop.running:
            self._loop.stop()
        self._bank.close()
        return succeed(None)


class _Control(StreamProtocol):
    """The gateway's end of the Unix socket to one worker."""

    def __init__(self, host: "WorkerHost") -> None:
        self._host = host
        self._reader = wire.FrameReader()

    def dataReceived(self, data: bytes) -> None:
        self._host.reported([wire.read_report(body) for body in self._reader.feed(data)])

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._host.lost(self)


class WorkerHost:
    """A worker process, started again when it ends or no longer beats.

    The process is a plain `subprocess.Popen`: under uvloop the reactor's own spawnProcess loses
    exits.
    """

    def __init__(
        self,
        reactor: MediaReactor,
        host: str,
        ports: tuple[int, int],
        legs_max: int,
        silent_s_max: float = SILENT_S_MAX,
        clock_shift_s: int = 0,
        rules: SoundRules = SoundRules(),  # noqa: B008  (immutable)
    ) -> None:
        self._reactor, self._silent_s_max = reactor, silent_s_max
        self._arguments = [host, *map(str, (*ports, legs_max, clock_shift_s, *rules))]
        self._listener: HostListener | None = None
        self._control: _Control | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._is_up = self._is_stopped = False
        self._heard_s = self._started_s = 0.0
        self._restart_delay_s = RESTART_DELAY_S
        self._restart: IDelayedCall | None = None
        self._watch = LoopingCall(self._check_beat)
        self._watch.clock = reactor
        self._started: Deferred[None] | None = None

    @property
    def is_up(self) -> bool:
        """True from the first beat of a worker to its end."""
        return self._is_up

    @property
    def pid(self) -> int:
        """Process id of the worker, 0 when there is none."""
        return self._process.pid if self._process is not None else 0

    def start(self, listener: HostListener) -> Deferred[None]:
        """Start the process; fires at its first beat."""
        self._listener = listener
        self._started = Deferred()
        self._spawn()
        self._watch.start(1.0, now=False)
        return self._started

    def _spawn(self) -> None:
        self._restart = None
        self._control = _Control(self)
        self._process = start_child(
            self._reactor, "gateway.media.worker", self._arguments, self._control
        )
        self._heard_s = self._started_s = self._reactor.seconds()
        log.info("media.worker_started", pid=self._process.pid)

    def send(self, request: wire.Request) -> None:
        """Write one frame."""
        if self._is_up and self._control is not None and self._control.transport is not None:
            self._control.transport.write(wire.frame(request))

    def reported(self, reports: list[wire.Report]) -> None:
        """Take what the worker said."""
        self._heard_s = self._reactor.seconds()
        if not self._is_up:
            self._is_up = True
            self._tell_started(None)
        if reports and self._listener is not None:
            self._listener.host_reported(reports)

    def _tell_started(self, result: Failure | None) -> None:
        started, self._started = self._started, None
        if started is not None:
            started.callback(None) if result is None else started.errback(result)

    def _check_beat(self) -> None:
        silent_s = self._reactor.seconds() - self._heard_s
        limit_s = self._silent_s_max if self._is_up else START_TIMEOUT_S
        if silent_s > limit_s and self._process is not None and self._process.poll() is None:
            log.error("media.worker_silent", pid=self._process.pid, silent_s=round(silent_s, 1))
            self._process.kill()

    def lost(self, control: _Control) -> None:
        """The worker closed its end: it has ended or is about to."""
        if control is not self._control:
            return
        self._control = None
        process, self._process = self._process, None
        if process is not None:
            reap_child(self._reactor, process)
        was_up, self._is_up = self._is_up, False
        if self._is_stopped:
            return
        log.error("media.worker_lost", pid=process.pid if process else 0)
        if self._started is not None:
            self._tell_started(Failure(MediaRefused("the media worker ended while starting")))
        if was_up and self._listener is not None:
            self._listener.host_lost()
        if self._reactor.seconds() - self._started_s > STABLE_S:
            self._restart_delay_s = RESTART_DELAY_S
        self._restart = self._reactor.callLater(self._restart_delay_s, self._spawn)
        self._restart_delay_s = min(2 * self._restart_delay_s, RESTART_DELAY_MAX_S)

    def stop(self) -> Deferred[None]:
        """Close the socket, which ends the worker; fires when it has ended."""
        self._is_stopped, self._is_up = True, False
        if self._watch.running:
            self._watch.stop()
        if self._restart is not None and self._restart.active():
            self._restart.cancel()
        self._tell_started(Failure(MediaRefused("media was stopped while starting")))
        control, process = self._control, self._process
        self._control = self._process = None
        if control is not None and control.transport is not None:
            control.transport.loseConnection()
        if process is None:
            return succeed(None)
        return reap_child(self._reactor, process)
