"""[fix] of the settings, and the QuickFIX configuration text made from it.

The store is in memory and messages are not persisted: our journal is the truth about reports,
fix.numbers keeps the outgoing number, and a resend request for orders is answered by gap fill, so
that an order has one way of being repeated only (status request, then PossResend).
Not here: sessions (fix.sessions).
"""

import ipaddress
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from risk.domain.errors import ConfigError

_DAY_S: Final = 86_400
_CHINA_S: Final = 8 * 3600
_CLOCK: Final = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
_COMP_ID: Final = r"^[A-Za-z0-9_.-]{1,32}$"


class FixSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The FIX 4.4 sessions to the venue."""

    host: Annotated[str, Meta(description="IPv4 address of the venue (never a name).")] = (
        "127.0.0.1"
    )
    port: Annotated[int, Meta(ge=1, le=65_535, description="TCP port of the venue.")] = 9878
    sender_comp_id: Annotated[
        str, Meta(pattern=_COMP_ID, description="SenderCompID(49) of the order session.")
    ] = "HOTLINE"
    target_comp_id: Annotated[
        str, Meta(pattern=_COMP_ID, description="TargetCompID(56): the venue's name.")
    ] = "VENUE"
    market_data_comp_id: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9_.-]{0,32}$",
            description="SenderCompID(49) of the market data session, empty for none.",
        ),
    ] = "HOTLINE-MD"
    folder: Annotated[
        str,
        Meta(description="Folder of outgoing numbers and kept messages, inside the data folder."),
    ] = "fix"
    heartbeat_s: Annotated[int, Meta(ge=5, le=60, description="HeartBtInt(108) in s.")] = 30
    reconnect_s: Annotated[int, Meta(ge=1, le=60, description="Wait between dials in s.")] = 2
    logon_timeout_s: Annotated[
        int, Meta(ge=1, le=60, description="Wait for the answer to Logon or Logout in s.")
    ] = 5
    latency_s_max: Annotated[
        int, Meta(ge=1, le=3600, description="Largest difference of SendingTime(52) in s.")
    ] = 120
    session_start: Annotated[
        str, Meta(pattern=_CLOCK, description="Both sides restart at number 1 (China time).")
    ] = "05:00"
    session_end: Annotated[
        str, Meta(pattern=_CLOCK, description="End of the session's day (China time).")
    ] = "04:59"
    data_dictionary: Annotated[
        str,
        Meta(description="Dictionary XML, for a venue whose reports have repeating groups."),
    ] = ""
    reset_lost_numbers: Annotated[
        bool,
        Meta(description="Restart both numbers when the venue lost its own (else a person does)."),
    ] = False
    unanswered_max: Annotated[
        int, Meta(ge=1, le=1_000_000, description="Orders sent that no report has answered yet.")
    ] = 10_000
    report_timeout_s: Annotated[
        float, Meta(gt=0, le=600, description="Silence after which an order is asked for, in s.")
    ] = 5.0
    status_per_s: Annotated[
        int, Meta(ge=1, le=10_000, description="Pace of status requests per second.")
    ] = 500


def checked(settings: FixSettings) -> FixSettings:
    """Return the settings; raise ConfigError for what a type cannot say."""
    try:
        ipaddress.IPv4Address(settings.host)
    except ValueError:
        raise ConfigError("fix.host", f"must be an IPv4 address, was {settings.host!r}") from None
    if settings.session_start == settings.session_end:  # QuickFIX would restart at 00:00 UTC
        raise ConfigError(
            "fix.session_end", f"must differ from session_start, was {settings.session_end}"
        )
    if settings.market_data_comp_id == settings.sender_comp_id:
        raise ConfigError("fix.market_data_comp_id", "must differ from fix.sender_comp_id")
    return settings


def utc_clock(china_clock: str) -> str:
    """Return the UTC time of day "hh:mm:ss" of a time of day in China "hh:mm"."""
    second = (start_second(china_clock) - _CHINA_S) % _DAY_S
    return f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"


def start_second(china_clock: str) -> int:
    """Return the seconds since midnight of "hh:mm"."""
    hour, minute = china_clock.split(":")
    return int(hour) * 3600 + int(minute) * 60


def initiator_text(
    settings: FixSettings, sender_comp_id: str, dictionary: str, *, reset_on_logon: bool
) -> str:
    """Return the QuickFIX configuration of one initiator session, `dictionary` "" for none."""
    lines = {
        "ConnectionType": "initiator",
        "SocketConnectHost": settings.host,
        "SocketConnectPort": str(settings.port),
        "HeartBtInt": str(settings.heartbeat_s),
        "ReconnectInterval": str(settings.reconnect_s),
        "LogonTimeout": str(settings.logon_timeout_s),
        "LogoutTimeout": str(settings.logon_timeout_s),
        "MaxLatency": str(settings.latency_s_max),
        "ResetOnLogon": "Y" if reset_on_logon else "N",
    }
    session = session_lines(settings.session_start, settings.session_end, dictionary)
    return configuration(lines | session, [(sender_comp_id, settings.target_comp_id)])


def session_lines(start: str, end: str, dictionary: str) -> dict[str, str]:
    """Return what both sides of a session have in common."""
    lines = {
        "StartTime": utc_clock(start),
        "EndTime": utc_clock(end),
        "SocketNodelay": "Y",
        "PersistMessages": "N",
        "TimestampPrecision": "3",
        "UseDataDictionary": "N",
    }
    if dictionary:
        lines |= {
            "UseDataDictionary": "Y",
            "DataDictionary": dictionary,
            "AllowUnknownMsgFields": "Y",
            "ValidateUserDefinedFields": "N",
        }
    return lines


def configuration(default: dict[str, str], sessions: list[tuple[str, str]]) -> str:
    """Return QuickFIX configuration text for (SenderCompID, TargetCompID) pairs."""
    text = "[DEFAULT]\n" + "".join(f"{key}={value}\n" for key, value in default.items())
    for sender, target in sessions:
        text += f"[SESSION]\nBeginString=FIX.4.4\nSenderCompID={sender}\nTargetCompID={target}\n"
    return text
