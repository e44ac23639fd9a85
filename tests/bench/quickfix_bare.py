"""The limit of `branch_to_venue`: a bare QuickFIX sender of the gateway's NewOrderSingle messages.

The sender makes each message from a text template, as the gateway does, and calls `sendToTarget`
in a loop; a bare acceptor in a process of its own counts what its `fromApp` receives. No journal,
no checks, no reports. Not here: the gateway (the other bench calls `measure()` for its limit).

    python -m tests.bench.quickfix_bare measure --messages 20000
"""

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import click
import quickfix

from fix.simulator.acceptor import free_port

START_TIMEOUT_S = 20.0
RUN_TIMEOUT_S = 120.0
ROOT = Path(__file__).parents[2]
SOH = "\x01"

_SETTINGS = """[DEFAULT]
ConnectionType={kind}
StartTime=00:00:00
EndTime=00:00:00
HeartBtInt=30
UseDataDictionary={dictionary}
DataDictionary={dictionary_path}
ReconnectInterval=1
SocketNodelay=Y
PersistMessages={persist}
FileStorePath={folder}
{endpoint}
[SESSION]
BeginString=FIX.4.4
SenderCompID={sender}
TargetCompID={target}
"""


class Variant(NamedTuple):
    """One choice of store and settings."""

    store: str = "memory"  # memory or file
    persist: str = "N"  # PersistMessages
    dictionary: str = "N"  # UseDataDictionary


class Measured(NamedTuple):
    """Messages received per second at the acceptor, and the sender's CPU per message."""

    messages_per_s: float
    sender_cpu_us: float


class BareApplication(quickfix.Application):  # type: ignore[misc]  # no types in quickfix
    """Counts application messages and tells when the session is logged on."""

    def __init__(self, expected: int, on_all: Callable[[], None]) -> None:
        super().__init__()
        self.expected, self.count, self.first_s = expected, 0, 0.0
        self.logged_on, self.session_id = threading.Event(), None
        self._on_all = on_all

    def onCreate(self, session_id: object) -> None:
        """Nothing to prepare."""

    def onLogon(self, session_id: quickfix.SessionID) -> None:
        """Keep a copy of the id: the one passed in dies with the callback."""
        self.session_id = quickfix.SessionID(
            session_id.getBeginString().getValue(),
            session_id.getSenderCompID().getValue(),
            session_id.getTargetCompID().getValue(),
        )
        self.logged_on.set()

    def onLogout(self, session_id: object) -> None:
        """Nothing to clear."""

    toAdmin = fromAdmin = toApp = lambda self, message, session_id: None

    def fromApp(self, message: object, session_id: object) -> None:
        """Count a receipt."""
        if not self.count:
            self.first_s = time.perf_counter()
        self.count += 1
        if self.count == self.expected:
            self._on_all()


def start(kind: str, text: str, application: quickfix.Application, variant: Variant) -> object:
    settings = session_settings(text)
    stores = (
        quickfix.FileStoreFactory(settings)
        if variant.store == "file"
        else quickfix.MemoryStoreFactory()
    )
    make = quickfix.SocketInitiator if kind == "initiator" else quickfix.SocketAcceptor
    end = make(application, stores, settings)
    end.start()
    return end, stores, settings


def session_settings(text: str) -> quickfix.SessionSettings:
    with tempfile.NamedTemporaryFile("w", suffix=".cfg") as file:
        file.write(text)
        file.flush()
        return quickfix.SessionSettings(file.name)


def session_text(kind: str, port: int, folder: str, variant: Variant) -> str:
    path = Path(sys.prefix) / "share" / "quickfix" / "FIX44.xml"
    endpoint = (
        f"SocketAcceptPort={port}\nSocketReuseAddress=Y"
        if kind == "acceptor"
        else f"SocketConnectHost=127.0.0.1\nSocketConnectPort={port}"
    )
    sender, target = ("VENUE", "BARE") if kind == "acceptor" else ("BARE", "VENUE")
    return _SETTINGS.format(
        kind=kind,
        dictionary=variant.dictionary,
        dictionary_path=path,
        persist=variant.persist,
        folder=folder,
        endpoint=endpoint,
        sender=sender,
        target=target,
    )


def new_order_text(number: int) -> str:
    """Return a NewOrderSingle(D) as the gateway writes it; QuickFIX adds header and trailer."""
    return (
        f"8=FIX.4.4{SOH}35=D{SOH}1=10000001{SOH}11=261123{number:06d}{SOH}21=1{SOH}38=100{SOH}"
        f"40=2{SOH}44=10.05{SOH}54=1{SOH}55=600000{SOH}59=0{SOH}60=20261123-02:00:00.000{SOH}"
    )


@click.group()
def bench() -> None:
    """Bare QuickFIX, both ends."""


@bench.command()
@click.option("--port", type=int, required=True)
@click.option("--messages", type=int, required=True)
@click.option("--variant", default="memory,N,N")
def accept(port: int, messages: int, variant: str) -> None:
    """Accept, count `messages`, print one JSON line and end."""
    done = threading.Event()
    chosen = Variant(*variant.split(","))
    with tempfile.TemporaryDirectory() as folder:
        application = BareApplication(messages, done.set)
        kept = start(
            "acceptor", session_text("acceptor", port, folder, chosen), application, chosen
        )
        print("ready", flush=True)
        finished = done.wait(RUN_TIMEOUT_S)
        elapsed_s = time.perf_counter() - application.first_s
        print(json.dumps({"count": application.count, "elapsed_s": elapsed_s}), flush=True)
        kept[0].stop(True)
    sys.exit(0 if finished else 1)


def measure(messages: int = 20_000, variant: Variant = Variant()) -> Measured:  # noqa: B008
    """Send `messages` orders to a fresh bare acceptor; raise TimeoutError when they do not come."""
    port = free_port()
    with (
        bare_acceptor(port, messages, variant) as acceptor,
        tempfile.TemporaryDirectory() as folder,
    ):
        application = BareApplication(0, lambda: None)
        text = session_text("initiator", port, folder, variant)
        kept = start("initiator", text, application, variant)
        if not application.logged_on.wait(START_TIMEOUT_S):
            raise TimeoutError(f"no logon within {START_TIMEOUT_S} s on port {port}")
        cpu_s = time.process_time()
        for number in range(messages):
            quickfix.Session.sendToTarget(
                quickfix.Message(new_order_text(number), False), application.session_id
            )
        cpu_s = time.process_time() - cpu_s
        messages_per_s = received_per_s(acceptor, messages)
        kept[0].stop(True)
    return Measured(messages_per_s, cpu_s / messages * 1e6)


@contextmanager
def bare_acceptor(
    port: int,
    messages: int,
    variant: Variant = Variant(),  # noqa: B008
) -> "Iterator[subprocess.Popen[str]]":
    """Run a bare acceptor that counts `messages` of SenderCompID(49) BARE; it is listening."""
    command = [sys.executable, "-m", "tests.bench.quickfix_bare", "accept", "--port", str(port)]
    command += ["--messages", str(messages), "--variant", ",".join(variant)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as acceptor:
        try:
            assert acceptor.stdout is not None
            acceptor.stdout.readline()
            yield acceptor
        finally:
            acceptor.kill()


def received_per_s(acceptor: "subprocess.Popen[str]", messages: int) -> float:
    """Wait for the acceptor's count; return messages/s from its first receipt to its last."""
    assert acceptor.stdout is not None
    result = json.loads(acceptor.stdout.readline())
    if result["count"] < messages:
        raise TimeoutError(f"{result['count']} of {messages} messages within {RUN_TIMEOUT_S} s")
    return float(messages / result["elapsed_s"])


@bench.command("measure")
@click.option("--messages", type=int, default=20_000)
@click.option("--variant", "variants", multiple=True, default=("memory,N,N",))
def measure_command(messages: int, variants: tuple[str, ...]) -> None:
    """Print messages/s for each variant `store,PersistMessages,UseDataDictionary`."""
    for text in variants:
        measured = measure(messages, Variant(*text.split(",")))
        print(f"{text} {measured.messages_per_s:.0f}/s {measured.sender_cpu_us:.1f} us CPU")


if __name__ == "__main__":
    bench()
