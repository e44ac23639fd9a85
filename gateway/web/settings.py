"""[web]: where the web door listens, and the limits of what it takes."""

from typing import Annotated

import msgspec


class WebSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[web] in hotline.toml."""

    host: Annotated[str, msgspec.Meta(description="Address the web door listens on.")] = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65535, description="Port; 0 takes a free one.")] = (
        8443
    )
    tls_cert_file: Annotated[
        str, msgspec.Meta(description="PEM certificate chain; empty when a proxy ends TLS.")
    ] = ""
    tls_key_file: Annotated[
        str, msgspec.Meta(description="PEM private key of the certificate.")
    ] = ""
    cookie_secure: Annotated[
        bool,
        msgspec.Meta(description="Cookies travel over HTTPS only; false on a laptop without TLS."),
    ] = True
    allowed_origins: Annotated[
        tuple[str, ...],
        msgspec.Meta(
            description="Further origins whose pages may open a stream by cookie, such as"
            " https://trade.example.com; the door's own is always allowed."
        ),
    ] = ()
    trusted_proxies: Annotated[
        tuple[str, ...],
        msgspec.Meta(description="Proxies whose X-Forwarded-For is believed."),
    ] = ()
    connections_max: Annotated[
        int, msgspec.Meta(ge=1, le=1_000_000, description="Connections at the same time.")
    ] = 10_000
    body_bytes_max: Annotated[
        int, msgspec.Meta(ge=256, le=1 << 20, description="Bytes of one request body.")
    ] = 16_384
    body_timeout_s: Annotated[
        float, msgspec.Meta(gt=0, le=60, description="Seconds a request body may take to arrive.")
    ] = 5.0
    idle_timeout_s: Annotated[
        float,
        msgspec.Meta(gt=0, le=3600, description="Seconds a connection may wait for a request."),
    ] = 75.0
    reply_timeout_s: Annotated[
        float,
        msgspec.Meta(
            gt=0, le=30, description="Seconds to wait for the heart before answering 'unknown'."
        ),
    ] = 2.0
    stop_timeout_s: Annotated[
        float, msgspec.Meta(gt=0, le=60, description="Seconds requests may finish at shutdown.")
    ] = 5.0
    requests_per_ip_s: Annotated[
        float, msgspec.Meta(gt=0, description="Requests a second of one address.")
    ] = 200.0
    requests_per_ip_burst: Annotated[
        int, msgspec.Meta(ge=1, description="Requests of one address at once.")
    ] = 400
    requests_per_login_s: Annotated[
        float, msgspec.Meta(gt=0, description="Requests or stream messages a second of one login.")
    ] = 50.0
    requests_per_login_burst: Annotated[
        int, msgspec.Meta(ge=1, description="Requests or stream messages of one login at once.")
    ] = 100
    logins_per_ip_s: Annotated[
        float, msgspec.Meta(gt=0, description="Tries to log in a second of one address.")
    ] = 1.0
    logins_per_ip_burst: Annotated[
        int, msgspec.Meta(ge=1, description="Tries to log in of one address at once.")
    ] = 20
    limited_keys_max: Annotated[
        int,
        msgspec.Meta(ge=100, le=10_000_000, description="Addresses or logins a limit remembers."),
    ] = 100_000
    streams_max: Annotated[
        int, msgspec.Meta(ge=1, le=1_000_000, description="Streams at the same time.")
    ] = 5_000
    streams_per_account_max: Annotated[
        int, msgspec.Meta(ge=1, le=1000, description="Streams of one account.")
    ] = 10
    stream_message_bytes_max: Annotated[
        int, msgspec.Meta(ge=256, le=1 << 20, description="Bytes of one stream message to us.")
    ] = 16_384
    stream_buffer_bytes_max: Annotated[
        int,
        msgspec.Meta(
            ge=4096,
            le=1 << 26,
            description="Bytes a reader may leave unread before the connection is cut.",
        ),
    ] = 1 << 20
    stream_orders_max: Annotated[
        int, msgspec.Meta(ge=1, le=65_536, description="Unanswered orders of one stream.")
    ] = 256
    stream_symbols_max: Annotated[
        int, msgspec.Meta(ge=1, le=5_000, description="Symbols one stream may watch.")
    ] = 200
    quote_interval_ms: Annotated[
        int, msgspec.Meta(ge=20, le=10_000, description="Time between quotes of a stream.")
    ] = 250
    ping_interval_s: Annotated[
        float, msgspec.Meta(gt=0, le=300, description="Seconds between pings of a stream.")
    ] = 20.0
