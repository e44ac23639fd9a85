"""The sockets of many legs, polled together in one 5 ms tick (one connected UDP socket a leg).

Runs in a media worker or, for tests and small sites, in the gateway itself. The first packet of
the leg's format connects its socket, so that the kernel drops everybody else from then on.
Not here: what a leg plays and how it reads keys (gateway.media.leg), where messages come from.
"""

import ipaddress
import socket
from collections.abc import Callable, Iterator
from typing import Final

from gateway.media import wire
from gateway.media.leg import LegAudio
from gateway.media.port import Address, Clip, Codec
from gateway.media.rtp import FRAME_S, PACKET_BYTES_MAX

TICK_S: Final = 0.005
BEHIND_MAX_S: Final = 0.100  # after a longer stall frames are skipped, not sent in a burst
BEAT_S: Final = 1.0
PACKETS_PER_TICK_MAX: Final = 16  # of one leg: a flood on one does not starve the others
PORT_TRIES_MAX: Final = 200
LATE_BUCKETS_S: Final = (0.002, 0.005, 0.010, 0.020, 0.050, 0.100)


class _Line:
    """A leg and its socket."""

    __slots__ = ("audio", "due_s", "has_format", "hear", "is_latched", "sock", "target")

    def __init__(self, audio: LegAudio, sock: socket.socket, due_s: float, hear: bool) -> None:
        self.audio, self.sock, self.due_s, self.hear = audio, sock, due_s, hear
        self.has_format = False  # False until the far end's SDP is known
        self.target: Address | None = None  # where to send until latched
        self.is_latched = False


class LegBank:
    """Legs of one host process. `tick` must run every 5 ms, then `take_reports`."""

    def __init__(
        self,
        random_bits: Callable[[int], int],
        host: str = "127.0.0.1",
        ports: tuple[int, int] = (0, 0),
        legs_max: int = 400,
    ) -> None:
        self._random_bits = random_bits
        self._host, self._ports, self._legs_max = host, ports, legs_max
        self._lines: dict[int, _Line] = {}
        self._reports: list[wire.Report] = []
        self._report = self._reports.append
        self._clips: dict[str, bytes] = {}
        self._next_port = ports[0]
        self._late = [0] * (len(LATE_BUCKETS_S) + 1)
        self._beat_due_s = 0.0

    def apply(self, request: wire.Request, now_s: float) -> None:
        """Carry out one request; one for a leg that is gone is dropped."""
        match request:
            case wire.OpenLeg(leg_no, hear):
                self._open(leg_no, hear, now_s)
            case wire.LoadClip(name, alaw):
                self._clips[name] = alaw
            case wire.ForgetClip(name):
                self._clips.pop(name, None)
            case _:
                line = self._lines.get(request.leg_no)
                if line is not None:
                    self._apply_to(line, request)

    def _apply_to(
        self,
        line: _Line,
        request: wire.SetPeer | wire.Play | wire.SendDigits | wire.StopPlay | wire.CloseLeg,
    ) -> None:
        match request:
            case wire.SetPeer():
                try:
                    self._set_peer(line, request)
                except OSError:
                    self._drop(request.leg_no)
                    self._report(wire.LegFailed(request.leg_no))
            case wire.Play(_, names, token):
                line.audio.play([Clip(name, self._clips[name]) for name in names], token)
            case wire.SendDigits(_, digits, token):
                line.audio.send_digits(digits, token)
            case wire.StopPlay():
                line.audio.stop()
            case wire.CloseLeg(leg_no):
                self._report_heard(leg_no, line, at_end=True)
                self._drop(leg_no)
                self._report(wire.LegClosed(leg_no, line.audio.figures))

    def _set_peer(self, line: _Line, request: wire.SetPeer) -> None:
        line.audio.set_format(Codec(request.codec), request.event_type)
        line.has_format = True
        target = _target(request.host, request.port)
        if line.is_latched and target != line.target:
            address = line.sock.getsockname()
            line.sock.close()  # a connected UDP socket cannot be freed of its peer otherwise
            line.sock = self._bound(address[0], address[1])
            line.is_latched = False
        line.target = target

    def _open(self, leg_no: int, hear: bool, now_s: float) -> None:
        if len(self._lines) >= self._legs_max:
            self._report(wire.LegRefused(leg_no, f"{self._legs_max} legs are open, the maximum"))
            return
        sock = self._bind()
        if sock is None:
            first, last = self._ports
            self._report(wire.LegRefused(leg_no, f"no free UDP port in {first}..{last}"))
            return
        self._lines[leg_no] = _Line(LegAudio(self._random_bits, hear), sock, now_s, hear)
        host, port = sock.getsockname()[:2]
        self._report(wire.LegOpened(leg_no, host, port))

    def _bind(self) -> socket.socket | None:
        first, last = self._ports
        for _ in range(min(PORT_TRIES_MAX, last - first + 1)):
            port, self._next_port = self._next_port, self._next_port + 2  # RTP takes even ports
            if self._next_port > last:
                self._next_port = first
            try:
                return self._bound(self._host, port)
            except OSError:
                continue
        return None

    def _bound(self, host: str, port: int) -> socket.socket:
        sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        sock.setblocking(False)
        try:
            sock.bind((host, port))
        except OSError:
            sock.close()
            raise
        return sock

    def _drop(self, leg_no: int) -> None:
        self._lines.pop(leg_no).sock.close()

    def tick(self, now_s: float, wall_ns: int) -> None:
        """Take what arrived and send the frames that are due. `now_s` is monotonic."""
        for leg_no, line in self._lines.items():
            if line.has_format:
                self._receive(leg_no, line, now_s, wall_ns)
            if now_s >= line.due_s:
                self._send(leg_no, line, now_s)
        if now_s >= self._beat_due_s:
            self._beat_due_s = now_s + BEAT_S
            self._report(wire.Beat(len(self._lines), self._late))
            self._late = [0] * len(self._late)

    def _receive(self, leg_no: int, line: _Line, now_s: float, wall_ns: int) -> None:
        for datagram in _arrived(line.sock) if line.is_latched else _latch(line):
            key = line.audio.receive(datagram, now_s)
            if key is not None:
                self._report(wire.KeyPressed(leg_no, key, wall_ns))

    def _send(self, leg_no: int, line: _Line, now_s: float) -> None:
        late_s = now_s - line.due_s
        if late_s > BEHIND_MAX_S:
            skipped = int(late_s / FRAME_S)
            line.audio.skip_frames(skipped)
            line.due_s += skipped * FRAME_S
        line.due_s += FRAME_S
        if not line.has_format:
            return
        packet, done = line.audio.next_packet()
        try:
            if line.is_latched:
                line.sock.send(packet)
            elif line.target is not None:
                line.sock.sendto(packet, line.target)
        except OSError:
            pass  # buffer full, port closed, no route: a lost frame, as on any network
        self._note_late(late_s)
        for token in done:
            self._report(wire.Played(leg_no, token))
        if line.hear:
            self._report_heard(leg_no, line)

    def _note_late(self, late_s: float) -> None:
        bucket = 0
        while bucket < len(LATE_BUCKETS_S) and late_s > LATE_BUCKETS_S[bucket]:
            bucket += 1
        self._late[bucket] += 1

    def _report_heard(self, leg_no: int, line: _Line, at_end: bool = False) -> None:
        if heard := line.audio.take_heard(at_end):
            self._report(wire.SoundHeard(leg_no, heard))

    def take_reports(self) -> list[wire.Report]:
        """Return what happened since the last call."""
        reports = self._reports[:]
        self._reports.clear()
        return reports

    @property
    def leg_count(self) -> int:
        """Legs open now."""
        return len(self._lines)

    def close(self) -> None:
        """Close every socket, without a report."""
        for leg_no in list(self._lines):
            self._drop(leg_no)


def _arrived(sock: socket.socket) -> Iterator[bytes]:
    """Yield what waits on a connected socket."""
    for _ in range(PACKETS_PER_TICK_MAX):
        try:
            yield sock.recv(PACKET_BYTES_MAX + 1)
        except OSError:  # nothing there, or the far end's port is closed: signalling tells us
            return


def _latch(line: _Line) -> list[bytes]:
    """Connect to the source of the first packet of our format; return what that source sent."""
    datagrams: list[bytes] = []
    chosen: object = None
    for _ in range(PACKETS_PER_TICK_MAX):
        try:
            datagram, source = line.sock.recvfrom(PACKET_BYTES_MAX + 1)
            if chosen is None and line.audio.accepts(datagram):
                line.sock.connect(source)
                chosen, line.is_latched = source, True
        except OSError:
            break
        if source == chosen:  # strangers may still wait in the buffer from before the connect
            datagrams.append(datagram)
    return datagrams


def _target(host: str, port: int) -> Address | None:
    """Return where to send, or None for an address that only says "hold" (RFC 3264 §8.4)."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None  # a name: never resolved here, the far end's first packet will tell
    is_usable = port > 0 and not (address.is_unspecified or address.is_multicast)
    return (host, port) if is_usable else None
