"""A whole world on this machine: a gateway and all its far ends as processes, in one folder.

For `hotline demo`, crash tests and load: real FIX, SMPP, SMTP, SIP, HTTP and branch sockets, all on
loopback. The market clock is set to a fixed trading hour. Not here: what is done with it.
"""

import json
import selectors
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from gateway.app.clock import ClockSettings, wall_clock
from risk.domain.errors import TemporaryFailure
from risk.domain.ids import CHINA, NS

MARKET_TIME: Final = datetime(2026, 11, 20, 10, 0, tzinfo=CHINA)  # a Friday, continuous trading
READY_S_MAX: Final = 60.0
STOP_S_MAX: Final = 30.0
_PAUSE_S: Final = 0.05

Sections = Mapping[str, Mapping[str, object]]


class StageNotReady(TemporaryFailure):
    """A process of the stage did not come up; the text names it and its log."""

    code = "stage.not_ready"


class StageProcess:
    """One `hotline` command running as a process that says when it is ready."""

    def __init__(self, name: str, arguments: list[str], log_file: Path) -> None:
        self.name = name
        self.log_file = log_file
        with log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "gateway.cli.main", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
            )

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def ready(self) -> dict[str, Any]:
        """Wait for the ready line and return it; raises StageNotReady."""
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            line = self._process.stdout.readline() if selector.select(READY_S_MAX) else b""
        if not line:
            self.kill()
            raise StageNotReady(f"{self.name} did not start: see {self.log_file}")
        said: dict[str, Any] = json.loads(line)
        return said

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Stop it cleanly and return its exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> int:
        self._process.send_signal(number)
        try:
            code = self._process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        return code


class Stage:
    """The world of one folder. Start the far ends, then the gateway."""

    def __init__(self, folder: Path, config_folder: Path, market_time: datetime = MARKET_TIME):
        self.folder = folder
        self.config_folder = config_folder
        self.market_day = market_time.date()
        self.shift_s = int(market_time.timestamp() - wall_clock(ClockSettings())() / NS)
        self.settings_file = folder / "hotline.toml"
        self.ports: dict[str, int] = {}
        self.processes: dict[str, StageProcess] = {}
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    @property
    def kept_messages(self) -> Path:
        """The file in which phones and mailboxes keep what reached them."""
        return self.folder / "messages.jsonl"

    def start_far_ends(self, *venue_options: str) -> None:
        """Start the exchange, the message centre and the mail server on free ports."""
        shift = f"--clock-shift-s={self.shift_s}"
        venue = ["venue", "--port=0", f"--folder={self.folder / 'venue'}", shift]
        venue += [f"--config-folder={self.config_folder}", *venue_options]
        self._start("venue", venue)
        kept = f"--kept={self.kept_messages}"
        self._start("farends", ["farends", "--smpp-port=0", "--smtp-port=0", kept, shift])

    def write_settings(self, changes: Sections | None = None) -> None:
        """Write the gateway's settings for the far ends that run; `changes` win."""
        sections: dict[str, dict[str, object]] = {
            "gateway": {
                "data_folder": str(self.folder / "data"),
                "config_folder": str(self.config_folder),
            },
            "clock": {"shift_s": self.shift_s},
            "fix": {"port": self.ports["venue.port"]},
            "sms": {"port": self.ports["farends.smpp_port"]},
            "mail": {"port": self.ports["farends.smtp_port"]},
            "health": {"port": 0},
            "web": {"port": 0, "cookie_secure": False},
            "branch": {"port": 0},
            "sip": {"listen_port": 0},
        }
        for name, section in (changes or {}).items():
            sections.setdefault(name, {}).update(section)
        lines = [line for name, section in sections.items() for line in _toml(name, section)]
        self.settings_file.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def init(self, accounts: Path) -> None:
        """Make the data folder with the accounts of a file; raises StageNotReady."""
        self.command("init", f"--config={self.settings_file}", f"--accounts={accounts}")

    def command(self, *arguments: str) -> str:
        """Run a `hotline` command to its end; return what it printed. Raises StageNotReady."""
        done = subprocess.run(
            [sys.executable, "-m", "gateway.cli.main", *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            name = " ".join(arguments[:2])
            raise StageNotReady(f"hotline {name} failed: {done.stderr.strip()[-2000:]}")
        return done.stdout

    def start_gateway(self) -> None:
        """Start the gateway and wait until it is ready; `ports` then holds its ports."""
        self._start("gateway", ["run", f"--config={self.settings_file}"])
        until = time.monotonic() + READY_S_MAX
        while (told := self.readiness())[0] != 200:
            if time.monotonic() > until:
                raise StageNotReady(f"the gateway is not ready: {told[1]}")
            time.sleep(_PAUSE_S)

    def readiness(self) -> tuple[int, str]:
        """Return what `/readyz` of the gateway says: status and text."""
        url = f"http://127.0.0.1:{self.ports['gateway.health_port']}/readyz"
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as e:
            return e.code, e.read().decode()

    def messages(self) -> list[dict[str, Any]]:
        """Return what phones and mailboxes got so far."""
        if not self.kept_messages.exists():
            return []
        text = self.kept_messages.read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def stop(self) -> None:
        """Stop everything that runs, the gateway first."""
        for name in ("gateway", "farends", "venue"):
            process = self.processes.pop(name, None)
            if process is not None:
                process.stop()

    def kill_gateway(self) -> None:
        """SIGKILL the gateway; its media workers end by themselves."""
        self.processes.pop("gateway").kill()

    def _start(self, name: str, arguments: list[str]) -> None:
        process = StageProcess(name, arguments, self.folder / f"{name}.log")
        self.processes[name] = process
        for key, value in process.ready().items():
            if key != "ready":
                self.ports[f"{name}.{key}"] = int(value)


def _toml(name: str, section: Mapping[str, object], brackets: str = "[]") -> Iterator[str]:
    """Yield a section as lines of TOML: plain values first, then tables and lists of tables."""
    yield f"{brackets[: len(brackets) // 2]}{name}{brackets[len(brackets) // 2 :]}"
    inner: list[tuple[str, Any, str]] = []
    for key, value in section.items():
        match value:
            case Mapping():
                inner.append((f"{name}.{key}", value, "[]"))
            case [Mapping(), *_]:
                inner += [(f"{name}.{key}", table, "[[]]") for table in value]
            case _:
                yield f"{key} = {json.dumps(value)}"
    for each in inner:
        yield from _toml(*each)
