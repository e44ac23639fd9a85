"""Settings of signalling: `[sip]` in hotline.toml.

Not here: RTP ports (gateway.media) and which number leads to which flow (gateway.ivr).
"""

import ipaddress
from typing import Annotated

from msgspec import Meta

from gateway.sip.edge_settings import EdgeSettings


class SipSettings(EdgeSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where we listen for calls, and the limits strangers meet."""

    listen_host: Annotated[str, Meta(description="Address of our sockets; 0.0.0.0 is all.")] = (
        "127.0.0.1"
    )
    listen_port: Annotated[
        int, Meta(ge=0, le=65_535, description="UDP and TCP port; 0 takes a free one.")
    ] = 5060
    listens_tcp: Annotated[
        bool, Meta(description="Also listen for TCP, on the port number of UDP.")
    ] = True
    tls_port: Annotated[
        int, Meta(ge=0, le=65_535, description="TLS port, open when a certificate is named.")
    ] = 5061
    tls_certificate_file: Annotated[
        str, Meta(description="PEM file of our certificate and its chain; empty: no TLS.")
    ] = ""
    tls_key_file: Annotated[
        str, Meta(description="PEM file of its key; empty: the key is in the certificate's file.")
    ] = ""
    tls_client_ca_file: Annotated[
        str,
        Meta(description="PEM file of the authority whose certificate TLS peers must show."),
    ] = ""
    tls_ca_file: Annotated[
        str,
        Meta(
            description="PEM file of the authority we believe when we connect; empty: the "
            "platform's authorities."
        ),
    ] = ""
    connections_max: Annotated[
        int, Meta(ge=1, le=100_000, description="TCP and TLS connections at once, each.")
    ] = 2_000
    peer_connections_max: Annotated[
        int, Meta(ge=1, le=100_000, description="TCP or TLS connections of one host at once.")
    ] = 400
    connection_idle_s: Annotated[
        float, Meta(ge=10, le=86_400, description="A connection silent for so long is closed.")
    ] = 3_600.0
    session_expires_s: Annotated[
        int,
        Meta(
            ge=90,
            le=86_400,
            description="Session timer offered for a call (RFC 4028): after "
            "that long without a sign of its peer it ends.",
        ),
    ] = 1_800
    advertised_host: Annotated[
        str,
        Meta(description="IPv4 address peers reach us at; needed when listen_host is 0.0.0.0."),
    ] = ""
    server_name: Annotated[
        str, Meta(min_length=1, max_length=60, description="Server header of responses.")
    ] = "hotline"
    calls_max: Annotated[
        int, Meta(ge=1, le=100_000, description="Calls at once; one more is refused with 503.")
    ] = 600
    transactions_max: Annotated[
        int, Meta(ge=16, le=1_000_000, description="Transactions at once; more get 503.")
    ] = 20_000
    unanswered_s: Annotated[
        float, Meta(gt=0, le=600, description="A call neither answered nor refused ends after.")
    ] = 60.0
    call_s_max: Annotated[
        float, Meta(gt=0, le=86_400, description="Longest call, so that a lost BYE ends it too.")
    ] = 7_200.0
    peer_datagrams_per_s: Annotated[
        float, Meta(gt=0, le=1_000_000, description="Steady datagrams per second of one host.")
    ] = 2_000.0
    peer_datagrams_burst: Annotated[
        int, Meta(ge=1, le=1_000_000, description="Datagrams of one host at once above that.")
    ] = 4_000

    def __post_init__(self) -> None:
        """Raises ValueError for hosts that are not IPv4 addresses, and for one that is missing."""
        self.check_edge()
        named = [("listen_host", self.listen_host)]
        if self.advertised_host:
            named.append(("advertised_host", self.advertised_host))
        for field, host in named:
            try:
                ipaddress.IPv4Address(host)
            except ValueError:
                raise ValueError(f"{field} must be an IPv4 address, was {host!r}") from None
        if self.listen_host == "0.0.0.0" and not self.advertised_host:
            raise ValueError("advertised_host is needed when listen_host is 0.0.0.0")
