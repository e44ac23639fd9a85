"""`hotline ladder`: the signalling of one call, message by message, and how its audio fared.

Not here: what the caller heard (`hotline evidence --call`).
"""

import os
from pathlib import Path

import click

from gateway.app.settings import load_settings
from gateway.cli.settings import CONFIG_OPTION
from gateway.evidence.call_log import NotFound, decode, stored_record
from gateway.evidence.transcript import call_line
from gateway.store.database import read_file


@click.command()
@CONFIG_OPTION
@click.argument("call_no")
def ladder(config: Path | None, call_no: str) -> None:
    """Show the SIP messages of CALL_NO: seconds since it began, way, message."""
    settings = load_settings(config, os.environ).value
    data = settings.gateway.data_folder
    stored = read_file(settings.store, data, lambda c: stored_record(c, call_no))
    if stored is None:
        raise NotFound(f"call {call_no}: list them with `hotline evidence --calls`")
    record = decode(stored)
    click.echo(call_line(record))
    for rung in record.ladder:
        click.echo(rung)
    if record.figures:
        click.echo("  ".join(f"{name} {value:g}" for name, value in record.figures.items()))
