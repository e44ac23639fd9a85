"""`hotline evidence`: what is kept of an order or calls, the read-back anew, a bundle, its check.

Reads only, so it may run beside the gateway. Not here: gathering (gateway.evidence).
"""

import os
import sys
from pathlib import Path
from typing import cast

import click
from twisted.internet.threads import deferToThread

from gateway.app.settings import Settings, load_settings
from gateway.cli.on_reactor import run_on_reactor
from gateway.cli.order_number import cl_ord_id_of
from gateway.cli.settings import CONFIG_OPTION
from gateway.evidence import verifier
from gateway.evidence.bundle import write_bundle
from gateway.evidence.call_log import RECORDINGS, NotFound, records_by
from gateway.evidence.case import BoundCall, Case, Kept, calls_of, case_of
from gateway.evidence.respeak import heard_readback, readback_text, readback_wav
from gateway.evidence.transcript import call_line, transcript
from gateway.journal.heart import journal_storage
from gateway.journal.settings import JournalSettings
from gateway.journal.story import calls_bound, told
from gateway.media.child import MediaReactor
from gateway.media.prompts import load
from gateway.media.voice import open_voice
from gateway.refdata.tables import read_listings
from gateway.store.database import read_file
from risk.domain.enums import Language
from risk.domain.instrument import Instrument


@click.command()
@click.argument("order", required=False, default="")
@CONFIG_OPTION
@click.option("--day", type=int, help="Trading day of ORDER, yyyymmdd [the last one].")
@click.option("--speak", type=click.Path(path_type=Path, dir_okay=False), help="Read-back as WAV.")
@click.option("--export", type=click.Path(path_type=Path, dir_okay=False), help="Bundle as zip.")
@click.option("--call", "call_no", metavar="NO", help="One call in words.")
@click.option("--ani", help="List the calls of a caller's number.")
@click.option("--account", help="List the calls in which this account's PIN was right.")
@click.option("--calls", "is_list", is_flag=True, help="List the newest calls.")
@click.option("--check", type=click.Path(path_type=Path, dir_okay=False), help="Check a bundle.")
def evidence(
    order: str,
    config: Path | None,
    day: int | None,
    speak: Path | None,
    export: Path | None,
    call_no: str | None,
    ani: str | None,
    account: str | None,
    is_list: bool,
    check: Path | None,
) -> None:
    """Show what is kept of ORDER (its number of the day, or ClOrdID), of a call, or of callers."""
    asked = [bool(order), call_no is not None, bool(ani or account or is_list), check is not None]
    if sum(asked) != 1:
        raise click.UsageError("give one of ORDER, --call, --ani/--account/--calls, --check")
    if (speak or export or day) and not order:
        raise click.UsageError("--speak, --export and --day belong to ORDER")
    if check is not None:
        sys.exit(verifier.main([str(check)]))
    settings = load_settings(config, os.environ).value
    if order:
        _order(settings, order, day, speak, export)
    elif call_no is not None:
        _call(settings, call_no)
    else:
        _calls(settings, ani or "", account or "")


def _order(
    settings: Settings, order: str, day: int | None, speak: Path | None, export: Path | None
) -> None:
    data = settings.gateway.data_folder
    storage = journal_storage(data, JournalSettings())
    cl_ord_id = cl_ord_id_of(storage, order, day, "ORDER", "; a call needs --call")
    case = case_of(storage, _kept(settings), cl_ord_id)
    if case is None:
        raise NotFound(f"order {cl_ord_id}: check the number, or give --day yyyymmdd")
    listing = _listing(settings, case.accepted.symbol)
    _print(case, listing, settings)
    if listing is None and (speak or export):
        click.echo(f"read-back   cannot be spoken: {case.accepted.symbol} is not in the listings")
    wav = _spoken(settings, case, listing) if listing is not None and (speak or export) else b""
    if speak is not None and wav:
        speak.write_bytes(wav)
        click.echo(f"read-back spoken into {speak}")
    if export is not None:
        chain = write_bundle(case, data / RECORDINGS, export, wav)
        click.echo(f"bundle {export}, chain {chain}")


def _spoken(settings: Settings, case: Case, listing: Instrument) -> bytes:
    spoken: list[bytes] = []

    async def speak() -> int:
        from twisted.internet import reactor

        voice = open_voice(
            settings.phone.voice,
            settings.gateway.config_folder / "prompts",
            settings.gateway.data_folder / "voice",
            cast(MediaReactor, reactor),
            deferToThread,
        )
        spoken.append(await readback_wav(voice, case.accepted, listing, _language(case)))
        await voice.stop()
        return 0

    run_on_reactor(speak())
    return spoken[0]


def _print(case: Case, listing: Instrument | None, settings: Settings) -> None:
    texts = load(settings.gateway.config_folder / "prompts")
    click.echo(f"order {case.accepted.order_no}, ClOrdID {case.cl_ord_id}")
    for text in told(case.story.lines):
        click.echo(text)
    for call in case.calls:
        click.echo("")
        _print_call(call)
        said = heard_readback(call.record, case.accepted)
        if said is not None and listing is not None:
            meant = readback_text(texts, case.accepted, listing, _language(case))
            verdict = "as accepted" if said == meant else f"differs; today it would say: {meant}"
            click.echo(f"read-back   {verdict}")
    for call_no in case.missing_calls:
        click.echo(f"\ncall        {call_no} IS MISSING: the journal has the digest of its record")
    click.echo("")
    for line in case.fix_lines:
        click.echo(f"fix  {line.replace(chr(1), '|')}")
    for notice in case.notices:
        receipt = notice.receipt_state.name if notice.receipt_state is not None else "no receipt"
        click.echo(f"notice {notice.route.name} {notice.recipient_tail}: {notice.text} [{receipt}]")
    click.echo(f"journal at {case.journal_end}")


def _print_call(call: BoundCall) -> None:
    for line in transcript(call.record):
        click.echo(line)
    click.echo(f"digest      {call.doubt or 'as in the journal'}")


def _call(settings: Settings, call_no: str) -> None:
    data = settings.gateway.data_folder
    bindings = calls_bound(journal_storage(data, JournalSettings()), [call_no])
    calls = calls_of(_kept(settings), [call_no], bindings)
    if not calls:
        raise NotFound(f"call {call_no}: list them with --calls")
    _print_call(calls[0])


def _calls(settings: Settings, ani: str, account_no: str) -> None:
    for record in read_file(
        settings.store,
        settings.gateway.data_folder,
        lambda connection: records_by(connection, ani=ani, account_no=account_no),
    ):
        click.echo(call_line(record))


def _kept(settings: Settings) -> Kept:
    return Kept(settings.gateway.data_folder, settings.store, settings.fix, settings.notify)


def _listing(settings: Settings, symbol: str) -> Instrument | None:
    listings = read_listings(settings.gateway.config_folder / settings.gateway.listings_file)
    return next((row for row in listings if row.symbol == symbol), None)


def _language(case: Case) -> Language:
    spoken = [call.record.language for call in case.calls]
    return Language.EN if spoken and spoken[0] == "en" else Language.ZH
