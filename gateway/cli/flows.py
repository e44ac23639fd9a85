"""`hotline flows`: whether every call flow may go on the air, before anybody calls.

Not here: the checks (gateway.ivr.flow_check) and the drawn flows (docs/reference/flows.md).
"""

import os
from pathlib import Path

import click

from gateway.app.settings import load_settings
from gateway.cli.settings import CONFIG_OPTION
from gateway.ivr.dialplan import Dialplan
from gateway.ivr.flow_check import ALL_FLOWS, faults, unplayed
from gateway.media.prompts import load


@click.command()
@CONFIG_OPTION
def flows(config: Path | None) -> None:
    """Check call flows and prompts; exit code 1 when something is wrong."""
    settings = load_settings(config, os.environ).value
    book = load(settings.gateway.config_folder / "prompts")
    dialplan = Dialplan(settings.phone.lines)
    found = list(faults(dialplan, book))
    for fault in found:
        click.echo(f"{fault.flow}: {fault.problem}")
    for remark in unplayed(dialplan, book):
        click.echo(remark)
    for name, flow in ALL_FLOWS.items():
        click.echo(f"{name}: {len(flow.states)} states")
    raise SystemExit(1 if found else 0)
