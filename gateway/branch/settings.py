"""[branch] in hotline.toml."""

from typing import Annotated

import msgspec


class BranchSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The branch door: where it listens, its certificates and its limits."""

    host: Annotated[
        str, msgspec.Meta(min_length=1, description="Address on which the door listens.")
    ] = "127.0.0.1"
    port: Annotated[
        int, msgspec.Meta(ge=0, le=65_535, description="Port of the door; 0 takes a free one.")
    ] = 9700
    ca_file: Annotated[
        str,
        msgspec.Meta(description="Certificate that signs branches; relative to the data folder."),
    ] = "keys/branch_ca.pem"
    certificate_file: Annotated[
        str,
        msgspec.Meta(description="The door's own certificate; relative to the data folder."),
    ] = "keys/branch_server.pem"
    key_file: Annotated[
        str,
        msgspec.Meta(description="The door's private key; relative to the data folder."),
    ] = "keys/branch_server.key"
    connections_max: Annotated[
        int, msgspec.Meta(ge=1, le=64, description="Connections of one branch at a time.")
    ] = 4
    in_flight_max: Annotated[
        int,
        msgspec.Meta(
            ge=1,
            le=65_536,
            description="Unanswered requests of one connection; more are not read yet.",
        ),
    ] = 4_096
    unsent_bytes_max: Annotated[
        int,
        msgspec.Meta(
            ge=65_536,
            le=1 << 28,
            description="Bytes that may wait for a slow reader before it is cut.",
        ),
    ] = 8 * 1024 * 1024
    heartbeat_s: Annotated[
        int,
        msgspec.Meta(ge=1, le=300, description="Silence after which a heartbeat is due."),
    ] = 10
