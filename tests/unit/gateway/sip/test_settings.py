"""Settings of signalling that cannot work are refused with the remedy."""

import pytest

from gateway.sip.settings import SipSettings


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"listen_host": "0.0.0.0"}, "advertised_host is needed"),
        ({"listen_host": "localhost"}, "listen_host must be an IPv4 address, was 'localhost'"),
        ({"advertised_host": "example.com"}, "advertised_host must be an IPv4 address"),
    ],
)
def test_an_impossible_host_is_refused(settings: dict[str, object], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        SipSettings(**settings)  # type: ignore[arg-type]


def test_all_interfaces_are_fine_with_an_advertised_host() -> None:
    settings = SipSettings(listen_host="0.0.0.0", advertised_host="192.0.2.10")
    assert settings.advertised_host == "192.0.2.10"
