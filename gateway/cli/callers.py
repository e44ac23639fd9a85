"""`hotline callers`: which numbers may do what, and what callers are to hear, from CSV files.

Works on the store beside a running gateway: the next call goes by it. Not here: what a list means
(gateway.identity.callers, gateway.identity.phone_notices).
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from gateway.app.phone_lists import put_lists, read_bindings, read_notices
from gateway.app.settings import load_settings
from gateway.cli.settings import CONFIG_OPTION
from gateway.identity.callers import Binding
from gateway.identity.phone_notices import NoticeRow
from gateway.store.database import open_engine
from gateway.store.settings import store_url
from risk.domain.errors import ConfigError

_FILE: Final = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


@click.group()
def callers() -> None:
    """Caller numbers and what callers are to hear."""


@callers.command()
@CONFIG_OPTION
@_FILE
def bind(config: Path | None, file: Path) -> None:
    """Replace the lists of numbers of every account and branch that FILE names.

    Columns: account_no,branch_code,ani,policy. A row is of an account or of a branch; ani is like
    +8613800138000, or * for every other number, or withheld; policy is allow, query_only, refuse.
    """
    rows = read_bindings(file)
    _put(config, bindings=rows)
    click.echo(f"callers: {len(rows)} rows are in force from the next call")


@callers.command()
@CONFIG_OPTION
@_FILE
def tell(config: Path | None, file: Path) -> None:
    """Add the notices of FILE, which callers hear after logging in, or replace them by number.

    Columns: notice_no,audience,is_mandatory,valid_from,valid_until,text_zh,text_en. Audience is
    all, branch:31001 or account:10000001; times are China's; texts hold no digits.
    """
    rows = read_notices(file)
    _put(config, notices=rows)
    click.echo(f"callers: {len(rows)} notices wait to be heard")


def _put(
    config: Path | None,
    bindings: Sequence[Binding] = (),
    notices: Sequence[NoticeRow] = (),
) -> None:
    settings = load_settings(config, os.environ).value
    data = settings.gateway.data_folder
    if not data.is_dir():
        raise ConfigError("gateway.data_folder", f"{data} does not exist: run `hotline init`")
    engine = open_engine(store_url(settings.store, data), settings.store)
    try:
        put_lists(engine, bindings, notices)
    finally:
        engine.dispose()
