"""Settings of the phone door: [phone] in hotline.toml. Not here: SIP and RTP sockets."""

from typing import Annotated

import msgspec

from gateway.media.settings import VoiceSettings


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
    order_digit_s: Annotated[
        float,
        msgspec.Meta(ge=1, le=60, description="The same in code, price and quantity."),
    ] = 10.0
    reply_timeout_s: Annotated[
        float,
        msgspec.Meta(ge=1, le=60, description="Later than this an order's result is unknown."),
    ] = 8.0
    numbers: Annotated[
        dict[str, str],
        msgspec.Meta(
            max_length=1_000,
            description="Number dialled -> call flow; other numbers get the flow `hotline`.",
        ),
    ] = {}
    voice: Annotated[VoiceSettings, msgspec.Meta(description="Prompts and speech engine.")] = (
        VoiceSettings()
    )
