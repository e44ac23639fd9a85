"""`hotline venue`: the simulated exchange as a process of its own, behind a real QuickFIX acceptor.

It prints one JSON line with its ports when it is ready, and runs until SIGTERM, Ctrl-C or `stop`
on its control port. Not here: what it does (fix.simulator).
"""

import random
from pathlib import Path
from typing import Any, Final

import click
from twisted.internet.defer import maybeDeferred

from fix.simulator.acceptor import VenueAcceptor
from fix.simulator.control import ControlFactory
from fix.simulator.exchange import Exchange
from fix.simulator.flow import Flow
from fix.simulator.temper import Mood, Temper
from fix.simulator.venue import Venue
from gateway.app.clock import ClockSettings, iso_clock, wall_clock
from gateway.app.process import Ready, Stop, run_process
from gateway.obs.log import start_logging, to_stderr
from gateway.refdata.loader import load_rulebook
from gateway.refdata.tables import read_listings

MS_NS: Final = 1_000_000


@click.command()
@click.option("--port", default=9878, show_default=True, help="FIX port; 0 takes a free one.")
@click.option("--control-port", default=0, help="Control port; 0 takes a free one.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("data/venue"),
    show_default=True,
    help="Folder of the FIX message store.",
)
@click.option(
    "--config-folder",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default=Path("config"),
    show_default=True,
    help="Folder with markets and calendars.",
)
@click.option(
    "--listings",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("demo/instruments.csv"),
    show_default=True,
    help="CSV of listings, inside the configuration folder.",
)
@click.option("--comp-id", default="VENUE", show_default=True, help="The venue's CompID.")
@click.option("--member", "members", multiple=True, default=("HOTLINE",), show_default=True)
@click.option(
    "--market-data-member",
    "market_data_members",
    multiple=True,
    default=("HOTLINE-MD",),
    show_default=True,
)
@click.option("--mood", type=click.Choice([mood.value for mood in Mood]), default="calm")
@click.option("--delay-ms", type=click.IntRange(0, 3_600_000), default=0, help="For some moods.")
@click.option("--seed", default=1, show_default=True, help="Seed of flow and moods.")
@click.option("--flow/--no-flow", default=True, show_default=True, help="Background trading.")
@click.option(
    "--session-start",
    default="05:00",
    show_default=True,
    help="FIX numbers restart at this time in China; as [fix] session_start.",
)
@click.option(
    "--session-end",
    default="04:59",
    show_default=True,
    help="End of the FIX session's day in China; as [fix] session_end.",
)
@click.option(
    "--clock-shift-s",
    envvar="HOTLINE__CLOCK__SHIFT_S",
    default=0,
    show_envvar=True,
    help="Seconds added to the clock; as [clock] shift_s.",
)
def venue(
    port: int,
    control_port: int,
    folder: Path,
    config_folder: Path,
    listings: Path,
    comp_id: str,
    members: tuple[str, ...],
    market_data_members: tuple[str, ...],
    mood: str,
    delay_ms: int,
    seed: int,
    flow: bool,
    session_start: str,
    session_end: str,
    clock_shift_s: int,
) -> None:
    """Start the simulated exchange."""
    now_ns = wall_clock(ClockSettings(shift_s=clock_shift_s))
    start_logging("info", to_stderr(), iso_clock(now_ns))
    instruments = read_listings(config_folder / listings)
    rng = random.Random(seed)
    matching = Venue(
        load_rulebook(config_folder), instruments, now_ns(), Flow(rng) if flow else None
    )
    temper = Temper(random.Random(seed + 1))
    temper.set_mood(Mood(mood), delay_ms * MS_NS, now_ns())
    acceptor = VenueAcceptor(
        port, folder, comp_id, members, market_data_members, (session_start, session_end)
    )
    symbols = [instrument.symbol for instrument in instruments]

    def make(reactor: Any, stop: Stop) -> _VenueProcess:
        exchange = Exchange(matching, temper, acceptor, symbols, reactor, now_ns)
        return _VenueProcess(exchange, acceptor.port, control_port, reactor, stop)

    raise SystemExit(run_process(make))


class _VenueProcess:
    """The exchange and its control port."""

    def __init__(
        self, exchange: Exchange, port: int, control_port: int, reactor: Any, stop: Stop
    ) -> None:
        self._exchange = exchange
        self._port = port
        self._control_port = control_port
        self._reactor = reactor
        self._stop = stop
        self._control: Any = None  # IListeningPort

    async def start(self) -> Ready:
        """Listen for control lines, then let the exchange turn."""
        factory = ControlFactory(self._exchange, lambda: self._stop(0))
        self._control = self._reactor.listenTCP(self._control_port, factory, interface="127.0.0.1")
        self._exchange.start()
        control_port = self._control.getHost().port
        return {"ready": "venue", "port": self._port, "control_port": control_port}

    async def stop(self) -> None:
        """Log the members out."""
        if self._control is not None:
            await maybeDeferred(self._control.stopListening)
        await self._exchange.stop()
