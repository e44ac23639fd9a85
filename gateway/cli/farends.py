"""`hotline farends`: the simulated message centre and mail server, in one process.

Not here: the real carriers' and mail servers' settings ([sms] and [mail]).
"""

from pathlib import Path
from typing import Any

import click

from gateway.app.clock import ClockSettings, iso_clock, wall_clock
from gateway.app.farends import FarEnds
from gateway.app.process import run_process
from gateway.obs.log import start_logging, to_stderr
from notify.simulator.fake_smsc import SMSCSettings


@click.command()
@click.option("--smpp-port", default=2775, show_default=True, help="0 takes a free one.")
@click.option("--smtp-port", default=2525, show_default=True, help="0 takes a free one.")
@click.option(
    "--kept",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("data/messages.jsonl"),
    show_default=True,
    help="File that gets one JSON line per message.",
)
@click.option("--system-id", default="hotline", show_default=True, help="SMPP login.")
@click.option("--password", default="", help="SMPP password.")
@click.option(
    "--clock-shift-s",
    envvar="HOTLINE__CLOCK__SHIFT_S",
    default=0,
    show_envvar=True,
    help="Seconds added to the clock; as [clock] shift_s.",
)
def farends(
    smpp_port: int, smtp_port: int, kept: Path, system_id: str, password: str, clock_shift_s: int
) -> None:
    """Start the simulated message centre and mail server."""
    now_ns = wall_clock(ClockSettings(shift_s=clock_shift_s))
    start_logging("info", to_stderr(), iso_clock(now_ns))
    kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    smsc = SMSCSettings(system_id=system_id, password=password)

    def make(reactor: Any, _stop: object) -> FarEnds:
        return FarEnds(reactor, now_ns, kept, smpp_port, smtp_port, smsc)

    raise SystemExit(run_process(make))
