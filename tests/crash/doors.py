"""Customers that keep ordering while the gateway dies: one at each door, each with its own memory.

A customer knows which requests were answered and asks again, with the same key, about those that
were not. Standard library only: nothing here shares code with the gateway.
"""

import http.client
import itertools
import json
import random
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

TIMEOUT_S = 5.0
PACE_S = 0.02  # between two orders: a busy customer, not a flood
PRICES = ("9.98", "10.05", "10.05", "10.05", "10.06", "10.06")  # most of them trade at once


class WebCustomer(threading.Thread):
    """Orders and cancels over HTTP with Idempotency-Key until told to stop."""

    def __init__(self, account_no: str, password: str, symbol: str, seed: int) -> None:
        super().__init__(daemon=True)
        self.account_no = account_no
        self.answers: dict[str, set[str]] = {}  # key -> every ClOrdID it was answered with
        self.denied: set[str] = set()
        self.pending: dict[str, tuple[str, str, dict[str, Any] | None]] = {}
        self.port = 0
        self._password = password
        self._symbol = symbol
        self._random = random.Random(seed)
        self._numbers = itertools.count(1)
        self._token = ""
        self._go = threading.Event()
        self._over = False

    def resume(self, port: int) -> None:
        """The gateway is back at this port."""
        self.port = port
        self._go.set()

    def pause(self) -> None:
        """Send nothing new."""
        self._go.clear()

    def finish(self) -> None:
        """Settle what is pending, then end."""
        self._over = True
        self._go.set()
        self.join(60)
        assert not self.is_alive(), "the web customer could not settle its requests"

    def run(self) -> None:
        while True:
            self._go.wait()
            if self._over and not self.pending:
                return
            try:
                self._talk()
            except (OSError, http.client.HTTPException):
                threading.Event().wait(0.05)  # the gateway is down: try again

    def _talk(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_S)
        try:
            if not self._token:
                self._log_in(connection)
            while self._go.is_set():
                for key, (method, path, body) in list(self.pending.items()):
                    self._settle(connection, key, method, path, body)
                if self._over:
                    return
                self._plan()
                threading.Event().wait(PACE_S)
        finally:
            connection.close()

    def _log_in(self, connection: http.client.HTTPConnection) -> None:
        body = {"account_no": self.account_no, "password": self._password, "kind": "bearer"}
        status, said = self._ask(connection, "POST", "/v1/login", body, "")
        assert status == 200, said
        self._token = said["token"]

    def _plan(self) -> None:
        key = f"{self.account_no}-{next(self._numbers)}"
        accepted = [ids for name, ids in self.answers.items() if not name.endswith("x")]
        if accepted and self._random.random() < 0.2:
            (cl_ord_id,) = self._random.choice(accepted)
            self.pending[f"{key}x"] = ("DELETE", f"/v1/orders/{cl_ord_id}", None)
            return
        body = {
            "symbol": self._symbol,
            "side": "buy",
            "qty": self._random.choice((100, 200)),
            "price": self._random.choice(PRICES),
        }
        self.pending[key] = ("POST", "/v1/orders", body)

    def _settle(
        self,
        connection: http.client.HTTPConnection,
        key: str,
        method: str,
        path: str,
        body: dict[str, Any] | None,
    ) -> None:
        status, said = self._ask(connection, method, path, body, key)
        if status in (200, 201):
            self.answers.setdefault(key, set()).add(said["cl_ord_id"])
            del self.pending[key]
        elif status in (404, 409, 422):
            self.denied.add(key)
            del self.pending[key]
        else:  # 202 unknown, 429 too fast, 503 not taken: ask again
            assert status in (202, 429, 503), (status, said)
            threading.Event().wait(0.05)

    def _ask(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        body: dict[str, Any] | None,
        key: str,
    ) -> tuple[int, dict[str, Any]]:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        if key:
            headers["Idempotency-Key"] = key
        raw = None
        if body is not None:
            raw = json.dumps(body)
            headers["Content-Type"] = "application/json"
        connection.request(method, path, raw, headers)
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else {}


def start_call(sip_port: int, mobile: str, keys: str, log: Path) -> "subprocess.Popen[bytes]":
    """Start a real call that keys an order ahead and confirms after the read-back."""
    command = [sys.executable, "-m", "gateway.cli.main", "call", f"sip:95500@127.0.0.1:{sip_port}"]
    with log.open("ab") as out:
        return subprocess.Popen(
            [*command, "--from", mobile, "--keys", keys, "--hold", "1"],
            stdout=out,
            stderr=out,
        )


def venue_orders(control_port: int) -> list[dict[str, Any]]:
    """Return every order the exchange has had today, by its control port."""
    return list(venue_told(control_port, "orders"))


def venue_told(control_port: int, line: str) -> Any:
    """Send one line to the exchange's control port and return what it answers."""
    with socket.create_connection(("127.0.0.1", control_port), TIMEOUT_S) as link:
        link.sendall(line.encode() + b"\r\n")
        with link.makefile("rb") as lines:
            said: dict[str, Any] = json.loads(lines.readline())
    return said["ok"]
