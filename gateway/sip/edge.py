"""The edge of our telephony, built as one: trunks, registrar, gate, user agent, ping, dialler.

Not here: what any of them does, and media (gateway.media).
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from twisted.internet.interfaces import IReactorTime

from gateway.core.tasks import Tasks
from gateway.sip.dialler import Dialler
from gateway.sip.gate import Gate
from gateway.sip.incoming import IncomingCall
from gateway.sip.ping import TrunkPing
from gateway.sip.registrar import Registrar
from gateway.sip.settings import SipSettings
from gateway.sip.trunks import Trunks
from gateway.sip.useragent import UserAgent
from gateway.sip.wire import RFC_TIMERS, Timers, Transport
from risk.domain.errors import ConfigError

PASSWORD_BYTES_MAX: Final = 1024
KEY_BYTES: Final = 32


class Edge:
    """All of it. Reactor thread only; `start` after the transport, `stop` before it.

    `random_below(n)` returns 0..n-1; `new_token` gives 16 hex digits nobody can guess. Password
    files lie in `folder` unless their paths are absolute. Raises ConfigError when one of them
    cannot be used.
    """

    def __init__(
        self,
        settings: SipSettings,
        transport: Transport,
        clock: IReactorTime,
        on_call: Callable[[IncomingCall], None],
        *,
        folder: Path,
        new_token: Callable[[], str],
        new_call_no: Callable[[], str],
        random_below: Callable[[int], int],
        is_ready: Callable[[], bool] = lambda: True,
        timers: Timers = RFC_TIMERS,
    ) -> None:
        self._tasks = Tasks(clock)
        self.trunks = Trunks(
            settings.trunks,
            {
                trunk.name: read_password(folder, f"sip.trunks.{trunk.name}", trunk.password_file)
                for trunk in settings.trunks
                if trunk.password_file
            },
        )
        self.registrar: Registrar | None = None
        if settings.phones:
            passwords = {
                phone.username: read_password(
                    folder, f"sip.phones.{phone.username}", phone.password_file
                )
                for phone in settings.phones
            }
            key = bytes.fromhex("".join(new_token() for _ in range(KEY_BYTES // 8)))
            self.registrar = Registrar(settings, passwords, clock, self._tasks, new_token, key)
        self.gate = Gate(settings, self.trunks, self.registrar, clock)
        self.agent = UserAgent(
            transport,
            clock,
            on_call,
            settings=settings,
            new_token=new_token,
            new_call_no=new_call_no,
            timers=timers,
            is_ready=is_ready,
            gate=self.gate,
        )
        self.dialler = Dialler(
            settings, self.trunks, self.agent, self._tasks, random_below, new_call_no
        )
        self._ping = TrunkPing(self.trunks, self.agent, self._tasks)

    def start(self) -> None:
        """Begin to ask the trunks whether they are up."""
        self._ping.start()

    def stop(self) -> None:
        """End calls and timers; the transport must still be there to say BYE."""
        self._tasks.stop()
        self.agent.hang_up_all()


def read_password(folder: Path, setting: str, file: str) -> str:
    """Return the first line of a password file. Raises ConfigError without one; never shows it."""
    path = folder / file
    try:
        with path.open("rb") as opened:
            text = opened.read(PASSWORD_BYTES_MAX + 1).decode()
    except OSError as e:
        problem = f"{path} cannot be read ({e.strerror}): check path and rights"
        raise ConfigError(f"{setting}.password_file", problem) from e
    except UnicodeDecodeError as e:
        raise ConfigError(f"{setting}.password_file", f"{path} is not UTF-8 text") from e
    password = text.partition("\n")[0].rstrip("\r")
    if not password or len(text) > PASSWORD_BYTES_MAX:
        problem = f"{path} must hold one line, 1..{PASSWORD_BYTES_MAX} bytes"
        raise ConfigError(f"{setting}.password_file", problem)
    return password
