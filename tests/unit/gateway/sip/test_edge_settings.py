"""Settings of trunks and phones: what cannot work is refused, field and remedy named."""

from pathlib import Path

import pytest

from gateway.app.settings import load_settings
from gateway.settings import ConfigProblems
from gateway.sip.edge_settings import NumberRange, PhoneSettings, TrunkSettings, hop_of
from gateway.sip.networks import Networks
from gateway.sip.settings import SipSettings

TRUNK = {"name": "carrier", "hosts": ("203.0.113.7",)}


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"hosts": ()}, "needs hosts .* or address"),
        ({"hosts": ("sbc.example",)}, "hosts must be an IPv4 address or network"),
        ({"hosts": ("203.0.113.7/24",)}, "hosts must be"),
        ({"numbers": ("0215x",)}, "numbers must be like 95500"),
        ({"numbers": ("100-99",)}, "numbers must be"),
        ({"numbers": ("99-10",)}, "rising"),
        ({"numbers": ("*",)}, None),  # the key *, not a prefix of nothing
        ({"address": "203.0.113.7:0"}, "address must be like"),
        ({"address": "203.0.113.7:"}, "address must be like"),
        ({"address": "203.0.113.0/24"}, "address must be like"),
        ({"address": "sbc.example"}, "IPv4 address"),
        ({"username": "us"}, "username and password_file, or neither"),
        ({"password_file": "x"}, "username and password_file, or neither"),
        ({"address": "203.0.113.7", "hosts": ()}, None),
    ],
)
def test_a_trunk_that_cannot_work_is_refused(
    settings: dict[str, object], problem: str | None
) -> None:
    if problem is None:
        TrunkSettings(**{**TRUNK, **settings})  # type: ignore[arg-type]
        return
    with pytest.raises(ValueError, match=problem):
        TrunkSettings(**{**TRUNK, **settings})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"trunks": (TrunkSettings(**TRUNK), TrunkSettings(**TRUNK))}, "trunks must each have"),  # type: ignore[arg-type]
        (
            {"trunks": (TrunkSettings(**TRUNK),  # type: ignore[arg-type]
                        TrunkSettings(name="other", hosts=("203.0.113.7",), numbers=("1",)))},
            "'carrier' and 'other' both call from 203.0.113.7",
        ),
        ({"phones": (PhoneSettings(username="a", password_file="x"),) * 2}, "phones must each"),
        ({"open_hosts": ("everybody",)}, "open_hosts must be"),
        ({"phone_hosts": ("10.0.0.1/8",)}, "phone_hosts must be"),
        ({"own_numbers": ("955oo",)}, "own_numbers must be digits"),
        ({"register_s_min": 700}, "register_s_max must be at least"),
    ],
)  # fmt: skip
def test_an_edge_that_cannot_work_is_refused(settings: dict[str, object], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        SipSettings(**settings)  # type: ignore[arg-type]


def test_trunks_and_phones_stand_in_the_settings_file(tmp_path: Path) -> None:
    file = tmp_path / "hotline.toml"
    file.write_text(
        '[sip]\nown_numbers = ["95500"]\n'
        '[[sip.trunks]]\nname = "carrier"\nhosts = ["203.0.113.7"]\nnumbers = ["95500"]\n'
        '[[sip.phones]]\nusername = "8001"\npassword_file = "8001.txt"\n'
    )
    sip = load_settings(file, {}).value.sip
    assert [trunk.name for trunk in sip.trunks] == ["carrier"]
    assert [phone.username for phone in sip.phones] == ["8001"]


def test_a_wrong_trunk_in_the_file_is_named_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "hotline.toml"
    file.write_text('[[sip.trunks]]\nname = "carrier"\nhosts = ["sbc.example"]\n')
    with pytest.raises(ConfigProblems, match=r"sip\.trunks: hosts must be an IPv4 .*\$\[0\]"):
        load_settings(file, {})


@pytest.mark.parametrize(
    ("text", "number", "is_in"),
    [
        ("95500", "95500", True),
        ("95500", "955000", False),
        ("+8695500", "8695500", True),
        ("021555*", "02155512345", True),
        ("021555*", "0215", False),
        ("02155550000-02155550099", "02155550050", True),
        ("02155550000-02155550099", "02155550100", False),
        ("02155550000-02155550099", "0215555005", False),
        ("95500", "", False),
    ],
)
def test_numbers_are_matched_as_they_are_written(text: str, number: str, is_in: bool) -> None:
    assert NumberRange(text).has(number) is is_in


@pytest.mark.parametrize(
    ("address", "transport", "hop"),
    [
        ("203.0.113.7", "UDP", ("203.0.113.7", 5060, "UDP")),
        ("203.0.113.7", "TLS", ("203.0.113.7", 5061, "TLS")),
        ("203.0.113.7:5080", "TCP", ("203.0.113.7", 5080, "TCP")),
    ],
)
def test_an_address_without_a_port_has_that_of_its_transport(
    address: str, transport: str, hop: tuple[str, int, str]
) -> None:
    assert hop_of(address, transport) == hop


def test_the_narrowest_network_says_who_a_host_is() -> None:
    networks = Networks(
        [("0.0.0.0/0", "all"), ("203.0.113.0/24", "one"), ("203.0.113.7", "two"),
         ("203.0.113.7/32", "three")]
    )  # fmt: skip
    assert networks.of("203.0.113.7") == ["two", "three"]
    assert networks.of("203.0.113.8") == ["one"]
    assert networks.of("198.51.100.1") == ["all"]
    assert networks.of("::1") == []
    assert Networks([("10.0.0.0/8", 1)]).of("11.0.0.1") == []
