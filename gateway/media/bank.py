"""Many legs of one host, polled together in one 5 ms tick (one connected UDP socket a leg).

Runs in a media worker or, for tests and small sites, in the gateway itself.
Not here: one leg's sockets (gateway.media.line), what it plays and how it reads keys (…leg),
where messages come from.
"""

import selectors
from collections.abc import Callable
from typing import Final, Literal, NamedTuple

from gateway.media import wire
from gateway.media.goertzel import ToneReceiver
from gateway.media.keys import KeySource
from gateway.media.leg import JITTER_MS, LegAudio
from gateway.media.line import Line, Sockets, bound_pair
from gateway.media.port import Clip, Codec
from gateway.media.recording import Recording
from gateway.media.recording_disk import Finished, Outcome, RecordingDisk
from gateway.media.rtcp import ReportExchange
from gateway.media.telephone_event import KEYS
from gateway.media.tone_line import FRAMES_PER_TICK_MAX, ToneLine

TICK_S: Final = 0.005
BEAT_S: Final = 1.0
PACKETS_PER_TICK_MAX: Final = 50  # of one leg, after a stall of a quarter second or more
PORT_TRIES_MAX: Final = 200
LATE_BUCKETS_S: Final = (0.002, 0.005, 0.010, 0.020, 0.050, 0.100)

ToneSearch = Literal["auto", "always", "never"]


class SoundRules(NamedTuple):
    """How a host treats sound; see `gateway.media.settings.MediaSettings`."""

    jitter_ms: int = JITTER_MS
    inband_dtmf: ToneSearch = "auto"


class LegBank:
    """Legs of one host process. `tick` must run every 5 ms, then `take_reports`."""

    def __init__(
        self,
        random_bits: Callable[[int], int],
        host: str = "127.0.0.1",
        ports: tuple[int, int] = (0, 0),
        legs_max: int = 400,
        rules: SoundRules = SoundRules(),  # noqa: B008  (immutable)
        disk: RecordingDisk | None = None,
    ) -> None:
        """`disk` writes recordings; without it a thread of this process does."""
        self._random_bits = random_bits
        self._host, self._ports, self._legs_max, self._rules = host, ports, legs_max, rules
        self._disk = disk or RecordingDisk()
        self._recordings: dict[int, tuple[int, Recording]] = {}  # also those of closed legs
        self._recording_no = 0
        self._lines: dict[int, Line] = {}
        self._sockets = selectors.DefaultSelector()  # only readable ones are read
        self._tones = ToneReceiver()
        self._tone_lines: dict[int, Line] = {}  # by row
        self._tone_rows: set[int] = set()  # those with sound to search
        self._reports: list[wire.Report] = []
        self._report = self._reports.append
        self._clips: dict[str, bytes] = {}
        self._next_port = ports[0]
        self._late = [0] * (len(LATE_BUCKETS_S) + 1)
        self._beat_due_s = self._ticked_s = 0.0

    def apply(self, request: wire.Request, now_s: float, wall_ns: int) -> None:
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
                    self._apply_to(line, request, now_s, wall_ns)

    def _apply_to(self, line: Line, request: wire.LegRequest, now_s: float, wall_ns: int) -> None:
        match request:
            case wire.SetPeer(leg_no, host, port, codec, event_type):
                sock = line.sock
                try:
                    line.set_peer((host, port), Codec(codec), event_type)
                except OSError:
                    self._drop(line)
                    self._report(wire.LegFailed(leg_no))
                    return
                if line.sock is not sock:
                    self._sockets.unregister(sock)
                    self._sockets.register(line.sock, selectors.EVENT_READ, (line, False))
                when = self._rules.inband_dtmf
                self._search_tones(
                    line, when == "always" or (when == "auto" and event_type is None)
                )
            case wire.Play(_, names, token, repeats):
                clips = [Clip(name, self._clips[name]) for name in names]
                line.audio.play(clips, token, repeats)
            case wire.SendDigits(_, digits, token):
                line.audio.send_digits(digits, token)
            case wire.InfoKey(_, key):
                if len(key) == 1 and key in KEYS:
                    self._pressed(line, KeySource.INFO, key, now_s, wall_ns)
            case wire.StopPlay():
                line.audio.stop()
            case wire.Record(_, path):
                self._record(line, path, wall_ns)
            case wire.StopRecording():
                self._stop_recording(line)
            case wire.Secure(_, is_on, since_ns):
                _secure(line, is_on, since_ns, now_s)
            case wire.Bridge(_, other_no):
                if (other := self._lines.get(other_no)) is not None and other is not line:
                    _bridge(line, other)
            case wire.Unbridge():
                _unbridge(line)
            case wire.CloseLeg(leg_no):
                self._report_heard(line, at_end=True)
                self._drop(line)
                self._report(wire.LegClosed(leg_no, line.figures))

    def _open(self, leg_no: int, hear: bool, now_s: float) -> None:
        if len(self._lines) >= self._legs_max:
            self._report(wire.LegRefused(leg_no, f"{self._legs_max} legs are open, the maximum"))
            return
        sockets = self._bind()
        if sockets is None:
            first, last = self._ports
            self._report(wire.LegRefused(leg_no, f"no free UDP port in {first}..{last}"))
            return
        audio = LegAudio(self._random_bits, hear, self._rules.jitter_ms)
        reports = ReportExchange(audio.ssrc, self._random_bits, now_s)
        line = self._lines[leg_no] = Line(leg_no, audio, sockets, reports, hear)
        line.due_s = now_s
        self._sockets.register(sockets.rtp, selectors.EVENT_READ, (line, False))
        if sockets.rtcp is not None:
            self._sockets.register(sockets.rtcp, selectors.EVENT_READ, (line, True))
        host, port = sockets.rtp.getsockname()[:2]
        self._report(wire.LegOpened(leg_no, host, port))

    def _bind(self) -> Sockets | None:
        first, last = self._ports
        for _ in range(min(PORT_TRIES_MAX, last - first + 1)):
            port, self._next_port = self._next_port, self._next_port + 2  # RTP takes even ports
            if self._next_port > last:
                self._next_port = first
            try:
                return bound_pair(self._host, port)
            except OSError:
                continue
        return None

    def _drop(self, line: Line) -> None:
        self._stop_recording(line)
        _unbridge(line)
        self._search_tones(line, False)
        del self._lines[line.leg_no]
        self._sockets.unregister(line.sock)
        if line.rtcp_sock is not None:
            self._sockets.unregister(line.rtcp_sock)
        line.close()

    def _record(self, line: Line, path: str, wall_ns: int) -> None:
        self._stop_recording(line)
        self._recording_no += 1
        line.recording = Recording(self._disk, self._recording_no, path, wall_ns)
        self._recordings[self._recording_no] = (line.leg_no, line.recording)
        line.follow_as_needed()

    def _stop_recording(self, line: Line) -> None:
        if line.recording is not None:
            line.recording.finish()
            line.recording = None
            line.follow_as_needed()

    def _search_tones(self, line: Line, is_on: bool) -> None:
        if is_on == (line.tone_row >= 0):
            return
        if is_on:
            line.tone_row = self._tones.add()
            line.audio.tone_line = ToneLine()
            self._tone_lines[line.tone_row] = line
        else:
            self._tones.remove(line.tone_row)
            del self._tone_lines[line.tone_row]
            self._tone_rows.discard(line.tone_row)
            line.tone_row = -1
            line.audio.tone_line = None

    def tick(self, now_s: float, wall_ns: int) -> None:
        """Take what arrived and send the frames that are due. `now_s` is monotonic."""
        # One packet of each readable socket is four times what a call sends; after a stall as
        # many more as ticks were missed. So a flood on one leg gets no more time than a call.
        ticks = (now_s - self._ticked_s) / TICK_S
        packets_max = max(1, min(PACKETS_PER_TICK_MAX, round(ticks)))
        self._ticked_s = now_s
        for ready, _ in self._sockets.select(0):
            line, is_rtcp = ready.data
            if is_rtcp:
                line.exchange_reports(now_s, wall_ns)
            else:
                self._receive(line, packets_max, now_s, wall_ns)
        for line in self._lines.values():
            if line.is_followed and now_s >= line.hear_due_s:
                line.hear(now_s)
            if now_s >= line.due_s:
                self._send(line, now_s)
                line.send_report(now_s, wall_ns)
        if self._tone_rows:
            self._search(now_s, wall_ns)
        for outcome in self._disk.take_outcomes():
            leg_no, recording = self._recordings.pop(outcome.recording_no)
            self._report(_outcome_report(leg_no, recording, outcome))
        if now_s >= self._beat_due_s:
            self._beat_due_s = now_s + BEAT_S
            self._report(wire.Beat(len(self._lines), self._late))
            self._late = [0] * len(self._late)

    def _receive(self, line: Line, packets_max: int, now_s: float, wall_ns: int) -> None:
        for datagram in line.arrived(packets_max):
            key = line.audio.receive(datagram, now_s)
            if key is not None:
                self._told(line, KeySource.EVENT, key, now_s, wall_ns)
        if line.tone_row >= 0:
            self._tone_rows.add(line.tone_row)

    def _pressed(self, line: Line, source: KeySource, key: str, now_s: float, wall_ns: int) -> None:
        if line.audio.press(source, key, now_s):
            self._told(line, source, key, now_s, wall_ns)

    def _told(self, line: Line, source: KeySource, key: str, now_s: float, wall_ns: int) -> None:
        """Tell a press that no other source told before, also to the other far end."""
        self._report(wire.KeyPressed(line.leg_no, key, wall_ns, source))
        is_heard = source is KeySource.TONE  # it passes the bridge as it is
        if line.other is not None and not is_heard and not line.audio.is_secure(now_s):
            line.other.audio.send_digits(key)

    def _search(self, now_s: float, wall_ns: int) -> None:
        """Search what arrived for key tones, all legs at once, a frame of each in each round."""
        arrived = {row: self._tone_lines[row].audio.take_tone_frames() for row in self._tone_rows}
        # Whoever had more than one tick may take is asked again, the others when they speak.
        full = {row for row, frames in arrived.items() if len(frames) == FRAMES_PER_TICK_MAX}
        self._tone_rows = full
        while rows := [row for row, frames in arrived.items() if frames]:
            for row, key in self._tones.hear(rows, [arrived[row].popleft() for row in rows]):
                self._pressed(self._tone_lines[row], KeySource.TONE, key, now_s, wall_ns)
            for row in self._tones.down_of(rows):
                self._tone_lines[row].audio.hold(KeySource.TONE, now_s)

    def _send(self, line: Line, now_s: float) -> None:
        late_s, done = line.frame(now_s)
        if not line.has_format:
            return
        self._note_late(late_s)
        for token in done:
            self._report(wire.Played(line.leg_no, token))
        if line.tells_sound:
            self._report_heard(line)
        if line.recording is not None and line.recording.is_full:
            self._stop_recording(line)

    def _note_late(self, late_s: float) -> None:
        bucket = 0
        while bucket < len(LATE_BUCKETS_S) and late_s > LATE_BUCKETS_S[bucket]:
            bucket += 1
        self._late[bucket] += 1

    def _report_heard(self, line: Line, at_end: bool = False) -> None:
        if heard := line.audio.take_heard(at_end):
            self._report(wire.SoundHeard(line.leg_no, heard))

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
        """Close every socket, without a report, and complete the recordings."""
        for line in list(self._lines.values()):
            self._drop(line)
        self._sockets.close()
        self._disk.stop()


def _secure(line: Line, is_on: bool, since_ns: int, now_s: float) -> None:
    was_on = line.audio.is_secure(now_s)
    line.audio.secure(is_on, now_s)
    if is_on and line.recording is not None:
        if since_ns:
            line.recording.silence_left_since(since_ns)
        elif not was_on:
            line.recording.silence_lead_in()


def _bridge(line: Line, other: Line) -> None:
    _unbridge(line)
    _unbridge(other)
    line.other, other.other = other, line
    line.follow_as_needed()
    other.follow_as_needed()


def _unbridge(line: Line) -> None:
    other, line.other = line.other, None
    if other is not None:
        other.other = None
        for side in (line, other):
            side.audio.stop_relay()
            side.follow_as_needed()


def _outcome_report(leg_no: int, recording: Recording, outcome: Outcome) -> wire.RecordingReport:
    if isinstance(outcome, Finished):
        facts = (outcome.sha256, outcome.ms, recording.started_ns, outcome.gap_ms)
        return wire.RecordingDone(leg_no, recording.path, *facts)
    return wire.RecordingRefused(leg_no, recording.path, outcome.why)
