"""[fix] and the QuickFIX configuration made from it."""

import msgspec
import pytest

from fix.settings import FixSettings, checked, initiator_text, utc_clock
from risk.domain.errors import ConfigError


def test_the_defaults_are_sound() -> None:
    assert checked(FixSettings()) == FixSettings()


@pytest.mark.parametrize("host", ["localhost", "venue.example", "::1", "10.0.0.256", ""])
def test_a_name_instead_of_an_address_is_refused(host: str) -> None:
    with pytest.raises(ConfigError, match=r"fix\.host: must be an IPv4 address, was"):
        checked(FixSettings(host=host))


def test_a_session_of_exactly_a_day_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"fix\.session_end: must differ"):
        checked(FixSettings(session_start="05:00", session_end="05:00"))


def test_both_sessions_need_names_of_their_own() -> None:
    with pytest.raises(ConfigError, match=r"fix\.market_data_comp_id: must differ"):
        checked(FixSettings(market_data_comp_id="HOTLINE"))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("session_start", "5:00"),
        ("session_start", "24:00"),
        ("sender_comp_id", "A\nB"),
        ("heartbeat_s", 4),
        ("port", 0),
        ("typo", 1),
    ],
)
def test_what_cannot_be_is_refused(key: str, value: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({key: value}, FixSettings)


@pytest.mark.parametrize(
    ("china", "utc"), [("05:00", "21:00:00"), ("08:30", "00:30:00"), ("00:00", "16:00:00")]
)
def test_session_times_are_given_in_china_and_told_in_utc(china: str, utc: str) -> None:
    assert utc_clock(china) == utc


def test_orders_have_no_dictionary_and_keep_no_messages() -> None:
    text = initiator_text(FixSettings(), "HOTLINE", "", reset_on_logon=False)
    for line in ("UseDataDictionary=N", "PersistMessages=N", "ResetOnLogon=N", "SocketNodelay=Y"):
        assert f"{line}\n" in text


def test_a_dictionary_is_used_where_one_is_named() -> None:
    text = initiator_text(FixSettings(), "HOTLINE-MD", "/x/md.xml", reset_on_logon=True)
    for line in ("UseDataDictionary=Y", "DataDictionary=/x/md.xml", "ResetOnLogon=Y"):
        assert f"{line}\n" in text
