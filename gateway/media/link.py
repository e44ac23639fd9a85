"""Legs over one or more media hosts: the gateway's implementation of `port.MediaLink`.

A host that is lost ends its own legs with `MediaLost`; legs on other hosts do not notice.
Not here: sockets and processes (gateway.media.bank, gateway.media.hosts).
"""

import os
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

import structlog
from twisted.internet.defer import Deferred, DeferredList, FirstError, fail, maybeDeferred, succeed
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from gateway.media import metrics, wire
from gateway.media.bank import LegBank, SoundRules
from gateway.media.child import MediaReactor
from gateway.media.hosts import MediaHost, ReactorHost, WorkerHost
from gateway.media.port import (
    Address,
    Clip,
    Digit,
    Heard,
    Leg,
    LegEvent,
    LegFigures,
    LostReason,
    MediaLost,
    MediaRefused,
    OnLegEvent,
    PlayDone,
    Recorded,
    RecordingFailed,
    RtpPeer,
)
from gateway.media.settings import MediaSettings
from risk.domain.errors import ConfigError

log = structlog.get_logger("media")

ANSWER_TIMEOUT_S: Final = 3.0
CLIP_BYTES_MAX: Final = 128 * 1024 * 1024  # kept in one host
AFTER_CLOSE: Final = (Heard, Recorded, RecordingFailed)  # the last sound comes with the close


class _HostedLeg:
    """A leg on a host; forwards to it until closed or lost."""

    def __init__(self, side: "_HostSide", leg_no: int, on_event: OnLegEvent) -> None:
        self.side, self._leg_no, self._on_event = side, leg_no, on_event
        self._address: Address = ("", 0)
        self._closed: Deferred[LegFigures] | None = None
        self._is_over = False

    @property
    def local_address(self) -> Address:
        return self._address

    def set_peer(self, peer: RtpPeer) -> None:
        self._send(wire.SetPeer(self._leg_no, peer.host, peer.port, peer.codec, peer.event_type))

    def play(self, clips: Sequence[Clip], token: int, *, repeats: bool = False) -> None:
        if not self._is_over:
            self.side.load(clips)
            names = [clip.name for clip in clips]
            self._send(wire.Play(self._leg_no, names, token, repeats))

    def press_by_info(self, key: str) -> None:
        self._send(wire.InfoKey(self._leg_no, key))

    def send_digits(self, digits: str, token: int) -> None:
        self._send(wire.SendDigits(self._leg_no, digits, token))

    def stop(self) -> None:
        self._send(wire.StopPlay(self._leg_no))

    def record(self, path: str) -> None:
        if not self._is_over:
            self.side.recording(self._leg_no, 1)
            self._send(wire.Record(self._leg_no, os.path.abspath(path)))

    def stop_recording(self) -> None:
        self._send(wire.StopRecording(self._leg_no))

    def secure(self, is_on: bool, since_ns: int = 0) -> None:
        self._send(wire.Secure(self._leg_no, is_on, since_ns))

    def bridge(self, other: Leg) -> None:
        if not isinstance(other, _HostedLeg) or other.side is not self.side:
            raise ValueError("other must be a leg of the same host: open it beside this one")
        self._send(wire.Bridge(self._leg_no, other._leg_no))

    def unbridge(self) -> None:
        self._send(wire.Unbridge(self._leg_no))

    def close(self) -> Deferred[LegFigures]:
        if self._is_over:
            return succeed(LegFigures())
        self._send(wire.CloseLeg(self._leg_no))
        self._is_over = True
        self._closed = self.side.closing()
        return self._closed.addErrback(_no_figures)

    def _send(self, request: wire.Request) -> None:
        if not self._is_over:
            self.side.host.send(request)

    def opened(self, address: Address) -> None:
        self._address = address

    def closed(self, figures: LegFigures) -> None:
        if self._closed is not None and not self._closed.called:
            self._closed.callback(figures)

    def tell(self, event: LegEvent) -> None:
        if not self._is_over or isinstance(event, AFTER_CLOSE):
            self._on_event(event)

    def lost(self, reason: LostReason) -> None:
        if self._is_over:
            self.closed(LegFigures())
            return
        self._is_over = True
        self._on_event(MediaLost(reason))


def _contained(leg_no: int, tell: Callable[..., None], *told: object) -> None:
    """Tell; a listener's bug must not end the connection that all legs share."""
    maybeDeferred(tell, *told).addErrback(_log_bug, leg_no)


def _log_bug(failure: Failure, leg_no: int) -> None:
    log.error("media.listener_failed", leg_no=leg_no, traceback=failure.getTraceback())


def _no_figures(failure: Failure) -> LegFigures:
    failure.trap(DeferredTimeout)
    return LegFigures()


class _HostSide:
    """The legs of one host, and the clips it has."""

    def __init__(self, host: MediaHost, clock: IReactorTime, advertised_host: str) -> None:
        self.host, self._clock, self._advertised_host = host, clock, advertised_host
        self.legs: dict[int, _HostedLeg] = {}
        self._opening: dict[int, Deferred[Leg]] = {}
        self._recordings: dict[int, int] = {}  # leg_no -> files not complete yet
        self._closed_legs: dict[int, _HostedLeg] = {}  # whose last file is not complete yet
        self._clip_bytes: OrderedDict[str, int] = OrderedDict()
        self._clip_bytes_total = 0

    def open(
        self, leg_no: int, on_event: OnLegEvent, peer: RtpPeer | None, hear: bool
    ) -> Deferred[Leg]:
        leg = _HostedLeg(self, leg_no, on_event)
        opening: Deferred[Leg] = Deferred()
        self.legs[leg_no], self._opening[leg_no] = leg, opening
        self.host.send(wire.OpenLeg(leg_no, hear))
        if peer is not None:
            leg.set_peer(peer)
        opening.addTimeout(ANSWER_TIMEOUT_S, self._clock)
        return opening.addErrback(self._not_opened, leg_no)

    def _not_opened(self, failure: Failure, leg_no: int) -> Failure:
        """Forget the leg; when nobody waits any more the host must not keep it either."""
        self._opening.pop(leg_no, None)
        self.legs.pop(leg_no, None)
        self.host.send(wire.CloseLeg(leg_no))
        if failure.check(DeferredTimeout):
            return Failure(MediaRefused(f"no answer of the media host in {ANSWER_TIMEOUT_S} s"))
        return failure

    def closing(self) -> Deferred[LegFigures]:
        closed: Deferred[LegFigures] = Deferred()
        return closed.addTimeout(ANSWER_TIMEOUT_S, self._clock)

    def recording(self, leg_no: int, change: int) -> None:
        """Note that a leg has one more or less file to complete."""
        count = self._recordings.get(leg_no, 0) + change
        if count > 0:
            self._recordings[leg_no] = count
        else:
            self._recordings.pop(leg_no, None)
            self._closed_legs.pop(leg_no, None)

    def load(self, clips: Sequence[Clip]) -> None:
        """Give the host the clips it does not have; the least recently played make room."""
        for clip in clips:
            if clip.name in self._clip_bytes:
                self._clip_bytes.move_to_end(clip.name)
                continue
            self.host.send(wire.LoadClip(clip.name, clip.alaw))
            self._clip_bytes[clip.name] = len(clip.alaw)
            self._clip_bytes_total += len(clip.alaw)
        kept = {clip.name for clip in clips}
        while self._clip_bytes_total > CLIP_BYTES_MAX:
            name, size = next(iter(self._clip_bytes.items()))
            if name in kept:
                break
            del self._clip_bytes[name]
            self._clip_bytes_total -= size
            self.host.send(wire.ForgetClip(name))

    def host_reported(self, reports: list[wire.Report]) -> None:
        for report in reports:
            if isinstance(report, wire.Beat):
                metrics.FRAMES_LATE.add(report.late_counts)
            elif isinstance(report, wire.RecordingReport):
                _contained(report.leg_no, self._report_recording, report)
            elif (leg := self.legs.get(report.leg_no)) is not None:
                _contained(report.leg_no, self._report_leg, leg, report)

    def _report_recording(self, report: wire.RecordingReport) -> None:
        leg_no = report.leg_no
        if isinstance(report, wire.RecordingDone):
            metrics.RECORDING_GAP_SECONDS.inc(report.gap_ms / 1000)
        else:
            metrics.RECORDINGS_FAILED.inc()
            log.error("media.recording_failed", path=report.path, why=report.why)
        leg = self.legs.get(leg_no) or self._closed_legs.get(leg_no)
        self.recording(leg_no, -1)
        if leg is None:
            return
        match report:
            case wire.RecordingDone(_, path, sha256, ms, started_ns, gap_ms):
                leg.tell(Recorded(path, sha256, ms, started_ns, gap_ms))
            case wire.RecordingRefused(_, path, why):
                leg.tell(RecordingFailed(path, why))

    def _report_leg(self, leg: _HostedLeg, report: wire.LegReport) -> None:
        match report:
            case wire.KeyPressed(_, key, at_ns, source):
                metrics.KEYS.labels(str(source.name).lower()).inc()
                leg.tell(Digit(key, at_ns))
            case wire.Played(_, token):
                leg.tell(PlayDone(token))
            case wire.SoundHeard(_, alaw):
                leg.tell(Heard(alaw))
            case wire.LegOpened(leg_no, host, port):
                leg.opened((self._advertised_host or host, port))
                self._opening.pop(leg_no).callback(leg)
            case wire.LegRefused(leg_no, why):
                self._opening.pop(leg_no).errback(MediaRefused(why))
            case wire.LegFailed(leg_no):
                self._forget(leg_no)
                leg.lost(LostReason.SOCKET_FAILED)
            case wire.LegClosed(leg_no, figures):
                self._forget(leg_no)
                leg.closed(figures)

    def _forget(self, leg_no: int) -> None:
        leg = self.legs.pop(leg_no)
        if leg_no in self._recordings:
            self._closed_legs[leg_no] = leg

    def host_lost(self) -> None:
        """End every leg of the host; what it had loaded is gone too."""
        legs, self.legs = self.legs, {}
        opening, self._opening = self._opening, {}
        self._recordings.clear()
        self._closed_legs.clear()
        self._clip_bytes.clear()
        self._clip_bytes_total = 0
        for leg_no, leg in legs.items():
            if leg_no in opening:
                opening[leg_no].errback(MediaRefused("the media host was lost"))
            else:
                metrics.LEGS_LOST.inc()
                _contained(leg_no, leg.lost, LostReason.WORKER_ENDED)


class HostedMedia:
    """A MediaLink over hosts; a new leg goes to the host with the fewest."""

    def __init__(
        self, hosts: Sequence[MediaHost], clock: IReactorTime, advertised_host: str = ""
    ) -> None:
        """`advertised_host` is what legs name as their address instead of what they bind to."""
        assert hosts, "at least one media host"
        self._sides = [_HostSide(host, clock, advertised_host) for host in hosts]
        self._leg_no = 0

    @property
    def is_ready(self) -> bool:
        """True when any host is up."""
        return any(side.host.is_up for side in self._sides)

    @property
    def leg_count(self) -> int:
        """Legs open or being opened on all hosts."""
        return sum(len(side.legs) for side in self._sides)

    def start(self) -> Deferred[None]:
        """Fires when every host is up. Raises MediaRefused."""
        return _all([side.host.start(side) for side in self._sides])

    def stop(self) -> Deferred[None]:
        """End the hosts; legs still open are told `MediaLost`."""
        stopped = _all([side.host.stop() for side in self._sides])
        for side in self._sides:
            side.host_lost()
        return stopped

    def open_leg(
        self,
        on_event: OnLegEvent,
        peer: RtpPeer | None = None,
        hear: bool = False,
        beside: Leg | None = None,
    ) -> Deferred[Leg]:
        """Open a leg on the host with the fewest legs, or of `beside`. Raises MediaRefused."""
        sides = [beside.side] if isinstance(beside, _HostedLeg) else self._sides
        up = [side for side in sides if side.host.is_up]
        if not up:
            return fail(MediaRefused("no media host is up: it is being started again"))
        self._leg_no += 1
        side = min(up, key=lambda s: len(s.legs))
        return side.open(self._leg_no, on_event, peer, hear)


def hosted_media(
    settings: MediaSettings,
    reactor: MediaReactor,
    now_ns: Callable[[], int],
    random_bits: Callable[[int], int],
    clock_shift_s: int = 0,
) -> HostedMedia:
    """Return media as the settings want it: in worker processes, or here when `worker_count` is 0.

    Each worker has its own part of the port range, and a clock that `clock_shift_s` makes `now_ns`.
    """
    ports = (settings.rtp_port_first, settings.rtp_port_last)
    legs_max, advertised_host = settings.legs_per_worker_max, settings.rtp_advertised_host
    rules = SoundRules(settings.jitter_ms, settings.inband_dtmf)
    if settings.worker_count == 0:
        bank = LegBank(random_bits, settings.rtp_host, ports, legs_max, rules)
        return HostedMedia([ReactorHost(bank, reactor, now_ns)], reactor, advertised_host)
    hosts = [
        WorkerHost(
            reactor, settings.rtp_host, part, legs_max, clock_shift_s=clock_shift_s, rules=rules
        )
        for part in _port_parts(ports, settings.worker_count)
    ]
    return HostedMedia(hosts, reactor, advertised_host)


def _port_parts(ports: tuple[int, int], count: int) -> list[tuple[int, int]]:
    """Cut a port range into `count` ranges that begin at even ports."""
    first, last = ports
    if first == 0:
        return [ports] * count
    step = (last - first + 1) // count // 2 * 2
    if step < 2:
        raise ConfigError(
            "media.rtp_port_last", f"must leave two ports for each worker, was {first}..{last}"
        )
    return [(first + n * step, first + (n + 1) * step - 1) for n in range(count)]


def _all(results: Sequence[Deferred[None]]) -> Deferred[None]:
    gathered = DeferredList(results, fireOnOneErrback=True, consumeErrors=True)

    def unwrap(failure: Failure) -> Failure:
        assert isinstance(failure.value, FirstError)
        return failure.value.subFailure

    done: Deferred[None] = gathered.addCallbacks(lambda _: None, unwrap)
    return done
