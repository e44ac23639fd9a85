"""`hotline doctor`: checks what a settings file cannot say; every finding says what to do.

Not here: the health of a running gateway (`/readyz`).
"""

import os
import socket
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final, NamedTuple

import click

from gateway.app.clock import wall_clock
from gateway.app.settings import Settings, load_settings
from gateway.cli.settings import CONFIG_OPTION
from gateway.refdata.loader import load_rulebook
from gateway.refdata.tables import read_listings
from gateway.sip.edge import read_password
from risk.domain.errors import ConfigError, HotlineError
from risk.domain.ids import trading_day

SYNC_MS_MAX: Final = 20
SYNC_TRIES: Final = 20
CALENDAR_DAYS_MIN: Final = 10  # the next year's is published in December
FREE_BYTES_MIN: Final = 2 << 30


class Finding(NamedTuple):
    """One check's answer. `remedy` is empty when all is well."""

    what: str
    seen: str
    remedy: str = ""


@click.command()
@CONFIG_OPTION
def doctor(config: Path | None) -> None:
    """Check settings, folders, disk, ports, rules and optional parts of this machine."""
    settings = load_settings(config, os.environ).value
    findings = [finding for check in CHECKS for finding in check(settings)]
    for finding in findings:
        mark = "  ok " if not finding.remedy else "FIX  "
        click.echo(f"{mark} {finding.what}: {finding.seen}")
        if finding.remedy:
            click.echo(f"      {finding.remedy}")
    bad = sum(1 for finding in findings if finding.remedy)
    click.echo(f"doctor: {len(findings)} checks, {bad} to mend")
    raise SystemExit(1 if bad else 0)


def _data_folder(settings: Settings) -> Iterator[Finding]:
    folder = settings.gateway.data_folder
    if not folder.is_dir():
        yield Finding("data folder", f"{folder} is missing", "run `hotline init`")
        return
    is_open = folder.stat().st_mode & 0o077
    yield Finding(
        "data folder",
        str(folder),
        f"others may read it: chmod 700 {folder}" if is_open else "",
    )
    room = os.statvfs(folder)
    free = room.f_bavail * room.f_frsize
    need_room = "" if free >= FREE_BYTES_MIN else "free some space: the journal stops when full"
    yield Finding("free disk", f"{free >> 30} GiB", need_room)
    try:
        yield Finding("disk sync", *_sync_time(folder))
    except OSError as e:
        remedy = f"{e.strerror}: let the gateway's user write there, or choose another folder"
        yield Finding("disk sync", f"{folder} cannot be written", remedy)


def _sync_time(folder: Path) -> tuple[str, str]:
    """Return the median time of a small write and fdatasync, and the remedy when it is slow."""
    probe = folder / ".doctor"
    times = []
    with probe.open("wb") as file:
        for _ in range(SYNC_TRIES):
            began = time.monotonic()
            file.write(b"x" * 512)
            file.flush()
            os.fdatasync(file.fileno())
            times.append((time.monotonic() - began) * 1000)
    probe.unlink()
    median = sorted(times)[SYNC_TRIES // 2]
    slow = "put the data folder on a local disk with a write cache that survives power loss"
    return f"{median:.2f} ms (median of {SYNC_TRIES})", slow if median > SYNC_MS_MAX else ""


def _ports(settings: Settings) -> Iterator[Finding]:
    listening = (
        ("health", settings.health.host, settings.health.port, socket.SOCK_STREAM),
        ("web", settings.web.host, settings.web.port, socket.SOCK_STREAM),
        ("branch", settings.branch.host, settings.branch.port, socket.SOCK_STREAM),
        ("sip", settings.sip.listen_host, settings.sip.listen_port, socket.SOCK_DGRAM),
    )
    for name, host, port, kind in listening:
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind((host, port))
            except OSError as e:
                remedy = f"{e.strerror}: stop what uses it, or set [{name}] to another port"
                yield Finding(f"{name} port", f"{host}:{port}", remedy)
            else:
                yield Finding(f"{name} port", f"{host}:{port} is free")


def _telephony(settings: Settings) -> Iterator[Finding]:
    sip = settings.sip
    is_reachable = not sip.listen_host.startswith("127.")
    nobody = is_reachable and not sip.trunks
    yield Finding(
        "trunks",
        ", ".join(trunk.name for trunk in sip.trunks) or "none",
        "nobody outside can call: name the carrier as [[sip.trunks]]" if nobody else "",
    )
    for kind, name, file in (
        *(("trunks", trunk.name, trunk.password_file) for trunk in sip.trunks),
        *(("phones", phone.username, phone.password_file) for phone in sip.phones),
    ):
        if not file:
            continue
        setting = f"sip.{kind}.{name}"
        path = settings.gateway.data_folder / file
        try:
            read_password(path.parent, setting, path.name)
        except ConfigError as e:
            yield Finding(f"password of {setting}", str(path), str(e))
            continue
        is_open = path.stat().st_mode & 0o077
        remedy = f"others may read it: chmod 600 {path}" if is_open else ""
        yield Finding(f"password of {setting}", str(path), remedy)


def _rules(settings: Settings) -> Iterator[Finding]:
    folder = settings.gateway.config_folder
    try:
        book = load_rulebook(folder)
        listings = read_listings(folder / settings.gateway.listings_file)
    except HotlineError as e:
        yield Finding("rulebook", str(folder), str(e))
        return
    today = trading_day(wall_clock(settings.clock)())
    left = (book.last - today).days
    ending = "add the next year's calendar to config/calendars" if left < CALENDAR_DAYS_MIN else ""
    yield Finding("calendar", f"reaches {book.last}, {left} days", ending)
    yield Finding("listings", f"{len(listings)} instruments")


def _optional_parts(_settings: Settings) -> Iterator[Finding]:
    has_voice = find_spec("espeakng_loader") is not None
    yield Finding(
        "speech",
        "espeakng-loader is installed" if has_voice else "espeakng-loader is missing",
        "" if has_voice else "pip install 'hotline-gateway[phone]', or give recorded prompts",
    )


CHECKS: Final[tuple[Callable[[Settings], Iterator[Finding]], ...]] = (
    _data_folder,
    _ports,
    _telephony,
    _rules,
    _optional_parts,
)
