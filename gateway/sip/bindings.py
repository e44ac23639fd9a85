"""Where a phone can be reached: the contacts of each name, until they expire (RFC 3261 §10.3).

Pure: time is an argument. Not here: who may register (gateway.sip.registrar).
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gateway.sip.errors import SipError
from gateway.sip.headers import NameAddr, parse_name_addr
from gateway.sip.message import Request
from gateway.sip.uri import PORT_DEFAULT, Uri, is_same, param_of
from gateway.sip.wire import Hop

EXPIRES_MAX: Final = (1 << 32) - 1


class TooBrief(SipError):
    """A registration shorter than the least; `min_s` is the least."""

    code = "sip.registration_too_brief"

    def __init__(self, min_s: int) -> None:
        super().__init__(f"registration shorter than {min_s} s", 423)
        self.min_s = min_s


@dataclass(frozen=True, slots=True)
class Terms:
    """How long a registration may be, in seconds, and how many contacts a name may have."""

    min_s: int
    max_s: int
    contacts_max: int


@dataclass(frozen=True, slots=True)
class Binding:
    """One contact. `hop` is where requests for it go, which behind NAT is not what it says."""

    uri: Uri
    hop: Hop
    call_id: str
    cseq: int
    expires_at_s: float


class Bindings:
    """All names' contacts, each name's oldest first."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._by_name: dict[str, tuple[Binding, ...]] = {}

    def of(self, name: str, now_s: float) -> tuple[Binding, ...]:
        """Return the contacts that have not expired, the newest last."""
        return tuple(b for b in self._by_name.get(name, ()) if b.expires_at_s > now_s)

    def names(self) -> list[str]:
        """Return the names that have contacts, expired ones among them."""
        return list(self._by_name)

    def next_expiry_s(self) -> float | None:
        """Return when the first of all contacts expires."""
        held = (binding for bindings in self._by_name.values() for binding in bindings)
        return min((binding.expires_at_s for binding in held), default=None)

    def names_at(self, hop: Hop) -> list[str]:
        """Return the names with a contact reached at exactly that hop, expired or not."""
        return [name for name, held in self._by_name.items() if any(b.hop == hop for b in held)]

    def drop(self, name: str, now_s: float, lost: Hop | None = None) -> None:
        """Forget the contacts of the name that expired, and those reached at `lost`."""
        kept = tuple(b for b in self.of(name, now_s) if b.hop != lost)
        self._keep(name, kept)

    def take(self, name: str, request: Request, source: Hop, now_s: float) -> None:
        """Do what a REGISTER asks, all of it or nothing. Raises SipError, TooBrief."""
        contacts = request.headers.listed("Contact")
        known = self.of(name, now_s)
        if "*" in contacts:
            if len(contacts) > 1 or _expires(request.headers.get("Expires"), -1) != 0:
                raise SipError("Contact * must stand alone and with Expires: 0")
            for binding in known:
                _check_order(binding, request)
            self._keep(name, ())
            return
        if len(contacts) > self._terms.contacts_max:
            raise SipError(f"{len(contacts)} contacts, limit {self._terms.contacts_max}", 403)
        for text in contacts:
            known = self._changed(known, parse_name_addr(text), request, source, now_s)
        self._keep(name, known[-self._terms.contacts_max :])

    def _changed(
        self,
        known: tuple[Binding, ...],
        contact: NameAddr,
        request: Request,
        source: Hop,
        now_s: float,
    ) -> tuple[Binding, ...]:
        if contact.uri.scheme not in ("sip", "sips"):
            raise SipError(f"Contact must be a sip: URI, was {contact.uri.scheme}:")
        asked = param_of(contact.params, "expires")
        expires_s = self._granted(request.headers.get("Expires") if asked is None else asked)
        for binding in known:
            if is_same(binding.uri, contact.uri):
                _check_order(binding, request)
        others = tuple(b for b in known if not is_same(b.uri, contact.uri))
        if expires_s == 0:
            return others
        hop = reached_at(contact.uri, request, source)
        cseq = request.cseq.number
        return (*others, Binding(contact.uri, hop, request.call_id, cseq, now_s + expires_s))

    def _granted(self, asked: str | None) -> int:
        """Return the seconds given; what is unreadable counts as not said (§10.3 step 6)."""
        seconds = _expires(asked, self._terms.max_s)
        if 0 < seconds < self._terms.min_s:
            raise TooBrief(self._terms.min_s)
        return min(seconds, self._terms.max_s)

    def _keep(self, name: str, bindings: Sequence[Binding]) -> None:
        if bindings:
            self._by_name[name] = tuple(bindings)
        else:
            self._by_name.pop(name, None)


def _check_order(binding: Binding, request: Request) -> None:
    """An older request of the same phone must not undo a newer one (§10.3 step 7)."""
    if binding.call_id == request.call_id and request.cseq.number <= binding.cseq:
        raise SipError(f"CSeq must be above {binding.cseq}, was {request.cseq.number}")


def _expires(text: str | None, otherwise: int) -> int:
    text = (text or "").strip()
    if not (text.isascii() and text.isdigit()) or len(text) > 10:
        return otherwise
    return min(int(text), EXPIRES_MAX)


def reached_at(contact: Uri, request: Request, source: Hop) -> Hop:
    """Return where a phone's requests go: to its Contact, but behind NAT to where it called from.

    NAT shows in a Contact of another host than the source; a phone that asks for `rport` listens
    where it sends from (RFC 3581), and by TCP or TLS it is reached by its connection only.
    """
    listens_at_source = any(name == "rport" for name, _ in request.via.params)
    if source.transport != "UDP" or listens_at_source or contact.host != source.host:
        return source
    try:
        ipaddress.IPv4Address(contact.host)
    except ValueError:
        return source
    return source._replace(port=contact.port or PORT_DEFAULT)
