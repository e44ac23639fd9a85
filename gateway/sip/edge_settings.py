"""Settings of the edge: trunks, phones of our agents, and what strangers may do.

They stand in `[sip]`; trunks and phones as `[[sip.trunks]]` and `[[sip.phones]]`. Not here:
sockets and timers (gateway.sip.settings).
"""

import re
from collections.abc import Iterable
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from gateway.sip.networks import HOSTS_MAX, checked_network
from gateway.sip.uri import PORT_DEFAULT

NAME: Final = r"^[a-z0-9][a-z0-9_-]{0,31}$"
NUMBER: Final = re.compile(r"\+?[0-9*#]{1,20}")
USERNAME: Final = r"^[A-Za-z0-9_.-]{1,32}$"
PRIVATE: Final = ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")

_RANGE = re.compile(r"([0-9]{1,20})-([0-9]{1,20})")

Hosts = Annotated[tuple[str, ...], Meta(max_length=HOSTS_MAX)]


class TrunkSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[sip.trunks]]`: a carrier or PBX that calls us, that we call, or both."""

    name: Annotated[
        str, Meta(pattern=NAME, description="Short name, for logs, metrics and call records.")
    ]
    hosts: Annotated[
        Hosts,
        Meta(description="IPv4 addresses or networks it calls from; all its signalling hosts."),
    ] = ()
    numbers: Annotated[
        tuple[str, ...],
        Meta(
            max_length=1000,
            description="Numbers that are ours on this trunk: 95500, a prefix 021555* or a range"
            " 02155550000-02155550099. Calls to others get 404. Empty: all.",
        ),
    ] = ()
    calls_max: Annotated[
        int, Meta(ge=1, le=10_000, description="Lines of the trunk, for both directions.")
    ] = 30
    full_status: Annotated[
        Literal[486, 503],
        Meta(description="Answer when all lines are in use: 503 lets the carrier try another"
             " trunk, 486 lets the caller hear busy."),
    ] = 503  # fmt: skip
    trusts_identity: Annotated[
        bool,
        Meta(description="Believe its P-Asserted-Identity, Remote-Party-ID and Diversion."),
    ] = True
    allows_refer: Annotated[
        bool, Meta(description="Calls may be handed over to it by REFER; we hear no more of them.")
    ] = False
    address: Annotated[
        str,
        Meta(description="IPv4 address, or address:port, that our calls go to. Empty: it is only"
             " called from."),
    ] = ""  # fmt: skip
    transport: Annotated[
        Literal["UDP", "TCP", "TLS"], Meta(description="Transport of our calls to it.")
    ] = "UDP"
    number_form: Annotated[
        Literal["e164", "national"],
        Meta(description="How it wants the numbers we call: +8613800138000, or 13800138000."),
    ] = "e164"
    username: Annotated[
        str, Meta(max_length=128, description="Our name when it asks for credentials.")
    ] = ""
    password_file: Annotated[
        str, Meta(description="File with our password, one line; relative to the data folder.")
    ] = ""
    priority: Annotated[
        int, Meta(ge=0, le=65_535, description="Our calls try trunks of the lowest number first.")
    ] = 10
    weight: Annotated[
        int, Meta(ge=1, le=65_535, description="Its share of calls among equal priorities.")
    ] = 1
    ping_s: Annotated[
        float,
        Meta(ge=0, le=3600, description="Seconds between OPTIONS that tell whether it is up; 0:"
             " it is not asked and counts as up."),
    ] = 30.0  # fmt: skip

    def __post_init__(self) -> None:
        """Raises ValueError for what cannot work."""
        _check_networks("hosts", self.hosts)
        for number in self.numbers:
            NumberRange(number)
        if self.address:
            hop_of(self.address, self.transport)
        if not self.hosts and not self.address:
            raise ValueError(f"trunk {self.name!r} needs hosts (it calls us) or address (we call)")
        if bool(self.username) != bool(self.password_file):
            raise ValueError(f"trunk {self.name!r} needs username and password_file, or neither")


class PhoneSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[sip.phones]]`: the phone of an agent, which registers with us."""

    username: Annotated[
        str, Meta(pattern=USERNAME, description="Its name: user part of its address, and login.")
    ]
    password_file: Annotated[
        str,
        Meta(
            min_length=1,
            description="File with its password, one line; relative to the data folder.",
        ),
    ]


class EdgeSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may talk to us, and how much."""

    trunks: Annotated[
        tuple[TrunkSettings, ...],
        Meta(max_length=256, description="Carriers and PBXs, each as [[sip.trunks]]."),
    ] = ()
    phones: Annotated[
        tuple[PhoneSettings, ...],
        Meta(max_length=10_000, description="Phones of agents, each as [[sip.phones]]."),
    ] = ()
    phone_hosts: Annotated[
        Hosts,
        Meta(description="Networks where agents' phones are; 0.0.0.0/0 for agents at home. Means"
             " nothing without phones."),
    ] = PRIVATE  # fmt: skip
    open_hosts: Annotated[
        Hosts,
        Meta(description="Networks whose hosts may call without being a trunk. By default this"
             " machine alone, for trying out; nobody else gets in before a trunk is named."),
    ] = ("127.0.0.0/8",)  # fmt: skip
    strangers: Annotated[
        Literal["drop", "refuse"],
        Meta(description="What hosts that are none of these get: drop is silence, so that a"
             " scanner finds nothing; refuse is 403."),
    ] = "drop"  # fmt: skip
    invites_per_s: Annotated[
        float, Meta(gt=0, le=1_000_000, description="New calls a second, of all hosts together.")
    ] = 100.0
    invites_burst: Annotated[
        int, Meta(ge=1, le=1_000_000, description="New calls at once above that.")
    ] = 600
    host_invites_per_s: Annotated[
        float, Meta(gt=0, le=1_000_000, description="New calls and OPTIONS a second of one host.")
    ] = 50.0
    host_invites_burst: Annotated[
        int,
        Meta(ge=1, le=1_000_000, description="New calls and OPTIONS of one host at once above."),
    ] = 300
    realm: Annotated[
        str,
        Meta(pattern=r"^[A-Za-z0-9_.-]{1,64}$", description="Realm in which phones log in."),
    ] = "hotline"
    digests: Annotated[
        tuple[Literal["SHA-256", "MD5"], ...],
        Meta(min_length=1, description="Digests phones may log in by, the better one first. Many"
             " phones fail at a challenge by SHA-256, even beside one by MD5 (baresip 1.0 does):"
             ' add it, ["SHA-256", "MD5"], when all of yours know it.'),
    ] = ("MD5",)  # fmt: skip
    nonce_s: Annotated[
        float, Meta(ge=10, le=86_400, description="Life of a challenge to a phone.")
    ] = 300.0
    register_s_min: Annotated[
        int, Meta(ge=10, le=3600, description="Shortest registration; a shorter one gets 423.")
    ] = 30
    register_s_max: Annotated[
        int, Meta(ge=30, le=86_400, description="Longest registration; a longer one is cut.")
    ] = 600
    phone_contacts_max: Annotated[
        int,
        Meta(ge=1, le=20, description="Contacts of one phone name; the oldest goes for one more."),
    ] = 3
    guesses_per_min: Annotated[
        float,
        Meta(gt=0, le=600, description="Wrong passwords a minute for one phone name of one host;"
             " above it, and above ten times as many of one host, only 403."),
    ] = 6.0  # fmt: skip
    own_numbers: Annotated[
        tuple[str, ...],
        Meta(max_length=1000, description="Registered numbers of the firm; our calls show one of"
             " these or are not made."),
    ] = ()  # fmt: skip
    dial_silence_s: Annotated[
        float,
        Meta(ge=0.5, le=32, description="A trunk that says nothing to our call for so long is"
             " given up for the next."),
    ] = 4.0  # fmt: skip

    def check_edge(self) -> None:
        """Raises ValueError for what cannot work."""
        _check_networks("phone_hosts", self.phone_hosts)
        _check_networks("open_hosts", self.open_hosts)
        _check_unique("trunks", "name", [trunk.name for trunk in self.trunks])
        _check_unique("phones", "username", [phone.username for phone in self.phones])
        if self.register_s_max < self.register_s_min:
            raise ValueError(
                f"register_s_max must be at least register_s_min, {self.register_s_min},"
                f" was {self.register_s_max}"
            )
        for number in self.own_numbers:
            if not NUMBER.fullmatch(number):
                raise ValueError(f"own_numbers must be digits, such as 95500, was {number!r}")
        self._check_shared_hosts()

    def _check_shared_hosts(self) -> None:
        """Two trunks may call from one host when the number dialled tells them apart."""
        by_host: dict[str, TrunkSettings] = {}
        for trunk in self.trunks:
            for host in trunk.hosts:
                other = by_host.setdefault(str(checked_network(host)), trunk)
                if other is not trunk and not (trunk.numbers and other.numbers):
                    raise ValueError(
                        f"trunks {other.name!r} and {trunk.name!r} both call from {host}: give"
                        " each its numbers"
                    )


class NumberRange:
    """Numbers written as 95500, 021555* or 02155550000-02155550099."""

    def __init__(self, text: str) -> None:
        """Raises ValueError for any other form."""
        span = _RANGE.fullmatch(text)
        self._prefix = text[:-1] if text.endswith("*") else ""
        self._first, self._last = (span[1], span[2]) if span else (text, text)
        is_known = span is not None or NUMBER.fullmatch(self._prefix or text) is not None
        if not is_known or len(self._first) != len(self._last) or self._first > self._last:
            raise ValueError(
                "numbers must be like 95500, 021555* or 02155550000-02155550099 (equal lengths,"
                f" rising), was {text!r}"
            )

    def has(self, number: str) -> bool:
        """Return True when the number is one of them; + in front makes no difference."""
        number = number.removeprefix("+")
        if self._prefix:
            return number.startswith(self._prefix.removeprefix("+"))
        first, last = self._first.removeprefix("+"), self._last.removeprefix("+")
        return len(number) == len(first) and first <= number <= last


def hop_of(address: str, transport: str) -> tuple[str, int, str]:
    """Return host, port and transport of "address" or "address:port". Raises ValueError."""
    host, colon, port = address.partition(":")
    default = PORT_DEFAULT + 1 if transport == "TLS" else PORT_DEFAULT
    is_port = not colon or (port.isascii() and port.isdigit() and 1 <= int(port) <= 65_535)
    if not is_port or "/" in host:
        raise ValueError(f"address must be like 203.0.113.7 or 203.0.113.7:5060, was {address!r}")
    checked_network(host)
    return host, int(port) if colon else default, transport


def _check_networks(field: str, hosts: Iterable[str]) -> None:
    for host in hosts:
        try:
            checked_network(host)
        except ValueError as e:
            raise ValueError(f"{field} {e}") from None


def _check_unique(field: str, key: str, names: list[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"{field} must each have a {key} of their own, {name!r} is twice")
        seen.add(name)
