"""[notify], [sms] and [mail]: how notices are kept, retried and sent.

Not here: who is told (the customers' own records).
"""

from typing import Annotated, Literal

import msgspec


class NotifySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[notify] in hotline.toml."""

    file: Annotated[
        str,
        msgspec.Meta(min_length=1, description="SQLite file; relative to the data folder."),
    ] = "outbox.sqlite"
    templates: Annotated[
        str,
        msgspec.Meta(
            min_length=1,
            description="Folder with zh/ and en/ texts; relative to the config folder.",
        ),
    ] = "templates"
    firm_zh: Annotated[
        str,
        msgspec.Meta(min_length=1, max_length=16, description="Signature of Chinese texts."),
    ] = "热线证券"
    firm_en: Annotated[
        str,
        msgspec.Meta(min_length=1, max_length=32, description="Signature of English texts."),
    ] = "Hotline Securities"
    hotline_no: Annotated[
        str,
        msgspec.Meta(max_length=20, description="Number that customers call with questions."),
    ] = "95500"
    instance: Annotated[
        str,
        msgspec.Meta(
            min_length=1,
            max_length=64,
            description="Name of this sender; a restart under the same name resumes its work.",
        ),
    ] = "gateway-1"
    keep_s: Annotated[
        int,
        msgspec.Meta(ge=60, le=604_800, description="Seconds after the event a notice may go."),
    ] = 86_400
    lease_s: Annotated[
        int,
        msgspec.Meta(ge=10, le=3600, description="Seconds a dispatcher may hold a notice."),
    ] = 120
    send_timeout_s: Annotated[
        int,
        msgspec.Meta(ge=1, le=600, description="Seconds one attempt may take; under lease_s."),
    ] = 45
    first_wait_s: Annotated[
        float,
        msgspec.Meta(gt=0, le=600, description="Wait after the first failed attempt; doubles."),
    ] = 5.0
    wait_s_max: Annotated[
        float,
        msgspec.Meta(gt=0, le=86_400, description="Longest wait between attempts."),
    ] = 600.0
    attempts_max: Annotated[
        int,
        msgspec.Meta(ge=1, le=1000, description="Attempts before a notice is a dead letter."),
    ] = 30
    unknown_wait_s: Annotated[
        float,
        msgspec.Meta(
            ge=1,
            le=3600,
            description="Wait for a late answer or receipt before a submit is repeated.",
        ),
    ] = 60.0

    def __post_init__(self) -> None:
        if self.send_timeout_s * 2 > self.lease_s:
            raise ValueError(
                f"send_timeout_s may be at most half of lease_s ({self.lease_s}), "
                f"was {self.send_timeout_s}"
            )


class SMSSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[sms] in hotline.toml: one SMPP 3.4 link to a message centre."""

    is_enabled: Annotated[bool, msgspec.Meta(description="Whether SMS are planned and sent.")] = (
        True
    )
    host: Annotated[str, msgspec.Meta(min_length=1, description="Message centre.")] = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535, description="Its SMPP port.")] = 2775
    system_id: Annotated[str, msgspec.Meta(max_length=15, description="Login.")] = "hotline"
    password: Annotated[str, msgspec.Meta(max_length=8, description="Its password.")] = ""
    system_type: Annotated[
        str, msgspec.Meta(max_length=12, description="As told by the carrier.")
    ] = ""
    source_addr: Annotated[
        str, msgspec.Meta(max_length=20, description="Sender number or name of every SMS.")
    ] = "95500"
    source_ton: Annotated[
        int, msgspec.Meta(ge=0, le=6, description="Type of the sender number (3: short code).")
    ] = 3
    source_npi: Annotated[
        int, msgspec.Meta(ge=0, le=18, description="Numbering plan of the sender number.")
    ] = 0
    window: Annotated[
        int, msgspec.Meta(ge=1, le=1000, description="Unanswered requests at a time.")
    ] = 10
    parts_max: Annotated[
        int, msgspec.Meta(ge=1, le=16, description="SMS parts one text may fill.")
    ] = 3
    pdus_per_s: Annotated[
        int,
        msgspec.Meta(ge=0, le=10_000, description="Submits per second at most; 0: no limit."),
    ] = 0
    bind_timeout_s: Annotated[
        float, msgspec.Meta(gt=0, le=120, description="Wait for the answer to the login.")
    ] = 10.0
    response_timeout_s: Annotated[
        float, msgspec.Meta(gt=0, le=300, description="Wait for the answer to a submit.")
    ] = 20.0
    enquire_link_s: Annotated[
        float, msgspec.Meta(gt=0, le=3600, description="Silence after which the link is tested.")
    ] = 30.0
    throttle_first_s: Annotated[
        float, msgspec.Meta(gt=0, le=60, description="Pause after the first throttled answer.")
    ] = 0.5
    throttle_s_max: Annotated[
        float, msgspec.Meta(gt=0, le=600, description="Longest pause; each throttling doubles it.")
    ] = 30.0
    reconnect_s_max: Annotated[
        float, msgspec.Meta(gt=0, le=3600, description="Longest wait between connects.")
    ] = 30.0


class MailSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[mail] in hotline.toml: the submission server."""

    is_enabled: Annotated[bool, msgspec.Meta(description="Whether mail is planned and sent.")] = (
        True
    )
    host: Annotated[str, msgspec.Meta(min_length=1, description="Mail server.")] = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535, description="Its port.")] = 2525
    tls: Annotated[
        Literal["never", "if_offered", "starttls", "implicit"],
        msgspec.Meta(
            description="never, if_offered (STARTTLS when offered), starttls (required), implicit."
        ),
    ] = "if_offered"
    ca_file: Annotated[
        str, msgspec.Meta(description="Certificates to trust instead of the system's.")
    ] = ""
    username: Annotated[str, msgspec.Meta(description="Login; empty for none.")] = ""
    password: Annotated[str, msgspec.Meta(description="Its password.")] = ""
    sender: Annotated[
        str, msgspec.Meta(min_length=3, max_length=254, description="From and envelope address.")
    ] = "notices@hotline.example"
    helo: Annotated[
        str, msgspec.Meta(min_length=1, max_length=253, description="Name we greet with.")
    ] = "hotline.example"
    connections_max: Annotated[
        int, msgspec.Meta(ge=1, le=64, description="Connections at a time.")
    ] = 4
    idle_s: Annotated[
        float, msgspec.Meta(gt=0, le=600, description="How long an unused connection is reused.")
    ] = 20.0
    timeout_s: Annotated[
        float, msgspec.Meta(gt=0, le=300, description="Wait for one answer of the server.")
    ] = 20.0
