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
    jitter_ms: Annotated[
        int,
        msgspec.Meta(
            ge=0,
            le=200,
            description="How late a packet may come and still be in its place in recordings and "
            "bridged calls; they are as much later.",
        ),
    ] = 60
    inband_dtmf: Annotated[
        Literal["auto", "always", "never"],
        msgspec.Meta(
            description="Search the sound for key tones: auto where the far end offers no "
            "telephone-event, always, or never."
        ),
    ] = "auto"


class HttpVoiceSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A speech engine behind HTTP: one POST per text, answered by a WAV file (PCM 16 bit)."""

    url: Annotated[
        str,
        msgspec.Meta(description="http or https address; {language} becomes zh or en."),
    ] = ""
    body: Annotated[
        str,
        msgspec.Meta(
            description="What is posted; {text} becomes the text and {language} zh or en. A body "
            "that begins with a brace is JSON, and the text is escaped for it."
        ),
    ] = "{text}"
    token_file: Annotated[
        str,
        msgspec.Meta(description="File with a token sent as Authorization: Bearer; empty: none."),
    ] = ""
    timeout_s: Annotated[
        float, msgspec.Meta(gt=0, le=60, description="Wait for one answer, in seconds.")
    ] = 5.0
    tries_max: Annotated[
        int,
        msgspec.Meta(
            ge=1, le=5, description="How often a text is posted before the engine counts as busy."
        ),
    ] = 3


class VoiceSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Prompts and the speech engine that renders what is not recorded."""

    recorded_path: Annotated[
        str,
        msgspec.Meta(
            description="Folder with recorded prompts <zh|en>/<key>.wav, for elder mode "
            "<zh|en>/slow/<key>.wav; empty when there are none."
        ),
    ] = ""
    speaker: Annotated[
        Literal["espeak", "command", "http", "none"],
        msgspec.Meta(
            description="Speech engine: espeak (the extra [phone]), a command, an http service, "
            "or none when everything is recorded."
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
    ] = 200
    slow_percent: Annotated[
        int,
        msgspec.Meta(
            ge=100,
            le=200,
            description="How long speech is in elder mode, in percent of the usual length.",
        ),
    ] = 130
    http: Annotated[HttpVoiceSettings, msgspec.Meta(description="The http speech engine.")] = (
        HttpVoiceSettings()
    )
