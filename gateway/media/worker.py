"""A media worker: a plain loop around one LegBank, spoken to over an inherited Unix socket.

Started by `gateway.media.hosts` as `python -m gateway.media.worker FD HOST FIRST LAST
LEGS SHIFT_S JITTER_MS INBAND_DTMF`; ends when the gateway closes the socket or is gone.
No reactor, no log, no business.
"""

import gc
import random
import select
import signal
import socket
import sys
import time
from typing import Final, cast

from gateway.media import wire
from gateway.media.bank import TICK_S, LegBank, SoundRules, ToneSearch

READ_BYTES: Final = 1 << 20
UNSENT_BYTES_MAX: Final = 8 * 1024 * 1024  # the gateway has not read for minutes: give up
IDLE_S: Final = 0.25


class Worker:
    """The loop: requests in, one tick, reports out."""

    def __init__(self, control: socket.socket, bank: LegBank, clock_shift_s: int) -> None:
        """`clock_shift_s` is added to the time of keys, as everywhere in the gateway."""
        self._control, self._bank = control, bank
        self._shift_ns = clock_shift_s * 1_000_000_000
        self._reader = wire.FrameReader()
        self._unsent = bytearray()

    def run(self) -> int:
        """Turn until the gateway closes the socket; return the exit code."""
        next_tick_s = time.monotonic()
        while True:
            wait_s = IDLE_S
            if self._bank.leg_count or self._unsent:
                next_tick_s = max(next_tick_s + TICK_S, time.monotonic() - TICK_S)
                wait_s = max(0.0, next_tick_s - time.monotonic())
            readable, _, _ = select.select([self._control], [], [], wait_s)
            if readable and not self._read():
                return 0
            self._bank.tick(time.monotonic(), time.time_ns() + self._shift_ns)
            if not self._write():
                return 1

    def _read(self) -> bool:
        try:
            data = self._control.recv(READ_BYTES)
        except BlockingIOError:
            return True
        except ConnectionError:
            return False
        now_s, wall_ns = time.monotonic(), time.time_ns() + self._shift_ns
        for body in self._reader.feed(data):
            self._bank.apply(wire.read_request(body), now_s, wall_ns)
        return bool(data)

    def _write(self) -> bool:
        for report in self._bank.take_reports():
            self._unsent += wire.frame(report)
        if not self._unsent:
            return True
        try:
            sent = self._control.send(self._unsent)
        except BlockingIOError:
            return len(self._unsent) < UNSENT_BYTES_MAX
        except ConnectionError:
            return False
        del self._unsent[:sent]
        return True


def main(arguments: list[str]) -> int:
    """Run a worker on the control socket and ports named by the command line."""
    fd, host, first, last, legs_max, shift_s, jitter_ms, inband_dtmf = arguments
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches us through the closed socket
    with socket.socket(fileno=int(fd)) as control:
        control.setblocking(False)
        bits = random.SystemRandom().getrandbits
        rules = SoundRules(int(jitter_ms), cast(ToneSearch, inband_dtmf))
        bank = LegBank(bits, host, (int(first), int(last)), int(legs_max), rules)
        gc.freeze()
        try:
            return Worker(control, bank, int(shift_s)).run()
        finally:
            bank.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
