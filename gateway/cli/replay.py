"""`hotline replay`: prove the journal, tell the life of one order, list events.

Reads only, so it may run beside the gateway. Not here: what the lines say (gateway.journal.story).
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from gateway.app.order_lines import notice_lines
from gateway.cli.order_number import cl_ord_id_of
from gateway.journal.heart import journal_storage
from gateway.journal.segment import segment_names
from gateway.journal.settings import JournalSettings
from gateway.journal.storage import Storage
from gateway.journal.story import LineSource, event_lines, order_story, told
from gateway.journal.verify import verify

LineSources = Callable[[Path], Sequence[LineSource]]


def no_more_lines(data_folder: Path) -> Sequence[LineSource]:
    """Add nothing to an order's life."""
    return ()


def replay_command(line_sources: LineSources = no_more_lines) -> click.Command:
    """Return the command; `line_sources(data_folder)` are other rooms' parts of an order's life."""

    @click.command()
    @click.option(
        "--data",
        type=click.Path(path_type=Path, file_okay=False),
        default=Path("data"),
        show_default=True,
        help="Data folder of the gateway.",
    )
    @click.option("--verify", "is_verify", is_flag=True, help="Prove the whole journal.")
    @click.option("--order", "order", metavar="N", help="Order number of the day, or ClOrdID.")
    @click.option("--day", type=int, help="Trading day of --order, yyyymmdd [the last one].")
    @click.option("--events", "span", metavar="FROM..TO", help="List events by their numbers.")
    def replay(
        data: Path, is_verify: bool, order: str | None, day: int | None, span: str | None
    ) -> None:
        """Read the journal: prove it, tell the life of one order, or list events."""
        asked = sum((is_verify, order is not None, span is not None))
        if asked != 1:
            raise click.UsageError("give one of --verify, --order N, --events FROM..TO")
        if day is not None and order is None:
            raise click.UsageError("--day belongs to --order")
        storage = journal_storage(data, JournalSettings())
        if not segment_names(storage):
            raise click.UsageError(f"--data: there is no journal in {data}: name the data folder")
        if is_verify:
            _verify(storage)
        elif order is not None:
            _order(storage, order, day, line_sources(data))
        else:
            _events(storage, str(span))

    return replay


def _verify(storage: Storage) -> None:
    started_s = time.perf_counter()
    proven = verify(storage)
    took_s = time.perf_counter() - started_s
    book = proven.book
    rows = [
        ("batches", f"{proven.batch_count}, chain intact up to {proven.end.chain.hex()}"),
        ("events", f"{proven.event_count} ({proven.event_count / took_s:,.0f} a second)"),
        ("fingerprints", f"{proven.fingerprint_count} recorded live, all met by the replay"),
        ("snapshots", f"{proven.snapshot_count} met, {proven.damaged_snapshot_count} not usable"),
        ("invariants", "all hold"),
        ("book", f"day {book.day}, {book.accounts.count - 1} accounts"),
        ("fingerprint", book.fingerprint().hex()),
    ]
    for name, text in rows:
        click.echo(f"{name:<13} {text}")
    click.echo("verify: ok")


def _order(
    storage: Storage, order: str, day: int | None, line_sources: Sequence[LineSource]
) -> None:
    cl_ord_id = cl_ord_id_of(storage, order, day, "--order")
    story = order_story(storage, cl_ord_id)
    if story is None:
        raise click.ClickException(
            f"the journal has no order {cl_ord_id}: check the number, or give --day yyyymmdd"
        )
    lines = [*story.lines, *(line for source in line_sources for line in source(story.keys))]
    click.echo(f"order {int(cl_ord_id[6:])}, ClOrdID {cl_ord_id}")
    for text in told(sorted(lines, key=lambda line: line.at_ns)):
        click.echo(text)


def _events(storage: Storage, span: str) -> None:
    first, _, last = span.partition("..")
    if not (first.isdigit() and last.isdigit()) or int(first) > int(last) or int(first) < 1:
        raise click.UsageError(f"--events: must be FROM..TO such as 1..100, was {span!r}")
    is_empty = True
    for text in told(event_lines(storage, int(first), int(last))):
        is_empty = False
        click.echo(text)
    if is_empty:
        raise click.ClickException(f"the journal has no events {span}: they are counted from 1")


replay = replay_command(notice_lines)
