"""branch_to_venue: orders a second from a branch's TLS socket to the venue's receipt, durable.

A load generator, the gateway and a FIX acceptor run as three processes on this machine; each order
is decoded, checked, journalled with fdatasync, routed and counted when the acceptor's `fromApp` has
has it. Limit: a bare QuickFIX sender of the same messages to such an acceptor, in the same run.
"""

import json
import os
import queue
import select
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import msgpack

from gateway.app.stage import Stage
from tests.bench import quickfix_bare
from tests.bench.bench import Row, benchmark
from tests.bench.seeding import BRANCH, account_no

ORDERS = int(os.environ.get("HOTLINE_BENCH_ORDERS", "20000"))
ACCOUNTS = 2_000
WINDOW = 1_024
CHUNK = 64
DAY = 20261120
RUN_S_MAX = 120.0
CONFIG = Path(__file__).parents[2] / "config"


class _Timed(quickfix_bare.BareApplication):
    """Notes when each order arrives; on this machine all processes share the monotonic clock."""

    def __init__(self, expected: int, done: threading.Event) -> None:
        super().__init__(expected, done.set)
        self.times: list[float] = []

    def fromApp(self, message: object, session_id: object) -> None:
        self.times.append(time.monotonic())
        if len(self.times) == self.expected:
            self._on_all()


def accept(port: int) -> None:
    """Be the venue: accept, note every receipt, print them as JSON."""
    done = threading.Event()
    application = _Timed(ORDERS, done)
    variant = quickfix_bare.Variant()
    text = quickfix_bare.session_text("acceptor", port, "", variant)
    kept = quickfix_bare.start("acceptor", text, application, variant)
    print(json.dumps({"ready": "venue"}), flush=True)
    done.wait(RUN_S_MAX)
    print(json.dumps(application.times), flush=True)
    kept[0].stop(True)


def send(port: int, keys: Path) -> None:
    """Be the branch: keep WINDOW orders in flight, print send and answer times as JSON."""
    context = ssl.create_default_context(cafile=str(keys / "branch_ca.pem"))
    context.load_cert_chain(keys / f"branch_{BRANCH}.pem", keys / f"branch_{BRANCH}.key")
    frames = [_frame(_order(number)) for number in range(ORDERS)]
    room = threading.Semaphore(WINDOW // CHUNK)
    answered: list[float] = []
    denied: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    with (
        socket.create_connection(("127.0.0.1", port)) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as link,
    ):
        link.sendall(_frame({"type": "hello", "version": 1, "branch_code": BRANCH}))
        turn = threading.Lock()  # OpenSSL does not read and write one connection at once
        arguments = (link, turn, room, answered, denied)
        reading = threading.Thread(target=_read, args=arguments, daemon=True)
        reading.start()
        sent: list[float] = []
        for at in range(0, ORDERS, CHUNK):
            room.acquire()
            sent += [time.monotonic()] * min(CHUNK, ORDERS - at)
            with turn:
                link.sendall(b"".join(frames[at : at + CHUNK]))
        reading.join(RUN_S_MAX)
    first_denied = None if denied.empty() else denied.get()
    print(json.dumps({"sent": sent, "answered": answered, "denied": first_denied}))


def _order(number: int) -> dict[str, Any]:
    return {
        "type": "order",
        "day": DAY,
        "client_seq": number + 1,
        "account_no": account_no(number % ACCOUNTS),
        "symbol": "600000",
        "side": 1,
        "qty": 100,
        "price": "10.05",
    }


def _frame(message: dict[str, Any]) -> bytes:
    packed: bytes = msgpack.packb(message)
    return struct.pack("!I", len(packed)) + packed


def _read(
    link: ssl.SSLSocket,
    turn: threading.Lock,
    room: threading.Semaphore,
    answered: list[float],
    denied: "queue.SimpleQueue[dict[str, Any]]",
) -> None:
    rest = b""
    while len(answered) < ORDERS:
        if not link.pending():
            select.select([link], [], [])
        with turn:
            rest += link.recv(1 << 18)
        at = 0
        while len(rest) - at >= 4:
            end = at + 4 + int.from_bytes(rest[at : at + 4], "big")
            if end > len(rest):
                break
            message = msgpack.unpackb(rest[at + 4 : end])
            at = end
            if message["type"] in ("accepted", "denied", "failed"):
                answered.append(time.monotonic())
                if message["type"] != "accepted":
                    denied.put(message)
                if len(answered) % CHUNK == 0:
                    room.release()
        rest = rest[at:]


@benchmark("branch_to_venue")
def branch_to_venue() -> Row:
    """Return the sustained rate, with latencies from the branch's send to the venue's receipt."""
    limits = [quickfix_bare.measure(ORDERS).messages_per_s]
    with tempfile.TemporaryDirectory() as folder:
        sent, received, answered = _through_the_gateway(Path(folder))
    limits.append(quickfix_bare.measure(ORDERS).messages_per_s)
    limit = sum(limits) / len(limits)
    rate = ORDERS / (received[-1] - sent[0])
    to_venue = sorted(end - begin for begin, end in zip(sent, received, strict=True))
    to_answer = sorted(end - begin for begin, end in zip(sent, answered, strict=True))
    extras = {
        "p50_ms": to_venue[ORDERS // 2] * 1000,
        "p99_ms": to_venue[ORDERS * 99 // 100] * 1000,
        "accepted_p50_ms": to_answer[ORDERS // 2] * 1000,
        "accepted_p99_ms": to_answer[ORDERS * 99 // 100] * 1000,
        "in_flight": WINDOW,
        "goal": "ratio >= 0.7",
    }
    return Row("branch_to_venue", rate, "orders/s", limit, rate / limit, extras)


def _through_the_gateway(folder: Path) -> tuple[list[float], list[float], list[float]]:
    port = quickfix_bare.free_port()
    venue = _child("accept", str(port))
    assert venue.stdout is not None
    venue.stdout.readline()
    stage = Stage(folder, CONFIG)
    stage.ports |= {"venue.port": port, "farends.smpp_port": 1, "farends.smtp_port": 1}
    stage.write_settings(
        {
            "house": {"duplicate_window_s": 0, "account_per_s": 100_000, "branch_per_s": 1_000_000},
            "fix": {
                "sender_comp_id": "BARE",
                "market_data_comp_id": "",
                "unanswered_max": 1_000_000,
                "report_timeout_s": 600.0,
                "session_start": "08:00",
                "session_end": "07:59",
            },
            "sms": {"is_enabled": False},
            "mail": {"is_enabled": False},
            "phone": {"is_open": False},
            "gateway": {"log_level": "warning"},
        }
    )
    seed = [sys.executable, "-m", "tests.bench.seeding", str(stage.settings_file), str(ACCOUNTS)]
    subprocess.run(seed, check=True, stderr=subprocess.DEVNULL)
    try:
        stage.start_gateway()
        keys = folder / "data" / "keys"
        branch = _child("send", str(stage.ports["gateway.branch_port"]), str(keys))
        said = json.loads(branch.communicate(timeout=RUN_S_MAX)[0])
        if said["denied"]:
            raise ValueError(f"an order was not accepted: {said['denied']}")
        received = json.loads(venue.stdout.readline())
        if len(received) != ORDERS:
            raise ValueError(f"the venue received {len(received)} of {ORDERS} orders")
        return said["sent"], received, said["answered"]
    finally:
        stage.stop()
        venue.kill()
        venue.wait()


def _child(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "tests.bench.bench_branch_to_venue", *arguments],
        stdout=subprocess.PIPE,
        text=True,
    )


if __name__ == "__main__":
    if sys.argv[1] == "accept":
        accept(int(sys.argv[2]))
    else:
        send(int(sys.argv[2]), Path(sys.argv[3]))
