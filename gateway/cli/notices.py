"""`hotline notices`: list dead letters, show one, queue it again.

Works on the outbox file, beside a running gateway, which finds what was queued again within
seconds. Not here: what a dead letter is (notify.letters).
"""

import time
from pathlib import Path
from typing import Final

import click
from rich.console import Console
from rich.table import Table

from notify.letters import LETTERS_MAX, dead_letters, requeue, trace_of_notice
from notify.notices import NoticeTrace
from notify.outbox import Outbox
from notify.settings import NotifySettings
from notify.tables import open_outbox
from risk.domain.ids import china_time

KEEP_H: Final = 24
TABLE_COLUMNS_MIN: Final = 160


@click.group()
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("data"),
    show_default=True,
    help="Data folder of the gateway.",
)
@click.option(
    "--file",
    default=NotifySettings().file,
    show_default=True,
    help="Outbox in it, as [notify] file says.",
)
@click.pass_context
def notices(context: click.Context, data: Path, file: str) -> None:
    """List and re-queue messages that could not be sent."""
    path = data / file
    if not path.exists():
        raise click.UsageError(f"--data: there is no outbox {path}: name the data folder")
    outbox = Outbox(open_outbox(path))
    context.obj = outbox
    context.call_on_close(outbox.close)


@notices.command("list")
@click.option("--limit", type=click.IntRange(1, LETTERS_MAX), default=100, show_default=True)
@click.pass_obj
def list_dead(outbox: Outbox, limit: int) -> None:
    """List dead letters, newest first."""
    letters = dead_letters(outbox, limit)
    if not letters:
        click.echo("no dead letters")
        return
    table = Table("id", "planned", "route", "kind", "order", "to", "attempts", "reason", box=None)
    for letter in letters:
        table.add_row(
            str(letter.notice_id),
            _moment(letter.planned_ns),
            letter.route.name.lower(),
            letter.kind,
            letter.cl_ord_id,
            letter.recipient_tail,
            str(letter.attempts),
            letter.reason,
        )
    console = Console()
    console.width = max(console.width, TABLE_COLUMNS_MIN)  # the terminal wraps: nothing is cut off
    console.print(table)


@notices.command()
@click.argument("notice_id", type=int)
@click.pass_obj
def show(outbox: Outbox, notice_id: int) -> None:
    """Show one notice: its text, and when it was planned, sent and delivered."""
    trace = trace_of_notice(outbox, notice_id)
    if trace is None:
        raise click.ClickException(f"there is no notice {notice_id}: see `hotline notices list`")
    for name, value in _rows(trace):
        click.echo(f"{name:<12} {value}")


@notices.command("requeue")
@click.argument("notice_ids", type=int, nargs=-1)
@click.option("--all", "is_all", is_flag=True, help="Every dead letter.")
@click.option(
    "--hours",
    type=click.IntRange(1, 168),
    default=KEEP_H,
    show_default=True,
    help="How long it may be tried.",
)
@click.pass_obj
def requeue_dead(outbox: Outbox, notice_ids: tuple[int, ...], is_all: bool, hours: int) -> None:
    """Queue dead letters again, with new attempts; accepted parts are not repeated."""
    if bool(notice_ids) == is_all:
        raise click.UsageError("give the NOTICE_IDS, or --all")
    queued = requeue(outbox, None if is_all else notice_ids, time.time_ns(), hours * 3600.0)
    missing = sorted(set(notice_ids) - set(queued))
    click.echo(f"queued again: {', '.join(map(str, sorted(queued))) or 'none'}")
    if missing:
        raise click.ClickException(
            f"not dead letters: {', '.join(map(str, missing))}; see `hotline notices list`"
        )


def _rows(trace: NoticeTrace) -> list[tuple[str, str]]:
    receipt = trace.receipt_state.name.lower() if trace.receipt_state else "none"
    return [
        ("id", str(trace.notice_id)),
        ("state", f"{trace.state.name.lower()} {trace.reason}".strip()),
        ("route", f"{trace.route.name.lower()} to {trace.recipient_tail}"),
        ("about", f"{trace.kind}, order {trace.cl_ord_id}, event {trace.event_seq}"),
        ("happened", _moment(trace.event_ns)),
        ("planned", _moment(trace.planned_ns)),
        ("sent", _moment(trace.sent_ns)),
        ("receipt", f"{receipt} {_moment(trace.receipt_ns)}"),
        ("attempts", str(trace.attempts)),
        ("message ids", ", ".join(trace.message_ids) or "none"),
        ("text", trace.text),
    ]


def _moment(at_ns: int) -> str:
    return f"{china_time(at_ns):%Y-%m-%d %H:%M:%S.%f}"[:-3] if at_ns else "-"
