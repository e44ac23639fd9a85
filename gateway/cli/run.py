"""`hotline run`: the gateway in the foreground, as a service manager starts it.

Not here: what it is made of (gateway.app.gateway).
"""

import gc
import os
import sys
from pathlib import Path
from typing import Any, Final

import click

from gateway.app.clock import iso_clock, wall_clock
from gateway.app.gateway import Gateway
from gateway.app.keys import read_pepper
from gateway.app.process import Stop, run_process
from gateway.app.settings import load_settings
from gateway.cli.settings import CONFIG_OPTION
from gateway.obs.log import start_logging, to_stderr

# The journal's thread waits for the interpreter once per group commit: 5 ms, the default, is longer
# than the disk takes.
SWITCH_INTERVAL_S: Final = 0.0005
GC_THRESHOLDS: Final = (50_000, 20, 50)  # orders make few cycles and many lasting objects


@click.command()
@CONFIG_OPTION
def run(config: Path | None) -> None:
    """Start the gateway; it prints one JSON line with its ports when it is ready."""
    settings = load_settings(config, os.environ).value
    read_pepper(settings.gateway.data_folder)  # before a wrong folder gets a journal
    now_ns = wall_clock(settings.clock)
    start_logging(settings.gateway.log_level, to_stderr(), iso_clock(now_ns))

    sys.setswitchinterval(SWITCH_INTERVAL_S)

    def make(reactor: Any, stop: Stop) -> Gateway:
        gateway = Gateway(settings, reactor, now_ns, lambda: stop(1))
        # The recovered book never dies: the collector need not walk it again and again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)
        return gateway

    raise SystemExit(run_process(make))
