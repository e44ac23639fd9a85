"""A leg and its sockets: latching, the 20 ms clock, the recording and the other side of a bridge.

The first packet of the leg's format connects its socket, so that the kernel drops everybody else
from then on. Not here: which legs there are (gateway.media.bank), sound and keys (…leg).
"""

import contextlib
import ipaddress
import socket
from typing import Final, NamedTuple

from gateway.media import g711
from gateway.media.leg import LegAudio
from gateway.media.play_queue import SILENCE
from gateway.media.port import Address, Codec, LegFigures
from gateway.media.recording import Recording
from gateway.media.rtcp import ReportExchange
from gateway.media.rtp import FRAME_S, FRAME_SAMPLES, PACKET_BYTES_MAX

BEHIND_MAX_S: Final = 0.100  # after a longer stall frames are skipped, not sent in a burst
HEAR_FRAMES_MAX: Final = 50
LATE_S: Final = 0.020  # a frame so late counts as late in the leg's figures
REPORTS_PER_TICK_MAX: Final = 4
PORT_MAX: Final = 65_535
STRANGERS_PER_TICK_MAX: Final = 16  # read in search of the far end, until it is latched


class Sockets(NamedTuple):
    """RTP, and RTCP on the port above where that one is free."""

    rtp: socket.socket
    rtcp: socket.socket | None


class Line:
    """One leg with its sockets. Times are monotonic seconds, `wall_ns` Unix time."""

    __slots__ = (
        "audio",
        "due_s",
        "has_format",
        "hear_due_s",
        "is_followed",
        "is_latched",
        "late_frames",
        "leg_no",
        "other",
        "recording",
        "reports",
        "rtcp_sock",
        "sock",
        "target",
        "tells_sound",
        "tone_row",
    )

    def __init__(
        self, leg_no: int, audio: LegAudio, sockets: Sockets, reports: ReportExchange, hear: bool
    ) -> None:
        self.leg_no, self.audio, self.reports, self.tells_sound = leg_no, audio, reports, hear
        self.sock, self.rtcp_sock = sockets
        self.due_s = self.hear_due_s = 0.0
        self.is_followed = False
        self.has_format = False  # False until the far end's SDP is known
        self.target: Address | None = None  # where to send until latched
        self.is_latched = False
        self.late_frames = 0
        self.recording: Recording | None = None
        self.other: Line | None = None  # across the bridge
        self.tone_row = -1  # place in the search for key tones, -1 outside it

    def set_peer(self, address: Address, codec: Codec, event_type: int | None) -> None:
        """Take the far end of an SDP; another address is latched anew. Raises OSError."""
        self.audio.set_format(codec, event_type)
        self.has_format = True
        target = _target(*address)
        if self.is_latched and target != self.target:
            bound_to = self.sock.getsockname()
            self.sock.close()  # a connected UDP socket cannot be freed of its peer otherwise
            self.sock = bound(bound_to[0], bound_to[1])
            self.is_latched = False
        self.target = target

    def arrived(self, packets_max: int) -> list[bytes]:
        """Return what the far end sent, when its socket is readable; no more than so much."""
        if not self.has_format:
            return []
        if not self.is_latched:
            return self._latch()
        datagrams: list[bytes] = []
        for _ in range(packets_max):
            try:
                datagrams.append(self.sock.recv(PACKET_BYTES_MAX + 1))
            except OSError:  # no more, or the far end's port is closed: signalling tells us
                break
        return datagrams

    def _latch(self) -> list[bytes]:
        """Connect to the source of the first packet of our format; return what it sent."""
        datagrams: list[bytes] = []
        chosen: object = None
        for _ in range(STRANGERS_PER_TICK_MAX):
            try:
                datagram, source = self.sock.recvfrom(PACKET_BYTES_MAX + 1)
                if chosen is None and self.audio.accepts(datagram):
                    self.sock.connect(source)
                    chosen, self.is_latched = source, True
            except OSError:
                break
            if source == chosen:  # strangers may still wait in the buffer from before the connect
                datagrams.append(datagram)
        return datagrams

    def follow_as_needed(self) -> None:
        """Keep the far end's sound on a time line while anybody wants it."""
        is_wanted = self.recording is not None or self.other is not None
        if is_wanted and not self.is_followed:
            self.hear_due_s = self.due_s
        self.is_followed = is_wanted
        self.audio.follow(is_wanted)

    def hear(self, now_s: float) -> None:
        """Give recording and bridge what was heard, silence while the leg is secure.

        Nothing is skipped after a stall of up to HEAR_FRAMES_MAX frames: what was spoken meanwhile
        has arrived.
        """
        frames = 0
        is_secure = self.audio.is_secure(now_s)
        while now_s >= self.hear_due_s and frames < HEAR_FRAMES_MAX:
            self.hear_due_s += FRAME_S
            frames += 1
            heard = self.audio.next_heard()
            public = SILENCE if is_secure else heard
            if self.recording is not None:
                self.recording.add_left(public)
            if self.other is not None:
                self.other.audio.relay(public)
        self.audio.settle_heard()
        if now_s >= self.hear_due_s:
            missed = int((now_s - self.hear_due_s) / FRAME_S) + 1
            self.hear_due_s += missed * FRAME_S
            if self.recording is not None:
                self.recording.add_left(g711.ALAW_SILENCE * (missed * FRAME_SAMPLES))

    def frame(self, now_s: float) -> tuple[float, list[int]]:
        """Send the frame that is due; return its lateness and the tokens of what is done."""
        late_s = now_s - self.due_s
        if late_s > BEHIND_MAX_S:
            self._skip(int(late_s / FRAME_S))
        self.due_s += FRAME_S
        if not self.has_format:
            if self.recording is not None:
                self.recording.add_right(SILENCE)
            return 0.0, []
        packet, alaw, done = self.audio.next_packet()
        try:
            if self.is_latched:
                self.sock.send(packet)
            elif self.target is not None:
                self.sock.sendto(packet, self.target)
        except OSError:
            pass  # buffer full, port closed, no route: a lost frame, as on any network
        if late_s > LATE_S:
            self.late_frames += 1
        if self.recording is not None:
            self.recording.add_right(alaw)
        return late_s, done

    def _skip(self, frames: int) -> None:
        """Let frames pass that a stall made too late to send."""
        self.audio.skip_frames(frames)
        self.due_s += frames * FRAME_S
        if self.recording is not None:
            self.recording.add_right(g711.ALAW_SILENCE * (frames * FRAME_SAMPLES))

    def exchange_reports(self, now_s: float, wall_ns: int) -> None:
        """Take the far end's RTCP that waits; others' is dropped."""
        if self.rtcp_sock is None:
            return
        for _ in range(REPORTS_PER_TICK_MAX):
            try:
                datagram, source = self.rtcp_sock.recvfrom(PACKET_BYTES_MAX + 1)
            except OSError:
                return
            if source[0] == self._far_address[0]:
                self.reports.receive(datagram, now_s, wall_ns)

    def send_report(self, now_s: float, wall_ns: int) -> None:
        """Send our RTCP when it is due and the far end is known."""
        if self.rtcp_sock is None or now_s < self.reports.due_s:
            return
        report = self.reports.next_report(self.audio.stream, self.audio.sent, now_s, wall_ns)
        host, port = self._far_address
        if 0 < port < PORT_MAX:
            with contextlib.suppress(OSError):  # as for sound
                self.rtcp_sock.sendto(report, (host, port + 1))

    @property
    def _far_address(self) -> Address:
        """Where the far end's RTP comes from, or should be; ("", 0) when neither is known."""
        if self.is_latched:
            try:
                return self.sock.getpeername()[:2]  # type: ignore[no-any-return]
            except OSError:
                return ("", 0)
        return self.target or ("", 0)

    @property
    def figures(self) -> LegFigures:
        """Counts so far."""
        return self.audio.figures._replace(
            late_frames=self.late_frames,
            rtt_ms=self.reports.rtt_ms,
            remote_lost=self.reports.remote_lost,
        )

    def close(self) -> None:
        """Close the sockets."""
        self.sock.close()
        if self.rtcp_sock is not None:
            self.rtcp_sock.close()


def bound_pair(host: str, port: int) -> Sockets:
    """Return RTP bound there and RTCP on the port above if it is free. Raises OSError.

    Port 0 lets the system choose.
    """
    rtp = bound(host, port)
    above = rtp.getsockname()[1] + 1
    try:
        return Sockets(rtp, bound(host, above) if above <= PORT_MAX else None)
    except OSError:
        return Sockets(rtp, None)


def bound(host: str, port: int) -> socket.socket:
    """Return a UDP socket bound there, not blocking. Raises OSError."""
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    try:
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


def _target(host: str, port: int) -> Address | None:
    """Return where to send, or None for an address that only says "hold" (RFC 3264 §8.4)."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None  # a name: never resolved here, the far end's first packet will tell
    is_usable = port > 0 and not (address.is_unspecified or address.is_multicast)
    return (host, port) if is_usable else None
