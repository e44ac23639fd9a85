"""IPv4 hosts by address and by network, looked up before a packet is parsed.

Not here: what a known host may do (gateway.sip.gate).
"""

import ipaddress
import socket
from collections.abc import Iterable
from typing import Final, Generic, TypeVar

HOSTS_MAX: Final = 1024

T = TypeVar("T")


def checked_network(text: str) -> ipaddress.IPv4Network:
    """Return the network of an address or of address/prefix. Raises ValueError with the remedy."""
    try:
        return ipaddress.IPv4Network(text)
    except ValueError:
        problem = f"must be an IPv4 address or network such as 203.0.113.0/24, was {text!r}"
        raise ValueError(problem) from None


class Networks(Generic[T]):
    """Values by the network a host is in; the narrowest network wins."""

    def __init__(self, rows: Iterable[tuple[str, T]]) -> None:
        """Take networks as text with their values. Raises ValueError."""
        by_prefix: dict[int, dict[int, list[T]]] = {}
        for text, value in rows:
            network = checked_network(text)
            known = by_prefix.setdefault(network.prefixlen, {})
            known.setdefault(int(network.network_address), []).append(value)
        self._by_prefix = [
            ((0xFFFF_FFFF << (32 - prefix)) & 0xFFFF_FFFF, by_prefix[prefix])
            for prefix in sorted(by_prefix, reverse=True)
        ]

    def of(self, host: str) -> list[T]:
        """Return the values of the narrowest network with that host, [] for a stranger."""
        try:
            address = int.from_bytes(socket.inet_aton(host))
        except OSError:  # IPv6, or no address at all
            return []
        for mask, known in self._by_prefix:
            values = known.get(address & mask)
            if values is not None:
                return values
        return []


_PRIVATE: Final = Networks(
    (network, True)
    for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
)


def is_private(host: str) -> bool:
    """Return True for an address that means something in its own network only (RFC 1918, 6598)."""
    return bool(_PRIVATE.of(host))
