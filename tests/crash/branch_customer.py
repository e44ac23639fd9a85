"""A branch that keeps ordering while the gateway dies: TLS and msgpack by the wire's document.

Written against docs/reference/wire.md only, so that it proves the document too.
"""

import itertools
import random
import socket
import ssl
import struct
import threading
from pathlib import Path
from typing import Any

import msgpack

TIMEOUT_S = 5.0
WINDOW = 8
PACE_S = 0.1  # between two windows
DAY = 20261120
PRICES = ("9.98", "10.05", "10.05", "10.05", "10.06", "10.06")  # most of them trade at once


class BranchCustomer(threading.Thread):
    """Sends windows of orders, reconnects, and asks again about what was not answered."""

    def __init__(
        self, branch_code: str, account_no: str, keys: Path, symbol: str, seed: int
    ) -> None:
        super().__init__(daemon=True)
        self.answers: dict[str, set[str]] = {}
        self.denied: set[str] = set()
        self.port = 0
        self._branch_code = branch_code
        self._account_no = account_no
        self._symbol = symbol
        self._random = random.Random(seed)
        self._numbers = itertools.count(1)
        self._pending: dict[int, dict[str, Any]] = {}
        self._tls = ssl.create_default_context(cafile=str(keys / "branch_ca.pem"))
        self._tls.load_cert_chain(
            keys / f"branch_{branch_code}.pem", keys / f"branch_{branch_code}.key"
        )
        self._go = threading.Event()
        self._over = False

    def resume(self, port: int) -> None:
        """The gateway is back at this port."""
        self.port = port
        self._go.set()

    def finish(self) -> None:
        """Settle what is pending, then end."""
        self._over = True
        self.join(60)
        assert not self.is_alive(), "the branch could not settle its requests"

    def run(self) -> None:
        self._go.wait()
        while not (self._over and not self._pending):
            try:
                self._talk()
            except (OSError, EOFError):
                threading.Event().wait(0.05)

    def _talk(self) -> None:
        with (
            socket.create_connection(("127.0.0.1", self.port), TIMEOUT_S) as plain,
            self._tls.wrap_socket(plain, server_hostname="localhost") as link,
        ):
            hello = {"type": "hello", "version": 1, "branch_code": self._branch_code}
            _send(link, [hello])
            welcome = _read(link)
            assert welcome["type"] == "welcome", welcome
            while not (self._over and not self._pending):
                while len(self._pending) < WINDOW and not self._over:
                    self._plan()
                _send(link, list(self._pending.values()))
                self._take_answers(link)
                threading.Event().wait(PACE_S)

    def _plan(self) -> None:
        number = next(self._numbers)
        self._pending[number] = {
            "type": "order",
            "day": DAY,
            "client_seq": number,
            "account_no": self._account_no,
            "symbol": self._symbol,
            "side": 1,
            "qty": self._random.choice((100, 200)),
            "price": self._random.choice(PRICES),
        }

    def _take_answers(self, link: ssl.SSLSocket) -> None:
        """Read until each request of this window has its answer, taking pushes in between."""
        waiting = set(self._pending)
        while waiting:
            said = _read(link)
            number = said.get("client_seq", 0)
            match said["type"]:
                case "accepted":
                    self.answers.setdefault(str(number), set()).add(said["cl_ord_id"])
                    self._pending.pop(number, None)
                case "denied":
                    self.denied.add(str(number))
                    self._pending.pop(number, None)
                case "failed":
                    pass  # asked again with the next window
                case "order_event" | "heartbeat":
                    continue
                case _:
                    raise AssertionError(said)
            waiting.discard(number)


def _send(link: ssl.SSLSocket, messages: list[dict[str, Any]]) -> None:
    packed = [msgpack.packb(message) for message in messages]
    link.sendall(b"".join(struct.pack("!I", len(one)) + one for one in packed))


def _read(link: ssl.SSLSocket) -> dict[str, Any]:
    (size,) = struct.unpack("!I", _exactly(link, 4))
    message: dict[str, Any] = msgpack.unpackb(_exactly(link, size))
    return message


def _exactly(link: ssl.SSLSocket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = link.recv(size - len(data))
        if not part:
            raise EOFError("the gateway closed the connection")
        data += part
    return data
