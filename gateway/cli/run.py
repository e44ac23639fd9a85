"""`hotline run`: the gateway in the foreground, as a service manager starts it.

Not here: what it is made of (gateway.app.gateway).
"""

import os
from pathlib import Path
from typing import Any

import click

from gateway.app.clock import iso_clock, wall_clock
from gateway.app.gateway import Gateway
from gateway.app.process import Stop, run_process
from gateway.app.settings import load_settings
from gateway.cli.settings import CONFIG_OPTION
from gateway.obs.log import start_logging, to_stderr


@click.command()
@CONFIG_OPTION
def run(config: Path | None) -> None:
    """Start the gateway; it prints one JSON line with its ports when it is ready."""
    settings = load_settings(config, os.environ).value
    now_ns = wall_clock(settings.clock)
    start_logging(settings.gateway.log_level, to_stderr(), iso_clock(now_ns))

    def make(reactor: Any, stop: Stop) -> Gateway:
        return Gateway(settings, reactor, now_ns, lambda: stop(1))

    raise SystemExit(run_process(make))
