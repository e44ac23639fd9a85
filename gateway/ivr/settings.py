"""Settings of the phone door: [phone] in hotline.toml. Not here: SIP and RTP sockets."""

from typing import Annotated, Literal

import msgspec

from gateway.media.settings import VoiceSettings


class LineSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A number that can be dialled, and whose it is."""

    number: Annotated[
        str,
        msgspec.Meta(
            pattern=r"^[+0-9*#a-zA-Z._-]{1,32}$",
            description="As dialled or as the trunk tells it; +86, 86 and 0 forms are the same.",
        ),
    ]
    branch_code: Annotated[
        str,
        msgspec.Meta(max_length=16, description="Whose number it is; empty: the whole firm's."),
    ] = ""
    flow: Annotated[str, msgspec.Meta(description="Call flow its callers get.")] = "hotline"
    greeting: Annotated[str, msgspec.Meta(description="Key of the prompt that greets them.")] = (
        "welcome.greeting"
    )
    languages: Annotated[
        tuple[Literal["zh", "en"], ...],
        msgspec.Meta(min_length=1, max_length=2, description="One: callers are not asked."),
    ] = ("zh", "en")
    queue: Annotated[
        str, msgspec.Meta(max_length=32, description="Whose agents answer `0`; empty: anybody's.")
    ] = ""
    is_query_only: Annotated[
        bool, msgspec.Meta(description="Its callers may ask but change nothing: no orders here.")
    ] = False


class PhoneSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Callers, their time to answer, and the voice they hear."""

    is_open: Annotated[
        bool,
        msgspec.Meta(description="False leaves the phone door closed; needs no [phone] extra."),
    ] = True
    calls_max: Annotated[
        int, msgspec.Meta(ge=1, le=20_000, description="Calls at once; the next one gets 503.")
    ] = 300
    first_digit_s: Annotated[
        float, msgspec.Meta(ge=3, le=60, description="Wait for the first key after a prompt.")
    ] = 8.0
    inter_digit_s: Annotated[
        float, msgspec.Meta(ge=1, le=60, description="Longest pause between keys of one entry.")
    ] = 5.0
    warn_s: Annotated[
        float,
        msgspec.Meta(ge=1, le=10, description="Time left for a key after the warning about it."),
    ] = 3.0
    key_profile: Annotated[
        Literal["china", "iso"],
        msgspec.Meta(description="Decimal point: `*` (china), or `#` with a second one to end."),
    ] = "china"
    order_digit_s: Annotated[
        float,
        msgspec.Meta(ge=1, le=60, description="The same in code, price and quantity."),
    ] = 10.0
    reply_timeout_s: Annotated[
        float,
        msgspec.Meta(ge=1, le=60, description="Later than this an order's result is unknown."),
    ] = 8.0
    resume_within_s: Annotated[
        float,
        msgspec.Meta(
            ge=0,
            le=86_400,
            description="So long after a call the next one begins with what became of its order.",
        ),
    ] = 600.0
    notice_calls_max: Annotated[
        int, msgspec.Meta(ge=0, le=1_000, description="Notices read out at once, by calls of ours.")
    ] = 10
    calls_from_s: Annotated[
        int,
        msgspec.Meta(
            ge=0, le=86_400, description="Second of the day before which nobody is called."
        ),
    ] = 8 * 3_600
    calls_until_s: Annotated[
        int,
        msgspec.Meta(ge=0, le=86_400, description="Second of the day from which nobody is called."),
    ] = 21 * 3_600
    records_calls: Annotated[
        bool,
        msgspec.Meta(description="Record every call, in the folder `recordings` of the data."),
    ] = True
    lines: Annotated[
        list[LineSettings],
        msgspec.Meta(
            max_length=1_000,
            description="Numbers with a branch or words of their own; others are the firm's.",
        ),
    ] = []
    voice: Annotated[VoiceSettings, msgspec.Meta(description="Prompts and speech engine.")] = (
        VoiceSettings()
    )
