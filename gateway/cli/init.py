"""`hotline init`: make a data folder with keys, certificates, databases and accounts.

Not here: what is made (gateway.app.opening).
"""

import os
from pathlib import Path
from typing import Any

import click

from gateway.app.clock import iso_clock, wall_clock
from gateway.app.opening import Opening
from gateway.app.process import Stop, run_process
from gateway.app.settings import load_settings
from gateway.cli.settings import CONFIG_OPTION
from gateway.obs.log import start_logging, to_stderr
from gateway.refdata.tables import OpeningAccount, read_opening_accounts


@click.command()
@CONFIG_OPTION
@click.option(
    "--accounts",
    type=click.Path(path_type=Path),
    default=None,
    help="CSV of accounts to open (config/demo/accounts.csv holds the demo accounts).",
)
def init(config: Path | None, accounts: Path | None) -> None:
    """Make the data folder; safe to run again: what exists is kept."""
    settings = load_settings(config, os.environ).value
    now_ns = wall_clock(settings.clock)
    start_logging("warning", to_stderr(), iso_clock(now_ns))
    rows: list[OpeningAccount] = read_opening_accounts(accounts) if accounts else []

    def make(reactor: Any, stop: Stop) -> Opening:
        return Opening(settings, rows, reactor, now_ns, stop)

    exit_code = run_process(make)
    if exit_code == 0:
        click.echo(f"init: {settings.gateway.data_folder} is ready, {len(rows)} accounts")
    raise SystemExit(exit_code)
