"""Where a URI is reached: RFC 3263 for numeric addresses, without DNS.

Not here: names; who configures one has it looked up at start (gateway.sip.trunks).
"""

import ipaddress
from typing import Final

from gateway.sip.uri import PORT_DEFAULT, Uri
from gateway.sip.wire import TCP, TLS, UDP, Hop

TLS_PORT_DEFAULT: Final = 5061

_TRANSPORTS: Final = {"udp": UDP, "tcp": TCP, "tls": TLS}


def hop_of(uri: Uri) -> Hop | None:
    """Return the next hop, None when the host is a name or the transport is not ours.

    RFC 3263 §4.1: `transport` decides, TLS for sips:, else UDP. `maddr` is not followed.
    """
    try:
        host = str(ipaddress.IPv4Address(uri.host))
    except ValueError:
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
