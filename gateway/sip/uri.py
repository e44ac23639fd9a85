"""Addresses of SIP: sip:, sips: and tel: URIs parsed, built and compared; ANI and DNIS from them.

Not here: display names and header parameters (gateway.sip.headers), DNS (RFC 3263).
RFC 3261 §19.1, RFC 3966.
"""

import functools
import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from gateway.sip.errors import SipError, shown

URI_CHARS_MAX: Final = 2048
NUMBER_CHARS_MAX: Final = 32
URIS_KEPT: Final = 1024
HOSTS_KEPT: Final = 1024
PORT_DEFAULT: Final = 5060
SUPPORTED_SCHEMES: Final = frozenset({"sip", "sips", "tel"})

Params = tuple[tuple[str, str | None], ...]

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_USER = re.compile(r"(?:[A-Za-z0-9_.!~*'()&=+$,;?/-]|%[0-9A-Fa-f]{2})+")
_PASSWORD = re.compile(r"(?:[A-Za-z0-9_.!~*'()&=+$,-]|%[0-9A-Fa-f]{2})*")
_HOST_PORT = re.compile(
    r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9.])?)(?::([0-9]{1,5}))?"
)
_PARAM = re.compile(r"(?:[A-Za-z0-9_.!~*'()\[\]/:&+$-]|%[0-9A-Fa-f]{2})+")
_URI_HEADERS = re.compile(r"(?:[A-Za-z0-9_.!~*'()\[\]/?:+$&=-]|%[0-9A-Fa-f]{2})+")
_OPAQUE = re.compile(r"[\x21\x23-\x3b\x3d\x3f-\x7e]+")  # no space, quote or angle bracket
_TEL = re.compile(r"[0-9A-Fa-f*#+().-]+")
_SEPARATORS = str.maketrans("", "", "().-")
_NUMBER = re.compile(r"\+?[0-9A-D*#]+")
_COMPARED_ALWAYS = frozenset({"user", "ttl", "method", "maddr", "transport"})


@dataclass(frozen=True, slots=True)
class Uri:
    """One address. `user` is kept escaped; for tel: it is the number and `host` is empty.

    For a scheme that is not ours all after the colon is `opaque` and nothing else is set.
    """

    scheme: str
    user: str = ""
    host: str = ""
    port: int | None = None
    params: Params = ()
    headers: str = ""
    password: str | None = None
    opaque: str = ""

    def __str__(self) -> str:
        if self.opaque:
            return f"{self.scheme}:{self.opaque}"
        params = params_text(self.params)
        if self.scheme == "tel":
            return f"tel:{self.user}{params}"
        login = self.user if self.password is None else f"{self.user}:{self.password}"
        at = f"{login}@" if self.user else ""
        port = "" if self.port is None else f":{self.port}"
        headers = f"?{self.headers}" if self.headers else ""
        return f"{self.scheme}:{at}{self.host}{port}{params}{headers}"

    def param(self, name: str) -> str | None:
        """Return the parameter's value; "" when it stands without one, None when it is absent."""
        return param_of(self.params, name)


@functools.lru_cache(maxsize=HOSTS_KEPT)
def ipv4_of(host: str) -> str | None:
    """Return a numeric IPv4 address in its usual form, None for anything else."""
    try:
        return str(ipaddress.IPv4Address(host))
    except ValueError:
        return None


def param_of(params: Params, name: str) -> str | None:
    """Return the value of `name` (lower case); "" without a value, None when absent."""
    for key, value in params:
        if key == name:
            return value or ""
    return None


def params_text(params: Params) -> str:
    """Return `;name=value` for each."""
    return "".join(f";{key}" if value is None else f";{key}={value}" for key, value in params)


@functools.lru_cache(maxsize=URIS_KEPT)
def parse_uri(text: str) -> Uri:
    """Return the address. Raises SipError when it is not a URI or a broken sip:, sips: or tel:."""
    if len(text) > URI_CHARS_MAX:
        raise SipError(f"URI of {len(text)} characters, limit {URI_CHARS_MAX}", 414)
    scheme, colon, rest = text.partition(":")
    if not colon or not _SCHEME.fullmatch(scheme):
        raise SipError(f"URI without a scheme, was {shown(text)}")
    scheme = scheme.lower()
    if scheme in ("sip", "sips"):
        return _parse_sip(scheme, rest)
    if scheme == "tel":
        number, params = _split_params(rest)
        if not _TEL.fullmatch(number):
            raise SipError(f"tel: URI without a number, was {shown(text)}")
        return Uri("tel", user=number, params=params)
    if not _OPAQUE.fullmatch(rest):
        raise SipError(f"URI with characters that are not allowed, was {shown(text)}")
    return Uri(scheme, opaque=rest)


def _parse_sip(scheme: str, rest: str) -> Uri:
    login, at, place = rest.partition("@")
    user, password = "", None
    if at:
        user, colon, secret = login.partition(":")
        password = secret if colon else None
        if not _USER.fullmatch(user) or (password and not _PASSWORD.fullmatch(password)):
            raise SipError(f"user part of a SIP URI, was {shown(login)}")
    else:
        place = rest
    place, question, headers = place.partition("?")
    if question and not _URI_HEADERS.fullmatch(headers):
        raise SipError(f"headers part of a SIP URI, was {shown(headers)}")
    host_port, params = _split_params(place)
    found = _HOST_PORT.fullmatch(host_port)
    if found is None:
        raise SipError(f"host part of a SIP URI, was {shown(host_port)}")
    port = None if found[2] is None else checked_port(found[2])
    return Uri(scheme, user, found[1].lower(), port, params, headers, password)


def checked_port(text: str) -> int:
    """Return the port. Raises SipError unless it is 1..65535."""
    port = int(text)
    if not 1 <= port <= 65_535:
        raise SipError(f"port 1..65535, was {shown(text)}")
    return port


def _split_params(text: str) -> tuple[str, Params]:
    head, semicolon, tail = text.partition(";")
    if not semicolon:
        return head, ()
    params: list[tuple[str, str | None]] = []
    for piece in tail.split(";"):
        name, equals, value = piece.partition("=")
        if not _PARAM.fullmatch(name) or (equals and not _PARAM.fullmatch(value)):
            raise SipError(f"URI parameter, was {shown(piece)}")
        params.append((name.lower(), value if equals else None))
    return head, tuple(params)


def is_same(one: Uri, other: Uri) -> bool:
    """Compare as RFC 3261 §19.1.4 asks: escapes decoded, host and parameters without case."""
    if one.scheme == "tel" and other.scheme == "tel":
        return _digits(one.user) == _digits(other.user)
    if (one.scheme, one.host, one.port, one.opaque) != (
        other.scheme,
        other.host,
        other.port,
        other.opaque,
    ):
        return False
    if unquote(one.user) != unquote(other.user) or one.password != other.password:
        return False
    if sorted(one.headers.split("&")) != sorted(other.headers.split("&")):
        return False
    mine, theirs = _folded(one.params), _folded(other.params)
    both = mine.keys() & theirs.keys()
    only_one = (mine.keys() | theirs.keys()) - both
    return not only_one & _COMPARED_ALWAYS and all(mine[name] == theirs[name] for name in both)


def _folded(params: Iterable[tuple[str, str | None]]) -> dict[str, str]:
    return {unquote(name): unquote(value or "").lower() for name, value in params}


def _digits(number: str) -> str:
    return number.translate(_SEPARATORS).upper()


def number_of(uri: Uri) -> str:
    """Return the telephone number or user of an address, "" when there is none.

    Visual separators go ("+86-10-5555" is "+86105555"); parameters inside the user part go too.
    At most NUMBER_CHARS_MAX characters, all of them printable ASCII.
    """
    user = unquote(uri.user).partition(";")[0]
    number = _digits(user)
    if _NUMBER.fullmatch(number):
        return number[:NUMBER_CHARS_MAX]
    return "".join(c for c in user if "!" <= c <= "~")[:NUMBER_CHARS_MAX]


def masked(number: str) -> str:
    """Return a number as logs may show it: the last four characters only."""
    return f"***{number[-4:]}" if len(number) > 4 else "***"
