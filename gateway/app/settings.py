"""All settings of the gateway: one section per component, composed here and nowhere else.

Not here: reading files (gateway.settings) or what a section means (each component's settings.py).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from fix.settings import FixSettings
from gateway.app.clock import ClockSettings
from gateway.branch.settings import BranchSettings
from gateway.callcenter.settings import CallCenterSettings
from gateway.identity.settings import IdentitySettings
from gateway.ivr.settings import PhoneSettings
from gateway.journal.settings import JournalSettings
from gateway.media.settings import MediaSettings
from gateway.obs.health import HealthSettings
from gateway.settings import Loaded, load
from gateway.sip.settings import SipSettings
from gateway.store.settings import StoreSettings
from gateway.web.settings import WebSettings
from notify.settings import MailSettings, NotifySettings, SMSSettings


class GatewaySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[gateway] in hotline.toml."""

    data_folder: Annotated[
        Path, msgspec.Meta(description="Where journal, databases, keys and caches lie.")
    ] = Path("data")
    config_folder: Annotated[
        Path, msgspec.Meta(description="Where markets, calendars, prompts and templates lie.")
    ] = Path("config")
    listings_file: Annotated[
        Path, msgspec.Meta(description="CSV of the day's listings; relative to config_folder.")
    ] = Path("demo/instruments.csv")
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        msgspec.Meta(description="Least level that is logged."),
    ] = "info"


class HouseSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[house]: the firm's own limits on orders."""

    duplicate_window_s: Annotated[
        int, msgspec.Meta(ge=0, le=3600, description="An equal order within this time is denied.")
    ] = 5
    account_per_s: Annotated[
        int, msgspec.Meta(ge=1, le=100_000, description="Orders and cancels of one account.")
    ] = 10
    branch_per_s: Annotated[
        int, msgspec.Meta(ge=1, le=1_000_000, description="Orders and cancels of one branch.")
    ] = 2_000
    alerts_per_account: Annotated[
        int, msgspec.Meta(ge=0, le=1_000, description="Price alerts one account may have.")
    ] = 50
    statement_wait_s: Annotated[
        int,
        msgspec.Meta(ge=0, le=86_400, description="Seconds between statements of one account."),
    ] = 60


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every section of hotline.toml."""

    gateway: GatewaySettings = GatewaySettings()
    clock: ClockSettings = ClockSettings()
    house: HouseSettings = HouseSettings()
    health: HealthSettings = HealthSettings()
    journal: JournalSettings = JournalSettings()
    store: StoreSettings = StoreSettings()
    identity: IdentitySettings = IdentitySettings()
    fix: FixSettings = FixSettings()
    notify: NotifySettings = NotifySettings()
    sms: SMSSettings = SMSSettings()
    mail: MailSettings = MailSettings()
    sip: SipSettings = SipSettings()
    callcenter: CallCenterSettings = CallCenterSettings()
    media: MediaSettings = MediaSettings()
    phone: PhoneSettings = PhoneSettings()
    web: WebSettings = WebSettings()
    branch: BranchSettings = BranchSettings()


def load_settings(file: Path | None, environ: Mapping[str, str]) -> Loaded[Settings]:
    """Return the gateway's settings from a file and the environment; raises ConfigError."""
    return load(Settings, file, environ)
