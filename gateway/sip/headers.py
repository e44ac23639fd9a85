"""Header fields with structure: Via, From/To/Contact/Route, CSeq, and lists with commas.

Not here: which headers a message must have (gateway.sip.message). RFC 3261 §20 and §25,
RFC 3581 (rport).
"""

import functools
import re
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from gateway.sip.errors import SipError, shown
from gateway.sip.uri import (
    PORT_DEFAULT,
    Params,
    Uri,
    checked_port,
    param_of,
    params_text,
    parse_uri,
)

MAGIC_COOKIE: Final = "z9hG4bK"
VALUES_MAX: Final = 128
ADDRESSES_KEPT: Final = 1024
CSEQ_MAX: Final = (1 << 31) - 1
TOKEN: Final = re.compile(r"[A-Za-z0-9.!%*_+`'~-]+")

_QUOTED = r'"(?:[^"\\]|\\.)*"'
_PIECE = re.compile(rf'(?:{_QUOTED}|<[^>]*>|[^",<])+', re.DOTALL)
_VIA = re.compile(
    r"SIP\s*/\s*2\.0\s*/\s*([A-Za-z0-9.!%*_+`'~-]+)\s+"
    r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)(?:\s*:\s*([0-9]{1,5}))?\s*((?:;.*)?)",
    re.DOTALL | re.IGNORECASE,
)
_PARAM = re.compile(
    rf"\s*;\s*([A-Za-z0-9.!%*_+`'~-]+)(?:\s*=\s*([A-Za-z0-9.!%*_+`'~-]+|\[[0-9A-Fa-f:.]+\]|{_QUOTED}))?"
)
_DISPLAY = re.compile(rf"({_QUOTED}|[A-Za-z0-9.!%*_+`'~\s-]*)\s*<([^>]*)>\s*(.*)", re.DOTALL)
_CSEQ = re.compile(r"([0-9]{1,12})\s+([A-Za-z0-9.!%*_+`'~-]+)")


def split_commas(value: str) -> list[str]:
    """Split at the commas outside quotes and angle brackets. Raises SipError when unbalanced."""
    if "," not in value:
        return [value.strip()]
    pieces: list[str] = []
    at = 0
    while True:
        found = _PIECE.match(value, at)
        pieces.append(found[0].strip() if found else "")
        at = found.end() if found else at
        if len(pieces) > VALUES_MAX:
            raise SipError(f"more than {VALUES_MAX} values in one header")
        if at >= len(value):
            return pieces
        if value[at] != ",":
            raise SipError(f"unbalanced quotes or brackets, was {shown(value)}")
        at += 1


def parse_params(text: str) -> Params:
    """Return the parameters of a `;a=b;c` tail. Raises SipError."""
    params: list[tuple[str, str | None]] = []
    at, text = 0, text.rstrip()
    while at < len(text):
        found = _PARAM.match(text, at)
        if found is None:
            raise SipError(f"header parameter, was {shown(text[at:])}")
        params.append((found[1].lower(), found[2]))
        at = found.end()
    return tuple(params)


@dataclass(frozen=True, slots=True)
class Via:
    """One hop on the way of a request; the response goes back along them."""

    transport: str
    host: str
    port: int | None = None
    params: Params = ()
    branch: str = field(init=False, compare=False, repr=False)  # "" when there is none

    def __post_init__(self) -> None:
        object.__setattr__(self, "branch", param_of(self.params, "branch") or "")

    def __str__(self) -> str:
        port = "" if self.port is None else f":{self.port}"
        return f"SIP/2.0/{self.transport} {self.host}{port}{params_text(self.params)}"

    @property
    def is_rfc3261(self) -> bool:
        """True when the branch identifies the transaction by itself."""
        return self.branch.startswith(MAGIC_COOKIE) and len(self.branch) > len(MAGIC_COOKIE)

    @property
    def sent_by(self) -> tuple[str, int]:
        """Host (lower case) and port the sender claims."""
        return self.host.lower(), self.port or PORT_DEFAULT

    def seen_from(self, host: str, port: int) -> "Via":
        """Return the hop with `received`, and `rport` when asked for (RFC 3581 §4)."""
        names = [name for name, _ in self.params]
        asks_rport = "rport" in names
        if not asks_rport and "received" not in names and self.host.lower() == host:
            return self
        kept = tuple(p for p in self.params if p[0] not in ("received", "rport"))
        if asks_rport:
            kept += (("received", host), ("rport", str(port)))
        elif self.host.lower() != host:
            kept += (("received", host),)
        return Via(self.transport, self.host, self.port, kept)

    def reply_address(self, source_host: str, source_port: int) -> tuple[str, int]:
        """Return where a response goes over UDP: always the host the request came from.

        `maddr` is not followed: it would let a stranger aim our responses at a third party.
        """
        for name, _ in self.params:
            if name == "rport":
                return source_host, source_port
        return source_host, self.port or PORT_DEFAULT


def parse_via(text: str) -> Via:
    """Return one hop. Raises SipError."""
    found = _VIA.fullmatch(text.strip())
    if found is None:
        raise SipError(f"Via, was {shown(text)}")
    port = None if found[3] is None else checked_port(found[3])
    return Via(found[1].upper(), found[2], port, parse_params(found[4]))


@dataclass(frozen=True, slots=True)
class NameAddr:
    """A From, To, Contact or Route value. `display` is kept as written, quotes included."""

    uri: Uri
    params: Params = ()
    display: str = ""
    tag: str = field(init=False, compare=False, repr=False)  # "" when there is none

    def __post_init__(self) -> None:
        object.__setattr__(self, "tag", param_of(self.params, "tag") or "")

    def __str__(self) -> str:
        name = f"{self.display} " if self.display else ""
        return f"{name}<{self.uri}>{params_text(self.params)}"

    def tagged(self, tag: str) -> "NameAddr":
        """Return the same with this tag."""
        kept = tuple(p for p in self.params if p[0] != "tag")
        return NameAddr(self.uri, (*kept, ("tag", tag)), self.display)


def quoted(display: str) -> str:
    """Return a display name as a quoted string without control characters, "" for none."""
    clean = "".join(c for c in display if c.isprintable()).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{clean}"' if clean else ""


@functools.lru_cache(maxsize=ADDRESSES_KEPT)  # From and To come again with every request
def parse_name_addr(text: str) -> NameAddr:
    """Return one address with its parameters. Raises SipError.

    Without angle brackets what follows a semicolon belongs to the header, and a question mark
    or a comma is not allowed (§20.10).
    """
    text = text.strip()
    if "<" in text:
        found = _DISPLAY.fullmatch(text)
        if found is None:
            raise SipError(f"address, was {shown(text)}")
        return NameAddr(parse_uri(found[2]), parse_params(found[3]), found[1].strip())
    address, semicolon, tail = text.partition(";")
    address = address.strip()
    if "?" in address or "," in address:
        raise SipError(f"address with ? or , needs angle brackets, was {shown(text)}")
    return NameAddr(parse_uri(address), parse_params(semicolon + tail))


class CSeq(NamedTuple):
    """Number and method of a request within its dialog."""

    number: int
    method: str

    def __str__(self) -> str:
        return f"{self.number} {self.method}"


def parse_cseq(text: str) -> CSeq:
    """Return number (0..2^31-1) and method. Raises SipError."""
    found = _CSEQ.fullmatch(text.strip())
    if found is None or int(found[1]) > CSEQ_MAX:
        raise SipError(f"CSeq must be 0..{CSEQ_MAX} and a method, was {shown(text)}")
    return CSeq(int(found[1]), found[2])


def parse_number(name: str, text: str, highest: int) -> int:
    """Return a non-negative header number. Raises SipError outside 0..highest."""
    text = text.strip()
    if not (text.isascii() and text.isdigit()) or len(text) > 12 or int(text) > highest:
        raise SipError(f"{name} must be 0..{highest}, was {shown(text)}")
    return int(text)
