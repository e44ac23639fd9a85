"""Who calls whom: ANI, DNIS, the numbers a call was passed on from, and whether it is withheld.

A stranger's From and Request-URI are claims and taken as such; what a network asserts counts only
from a trunk that is trusted with it. Not here: what a flow does with it (gateway.ivr).
RFC 3325 (P-Asserted-Identity), RFC 3323 (Privacy), RFC 5806 (Diversion), RFC 7044 (History-Info).
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from gateway.sip.headers import NameAddr, parse_name_addr
from gateway.sip.message import Request
from gateway.sip.uri import number_of, param_of

DIVERSIONS_MAX: Final = 10

_ANONYMOUS: Final = frozenset({"anonymous", "unavailable", "restricted", "private", "unknown"})
_HIDING: Final = frozenset({"id", "user", "header"})  # priv-values that withhold the number
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_AREA_AND_LINE = re.compile(r"(?:10|2[0-9]|[3-9][0-9]{2})[1-9][0-9]{6,7}")
_INDEX = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){0,20}")


class Caller(NamedTuple):
    """What an INVITE says of its caller.

    `ani` is E.164 with + where it is a number, else the caller's user or ""; `dnis` is as dialled.
    `diversion` holds the numbers that passed the call on, the one dialled at first in front.
    `is_withheld`: the number proves nothing: it is hidden, or its trunk is not trusted with it.
    """

    ani: str
    dnis: str
    diversion: tuple[str, ...] = ()
    is_withheld: bool = False
    trunk: str = ""
    phone: str = ""  # the username of a phone of ours that has proved itself
    allows_refer: bool = True  # False for a trunk whose calls must stay with us


def e164(number: str) -> str:
    """Return a number with its country code: "013800138000" and "86138..." are "+86138...".

    Written for callers in China: a mobile with or without 0, a line with 0 and area code, 00
    before another country, 86 without +. What is none of them (short numbers, 400 numbers,
    extensions, names) comes back as it is.
    """
    if _E164.fullmatch(number):
        return _without_trunk_zero(number)
    if number.startswith("00") and _E164.fullmatch("+" + number[2:]):
        return _without_trunk_zero("+" + number[2:])
    national = number.removeprefix("86") if len(number) >= 12 else number
    has_code = national != number
    if _MOBILE.fullmatch(national.removeprefix("0")):
        return "+86" + national.removeprefix("0")
    if (has_code or national.startswith("0")) and _AREA_AND_LINE.fullmatch(
        national.removeprefix("0")
    ):
        return "+86" + national.removeprefix("0")
    return number


def national(number: str) -> str:
    """Return a number as it is dialled in China: "138...", "010...", 00 before other countries."""
    number = e164(number)
    if not number.startswith("+"):
        return number
    if not number.startswith("+86"):
        return "00" + number[1:]
    return number[3:] if _MOBILE.fullmatch(number[3:]) else "0" + number[3:]


def _without_trunk_zero(number: str) -> str:
    """Some carriers keep the 0 of the national form: "+86010..." """
    return "+86" + number[4:] if number.startswith("+860") else number


def dialled(request: Request) -> str:
    """Return the number or user called: of the Request-URI, else of To; "" when neither has one."""
    return number_of(request.uri) or number_of(request.to.uri)


def caller_of(request: Request, trunk: str = "", *, is_trusted: bool = False) -> Caller:
    """Return what the INVITE says; network assertions are read when `is_trusted`.

    Raises SipError for an asserted header that is no address.
    """
    claimed = number_of(request.sender.uri)
    asserted, hides = _asserted(request) if is_trusted else ("", False)
    is_withheld = hides or _wants_privacy(request) or claimed.lower() in _ANONYMOUS
    if claimed.lower() in _ANONYMOUS:
        claimed = ""
    diversion = _diversion(request) if is_trusted else ()
    dnis = dialled(request)
    if not dnis and diversion:
        dnis = diversion[0]
    return Caller(e164(asserted or claimed), dnis, diversion, is_withheld, trunk)


def _asserted(request: Request) -> tuple[str, bool]:
    """Return the number the network vouches for and whether it is marked as private."""
    for address in _addresses(request, "P-Asserted-Identity"):
        number = number_of(address.uri)
        if number and number.lower() not in _ANONYMOUS:
            return number, False
    for address in _addresses(request, "Remote-Party-Id"):
        party = param_of(address.params, "party") or "calling"
        number = number_of(address.uri)
        if party == "calling" and number and number.lower() not in _ANONYMOUS:
            privacy = (param_of(address.params, "privacy") or "off").strip('"').lower()
            return number, privacy not in ("off", "none")
    return "", False


def _wants_privacy(request: Request) -> bool:
    values = {
        value.strip().lower()
        for row in request.headers.get_all("Privacy")
        for value in row.replace(",", ";").split(";")
    }
    return bool(values & _HIDING)


def _diversion(request: Request) -> tuple[str, ...]:
    """Return who passed the call on, first dialled in front: Diversion, else History-Info.

    A Diversion is put in front of the older ones (RFC 5806 §3.1); History-Info counts (RFC 7044
    §10.3), and its last entry is where the call goes now.
    """
    diverted = [number_of(address.uri) for address in _addresses(request, "Diversion")][::-1]
    if not diverted:
        entries = sorted(
            (_index_of(address), number_of(address.uri))
            for address in _addresses(request, "History-Info")
        )
        diverted = [number for _, number in entries[:-1]]
    return tuple(number for number in diverted if number)[:DIVERSIONS_MAX]


def _index_of(address: NameAddr) -> tuple[int, ...]:
    text = param_of(address.params, "index") or ""
    return tuple(int(piece) for piece in text.split(".")) if _INDEX.fullmatch(text) else (0,)


def _addresses(request: Request, name: str) -> Iterator[NameAddr]:
    for value in request.headers.listed(name):
        yield parse_name_addr(value)
