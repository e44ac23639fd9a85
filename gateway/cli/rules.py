"""`hotline rules`: which market rules applied on a day, from the effective-dated rulebook.

Not here: the rules themselves (config/markets) or what they mean for an order (risk.market).
"""

from datetime import date, datetime
from pathlib import Path

import click

from gateway.refdata.loader import load_rulebook
from risk.domain.enums import Board, ListingStatus
from risk.domain.ids import CHINA
from risk.market.rule_entries import VALUES

_STATUSES = [status.name for status in ListingStatus if status != ListingStatus.NO_LIMIT_DAY]


@click.command()
@click.option("--config-dir", type=click.Path(path_type=Path), default=Path("config"))
@click.option("--board", type=click.Choice([board.name for board in Board]), required=True)
@click.option("--status", type=click.Choice(_STATUSES), default="NORMAL", show_default=True)
@click.argument("day")
def rules(config_dir: Path, board: str, status: str, day: str) -> None:
    """Tell the rules of DAY (2026-07-03) for one board, each with its source."""
    asked = _day(day)
    book = load_rulebook(config_dir)
    day_rules = book.on(asked)
    if day_rules is None:
        raise click.UsageError(
            f"DAY must lie in the calendars, {book.first} to {book.last}, was {day}"
        )
    kind = "a trading day" if day_rules.is_trading_day[Board[board]] else "no trading day"
    click.echo(f"{board} {status} on {asked} ({kind}), rules version {day_rules.version}")
    for name in VALUES:
        of_status = ListingStatus[status] if name == "limit" else ListingStatus.NORMAL
        entry = book.entry_on(name, Board[board], asked, of_status)
        if entry is not None:
            click.echo(f"  {name}, since {entry.from_day}: {entry.source}")
            for key, value in sorted(entry.values.items()):
                click.echo(f"    {key} = {value}")


def _day(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=CHINA).date()
    except ValueError as e:
        raise click.UsageError(f"DAY must be like 2026-07-03, was {text!r}") from e
