"""Settings of media and of the voice. Not here: call flows (gateway.ivr)."""

from typing import Annotated, Literal

import msgspec

Port = Annotated[int, msgspec.Meta(ge=0, le=65_535)]


class MediaSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """RTP sockets and the processes that own them."""

    rtp_host: Annotated[str, msgspec.Meta(description="IP address that RTP sockets bind to.")] = (
        "127.0.0.1"
    )
    rtp_advertised_host: Annotated[
        str,
        msgspec.Meta(description="Address that SDP names instead, for 0.0.0.0 or behind NAT."),
    ] = ""
    rtp_port_first: Annotated[
        Port, msgspec.Meta(description="First UDP port for RTP, even; 0 lets the system choose.")
    ] = 0
    rtp_port_last: Annotated[
        Port, msgspec.Meta(description="Last UDP port for RTP; 0 when the system chooses.")
    ] = 0
    worker_count: Annotated[
        int,
        msgspec.Meta(
            ge=0,
            le=64,
            description="Media processes, about 400 calls each; 0 keeps media in the gateway "
            "process (a few calls only).",
        ),
    ] = 1
    legs_per_worker_max: Annotated[
        int, msgspec.Meta(ge=1, le=2_000, description="Legs one media process may hold.")
    ] = 400


class VoiceSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Prompts and the speech engine that renders what is not recorded."""

    recorded_path: Annotated[
        str,
        msgspec.Meta(
            description="Folder with recorded prompts <zh|en>/<key>.wav; empty when there are none."
        ),
    ] = ""
    speaker: Annotated[
        Literal["espeak", "command", "none"],
        msgspec.Meta(
            description="Speech engine: espeak (the extra [phone]), a command, or none when "
            "everything is recorded."
        ),
    ] = "espeak"
    command: Annotated[
        tuple[str, ...],
        msgspec.Meta(
            description="Program and arguments of the command engine; {language} becomes zh or "
            "en. It reads text and writes a WAV file."
        ),
    ] = ()
    words_per_minute: Annotated[
        int, msgspec.Meta(ge=80, le=400, description="Speed of synthesised speech.")
    ] = 220
