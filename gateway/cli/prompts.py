"""`hotline prompts`: what is not recorded, the studio's script, and whether recordings are fit.

Not here: texts (config/prompts), the rules of a good recording (gateway.media.studio_check).
"""

import csv
import os
import sys
from pathlib import Path
from typing import NamedTuple

import click

from gateway.app.settings import load_settings
from gateway.cli.settings import CONFIG_OPTION
from gateway.media import prompts as texts
from gateway.media import studio, studio_check

_RECORDED_OPTION = click.option(
    "--recorded",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=None,
    help="Folder of recordings; without it the setting phone.voice.recorded_path.",
)


class _Studio(NamedTuple):
    """What the commands work on."""

    book: texts.PromptBook
    recorded: Path | None
    has_engine: bool


@click.group()
def prompts() -> None:
    """Recordings of prompts: what is missing, what to record, what is wrong with them."""


def _open(config: Path | None, recorded: Path | None) -> _Studio:
    settings = load_settings(config, os.environ).value
    voice = settings.phone.voice
    folder = recorded or (Path(voice.recorded_path) if voice.recorded_path else None)
    book = texts.load(settings.gateway.config_folder / "prompts")
    return _Studio(book, folder, voice.speaker != "none")


@prompts.command()
@CONFIG_OPTION
@_RECORDED_OPTION
def missing(config: Path | None, recorded: Path | None) -> None:
    """List the prompts and words without a recording.

    The speech engine says them; exit code 1 when there is none (phone.voice.speaker = "none").
    """
    here = _open(config, recorded)
    lines = list(studio.script(here.book, here.recorded))
    lacking = [line for line in lines if not line.is_recorded]
    for line in lacking:
        click.echo(f"{line.file}: {line.read}")
    for folder in sorted({line.file.partition("/")[0] for line in lines}):
        of_all = [line for line in lines if line.file.startswith(f"{folder}/")]
        count = sum(1 for line in of_all if not line.is_recorded)
        click.echo(f"{folder}: {count} of {len(of_all)} not recorded", err=True)
    if lacking and not here.has_engine:
        click.echo("no engine says them: record them, or set phone.voice.speaker", err=True)
        raise SystemExit(1)


@prompts.command()
@CONFIG_OPTION
@_RECORDED_OPTION
@click.option("--language", type=click.Choice(["zh", "en"]), default=None, help="Only this one.")
@click.option("--missing-only", is_flag=True, help="Leave out what is recorded.")
@click.option("--csv", "as_csv", is_flag=True, help="Comma-separated, for a spreadsheet.")
def script(
    config: Path | None,
    recorded: Path | None,
    language: str | None,
    missing_only: bool,
    as_csv: bool,
) -> None:
    """Print the recording script: file, text, place in the prompt, tone, hints, seconds."""
    here = _open(config, recorded)
    lines = [
        line
        for line in studio.script(here.book, here.recorded)
        if line.file.startswith(language or "") and not (missing_only and line.is_recorded)
    ]
    if as_csv:
        out = csv.writer(sys.stdout)
        out.writerow(["file", "read", "where", "tone", "hint", "seconds"])
        out.writerows(line[:6] for line in lines)
        return
    for line in lines:
        click.echo(f"{line.file}  ({line.seconds:.1f} s, {line.tone})")
        click.echo(f"    {line.read}")
        click.echo(f"    in: {line.where}" + (f"\n    {line.hint}" if line.hint else ""))
    minutes = sum(line.seconds for line in lines) / 60
    click.echo(f"{len(lines)} recordings, about {minutes:.0f} minutes of speech", err=True)


@prompts.command()
@CONFIG_OPTION
@_RECORDED_OPTION
def check(config: Path | None, recorded: Path | None) -> None:
    """Check every recording; exit code 1 when one is not fit for callers.

    Format, sample rate, clipping, level (RMS of the speech without pauses, wanted -22 dBFS),
    silence at the ends, length against its text, prompts recorded only in part or one language.
    """
    here = _open(config, recorded)
    if here.recorded is None:
        raise click.UsageError(
            "name a folder: --recorded, or the setting phone.voice.recorded_path"
        )
    complaints = studio_check.check(here.book, here.recorded)
    for complaint in complaints:
        click.echo(str(complaint))
    click.echo(f"{here.recorded}: {len(complaints)} to mend", err=True)
    raise SystemExit(1 if complaints else 0)
