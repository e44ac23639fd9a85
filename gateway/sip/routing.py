"""Where a URI is reached: RFC 3263 for numeric addresses, without DNS.

Not here: names; who configures one has it looked up at start (gateway.sip.trunks).
"""

import re
from dataclasses import replace
from typing import Final

from gateway.sip.errors import SipError
from gateway.sip.headers import parse_name_addr
from gateway.sip.message import Response
from gateway.sip.uri import PORT_DEFAULT, Uri, ipv4_of, param_of
from gateway.sip.wire import TCP, TLS, UDP, Hop

TLS_PORT_DEFAULT: Final = 5061
TARGETS_MAX: Final = 5
_Q = re.compile(r"[01](?:\.[0-9]{0,3})?")

_TRANSPORTS: Final = {"udp": UDP, "tcp": TCP, "tls": TLS}


def hop_of(uri: Uri) -> Hop | None:
    """Return the next hop, None when the host is a name or the transport is not ours.

    RFC 3263 §4.1: `transport` decides, TLS for sips:, else UDP. `maddr` is not followed.
    """
    host = ipv4_of(uri.host)
    if host is None:
        return None
    name = (uri.param("transport") or "").lower()
    if uri.scheme == "sips":
        transport = TLS if name in ("", "tcp", "tls") else None
    else:
        transport = _TRANSPORTS.get(name or "udp")
    if transport is None:
        return None
    return Hop(host, uri.port or port_default(transport), transport)


def port_default(transport: str) -> int:
    """Return 5060, for TLS 5061."""
    return TLS_PORT_DEFAULT if transport == TLS else PORT_DEFAULT


def redirected_to(response: Response) -> list[tuple[Uri, Hop]]:
    """Return where a 3xx leads, highest q first; what we cannot reach is left out (§8.1.3.4)."""
    found: list[tuple[float, Uri, Hop]] = []
    for text in response.headers.listed("Contact")[:TARGETS_MAX]:
        try:
            contact = parse_name_addr(text)
        except SipError:
            continue
        hop = hop_of(contact.uri) if contact.uri.scheme in ("sip", "sips") else None
        weight = param_of(contact.params, "q") or "1"
        if hop is not None and _Q.fullmatch(weight):
            uri = replace(contact.uri, headers="")
            found.append((float(weight), uri, hop))
    found.sort(key=lambda one: -one[0])
    return [(uri, hop) for _, uri, hop in found]
