"""`hotline call`: dial a SIP address, press keys, keep what is heard.

Exit code 0 when the call was answered and all keys were pressed, else 1 and the reason.
"""

import secrets
import socket
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Final, cast

import click

from gateway.app.clock import iso_clock
from gateway.cli.on_reactor import run_on_reactor
from gateway.obs.log import start_logging, to_stderr
from gateway.sip.errors import SipError
from gateway.sip.routing import hop_of
from gateway.sip.softphone import (
    CallFailed,
    PhoneCall,
    PhoneReactor,
    local_host_towards,
    open_softphone,
    parse_script,
)
from gateway.sip.uri import Uri, parse_uri
from gateway.sip.wire import Hop

HOLD_S_MAX: Final = 3600.0


@click.command()
@click.argument("uri")
@click.option(
    "--keys",
    default="",
    metavar="KEYS",
    help='Keys to press, "|" waits for the prompt to end: "|1|1001#".',
)
@click.option("--wav", type=click.Path(path_type=Path, dir_okay=False), help="Keep the sound here.")
@click.option("--from", "ani", default="hotline-caller", help="Number to show as the caller's.")
@click.option(
    "--hold",
    type=click.FloatRange(0, HOLD_S_MAX),
    default=0.0,
    help="Seconds to listen after the last key.",
)
@click.option(
    "--ca",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Over TLS, believe this authority (PEM) instead of the platform's.",
)
def call(uri: str, keys: str, wav: Path | None, ani: str, hold: float, ca: Path | None) -> None:
    """Dial URI (sip:number@host:port), press keys, print the ladder of the call.

    By UDP, unless the URI ends with ;transport=tcp or ;transport=tls, or is a sips: one.
    """
    script = parse_script(keys)
    try:
        to = parse_uri(uri)
        parse_uri(f"sip:{ani}@localhost")
    except SipError as e:
        raise click.BadParameter(str(e)) from e
    if to.scheme not in ("sip", "sips") or not to.host:
        raise click.BadParameter(f"must be sip:number@host or sip:number@host:port, was {uri}")
    start_logging("warning", to_stderr(), iso_clock(time.time_ns))
    sys.exit(run_on_reactor(_call(to, script, wav, ani, hold, str(ca or ""))))


async def _call(
    to: Uri, script: list[str], wav: Path | None, ani: str, hold_s: float, tls_ca_file: str
) -> int:
    from twisted.internet import reactor

    peer = _hop_of(to)
    phone = await open_softphone(
        cast(PhoneReactor, reactor),
        local_host_towards(peer.host),
        time.time_ns,
        secrets.randbits,
        tls_ca_file,
    )
    made: PhoneCall | None = None
    try:
        made = await phone.dial(to, ani, peer)
        await made.run(script)
        await made.wait(hold_s)
    except CallFailed as e:
        click.echo("\n".join(e.ladder_lines))
        click.echo(f"hotline: {e.code}: {e}", err=True)
        return 1
    finally:
        if made is not None:
            await made.end()
            click.echo("\n".join(made.ladder_lines))
            click.echo(f"heard {len(made.heard) / 8000:.1f} s")
            if wav is not None:
                wav.write_bytes(made.wav())
        await phone.close()
    return 0


def _hop_of(to: Uri) -> Hop:
    """Return the numeric address and the transport of the URI. Raises click.BadParameter."""
    try:
        found = socket.getaddrinfo(to.host, None, socket.AF_INET)
    except OSError as e:
        raise click.BadParameter(f"host {to.host}: {e.strerror or e}; check its name") from e
    hop = hop_of(replace(to, host=str(found[0][4][0])))
    if hop is None:
        raise click.BadParameter(f"transport must be udp, tcp or tls, was {to.param('transport')}")
    return hop
