"""Digest authentication, pure: challenges that need no memory, checks, and answers to others.

The server side makes challenges by MD5, SHA-256 or both (RFC 8760); their nonce is its time under
our secret, and all it remembers is which counts of a good nonce were used. RFC 7616, RFC 3261 §22;
RFC 2617 for peers without qop. Not here: who may do what (gateway.sip.registrar).
"""

import hashlib
import hmac
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from gateway.sip.errors import SipError, shown

HEADER_CHARS_MAX: Final = 2048
NONCES_MAX: Final = 16_384
COUNT_WINDOW: Final = 64  # requests of one client may overtake each other by so many

_HASHES: Final = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}
_PARAM = re.compile(
    r'\s*([A-Za-z0-9!%*_+.~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))\s*(,|$)', re.DOTALL
)
_NONCE = re.compile(r"([0-9a-f]{8})([0-9a-f]{16})([0-9a-f]{32})")
_COUNT = re.compile(r"[0-9A-Fa-f]{8}")


class Verified(NamedTuple):
    """The sender knows the password of `username`."""

    username: str


class Unverified(NamedTuple):
    """It does not, or it was not asked yet. `is_stale`: right, but by a nonce that has gone."""

    problem: str
    is_stale: bool = False
    is_guess: bool = False  # a wrong password or an unknown user was tried


def parse_digest(text: str) -> dict[str, str]:
    """Return the parameters of a Digest challenge or answer, names in lower case.

    Raises SipError for another scheme, for what is no list of parameters, and for one given twice.
    """
    if len(text) > HEADER_CHARS_MAX:
        raise SipError(f"credentials of {len(text)} characters, limit {HEADER_CHARS_MAX}")
    scheme, _, rest = text.strip().partition(" ")
    if scheme.lower() != "digest":
        raise SipError(f"credentials must be Digest, were {shown(scheme)}")
    params: dict[str, str] = {}
    at = 0
    while at < len(rest):
        found = _PARAM.match(rest, at)
        if found is None:
            raise SipError(f"Digest parameter, was {shown(rest[at:])}")
        name = found[1].lower()
        if name in params:
            raise SipError(f"Digest parameter {shown(name)} stands more than once")
        quoted = found[2]
        params[name] = found[3] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        at = found.end()
    return params


def secret_hash(algorithm: str, username: str, realm: str, password: str) -> str:
    """Return H(username:realm:password), all that is needed to check this user (§3.4.2)."""
    return _digest(algorithm, f"{username}:{realm}:{password}")


def response_hash(
    algorithm: str, secret: str, params: Mapping[str, str], method: str, uri: str
) -> str:
    """Return the response for `secret` = H(A1); `params` has nonce, and nc, cnonce, qop if used."""
    if algorithm.endswith("-sess"):
        secret = _digest(algorithm, f"{secret}:{params['nonce']}:{params['cnonce']}")
    asked = _digest(algorithm, f"{method}:{uri}")
    if "qop" not in params:
        return _digest(algorithm, f"{secret}:{params['nonce']}:{asked}")
    middle = ":".join(params[name] for name in ("nonce", "nc", "cnonce", "qop"))
    return _digest(algorithm, f"{secret}:{middle}:{asked}")


def _digest(algorithm: str, text: str) -> str:
    name = _HASHES[algorithm.removesuffix("-sess")]
    return hashlib.new(name, text.encode("utf-8", "surrogateescape")).hexdigest()


class Challenger:
    """The server side for one realm.

    `digests` are SHA-256 and MD5, the preferred one first (RFC 8760 §2.3), or one of them.
    `now_s` is a clock, `new_token` gives 16 hex digits nobody can guess, `key` is our secret.
    `password_of` returns None for an unknown user: he is as wrong as one with a wrong password.
    """

    def __init__(
        self,
        realm: str,
        password_of: Callable[[str], str | None],
        *,
        key: bytes,
        now_s: Callable[[], float],
        new_token: Callable[[], str],
        nonce_s: float,
        digests: Sequence[str],
    ) -> None:
        self.realm = realm
        self._password_of = password_of
        self._key = key
        self._now_s = now_s
        self._new_token = new_token
        self._nonce_s = nonce_s
        self._digests = tuple(digests)
        self._counts: OrderedDict[str, tuple[int, int]] = OrderedDict()
        self._oldest_s = -1  # nonces up to this second are stale: their counts are forgotten

    def challenges(self, is_stale: bool = False) -> list[str]:
        """Return one challenge per algorithm; nothing is remembered of them."""
        tail = 'qop="auth", stale=true' if is_stale else 'qop="auth"'
        return [
            f'Digest realm="{self.realm}", nonce="{self._new_nonce()}", algorithm={name}, {tail}'
            for name in self._digests
        ]

    def check(
        self,
        answers: Sequence[str],
        method: str,
        uris: Sequence[str],
        *,
        is_first_look: bool = False,
    ) -> "Verified | Unverified":
        """Judge the Authorization headers of a request for one of `uris`.

        A good answer counts as used, unless `is_first_look`: then it is to be checked again.
        Raises SipError for an answer to us that is malformed.
        """
        for text in answers:
            params = parse_digest(text)
            if params.get("realm") == self.realm:
                return self._check(params, method, uris, is_first_look)
        return Unverified("no credentials")

    def _check(
        self, params: Mapping[str, str], method: str, uris: Sequence[str], is_first_look: bool
    ) -> "Verified | Unverified":
        for name in ("username", "nonce", "uri", "response", "cnonce", "nc"):
            if not params.get(name):
                raise SipError(f"Digest parameter {name} is missing")
        algorithm = params.get("algorithm", "MD5").upper()
        if algorithm not in self._digests or params.get("qop") != "auth":
            offered = " or ".join(self._digests)
            raise SipError(f"Digest algorithm must be {offered}, qop must be auth")
        if params["uri"] not in uris:
            raise SipError("Digest uri is not the Request-URI")
        if not _COUNT.fullmatch(params["nc"]) or int(params["nc"], 16) == 0:
            raise SipError(f"Digest nc must be 8 hexadecimal digits, was {shown(params['nc'])}")
        issued_s = self._issued_s(params["nonce"])
        if issued_s is None:
            return Unverified("nonce is not ours", is_stale=True)
        username = params["username"]
        password = self._password_of(username)
        secret = secret_hash(algorithm, username, self.realm, password or "")
        expected = response_hash(algorithm, secret, params, method, params["uri"])
        is_right = hmac.compare_digest(
            expected.encode(), params["response"].lower().encode("utf-8", "surrogateescape")
        )
        if not is_right or password is None:
            return Unverified("wrong user or password", is_guess=True)
        if is_first_look:
            return Verified(username)
        if not self._is_fresh(params["nonce"], issued_s, int(params["nc"], 16)):
            return Unverified("nonce is too old or was used", is_stale=True)
        return Verified(username)

    def _new_nonce(self) -> str:
        stamp = f"{int(self._now_s()) & 0xFFFF_FFFF:08x}{self._new_token()}"
        return stamp + self._seal(stamp)

    def _seal(self, stamp: str) -> str:
        text = f"{stamp}:{self.realm}".encode()
        return hmac.new(self._key, text, hashlib.sha256).hexdigest()[:32]

    def _issued_s(self, nonce: str) -> int | None:
        """Return when the nonce was made, None when it was not made here."""
        found = _NONCE.fullmatch(nonce)
        if found is None or not hmac.compare_digest(self._seal(found[1] + found[2]), found[3]):
            return None
        return int(found[1], 16)

    def _is_fresh(self, nonce: str, issued_s: int, count: int) -> bool:
        """Note the count of a good answer; False when it came before or the nonce is too old."""
        age_s = self._now_s() - issued_s
        if not 0 <= age_s <= self._nonce_s or issued_s <= self._oldest_s:
            return False
        highest, seen = self._counts.pop(nonce, (0, 0))
        ahead = count - highest
        if ahead > 0:
            is_new = True
            seen = (seen << ahead | 1) & ((1 << COUNT_WINDOW) - 1) if ahead < COUNT_WINDOW else 1
            highest = count
        else:
            is_new = -ahead < COUNT_WINDOW and not seen >> -ahead & 1
            seen |= 1 << -ahead if is_new else 0
        self._counts[nonce] = (highest, seen)
        if len(self._counts) > NONCES_MAX:
            forgotten, _ = self._counts.popitem(last=False)
            self._oldest_s = max(self._oldest_s, int(forgotten[:8], 16))
        return is_new


class Credentials:
    """The client side: a name and a password for one peer, and what it challenged us with."""

    def __init__(self, username: str, password: str, new_token: Callable[[], str]) -> None:
        self._username = username
        self._password = password
        self._new_token = new_token
        self._nonce = ""
        self._count = 0

    def __repr__(self) -> str:
        return f"<Credentials of {self._username}>"

    def answer(self, challenges: Sequence[str], method: str, uri: str) -> str | None:
        """Return the Authorization value for the first challenge that can be answered, or None.

        `challenges` are the WWW-Authenticate or Proxy-Authenticate values of one response, in
        their order. Raises SipError for a malformed one.
        """
        for text in challenges:
            if not text.strip().lower().startswith("digest "):
                continue
            params = parse_digest(text)
            algorithm = _known_algorithm(params.get("algorithm", "MD5"))
            qops = [qop.strip().lower() for qop in params.get("qop", "").split(",")]
            if algorithm and params.get("nonce") and (qops == [""] or "auth" in qops):
                return self._answer(params, algorithm, "auth" in qops, method, uri)
        return None

    def _answer(
        self, params: Mapping[str, str], algorithm: str, has_qop: bool, method: str, uri: str
    ) -> str:
        realm, nonce = params.get("realm", ""), params["nonce"]
        self._count = self._count + 1 if nonce == self._nonce else 1
        self._nonce = nonce
        said = {"nonce": nonce, "cnonce": self._new_token()}
        if has_qop:
            said |= {"nc": f"{self._count:08x}", "qop": "auth"}
        secret = secret_hash(algorithm, self._username, realm, self._password)
        response = response_hash(algorithm, secret, said, method, uri)
        parts = [
            f"username={_quoted(self._username)}, realm={_quoted(realm)}",
            f'nonce={_quoted(nonce)}, uri="{uri}", response="{response}", algorithm={algorithm}',
        ]
        if has_qop:
            parts.append(f'cnonce="{said["cnonce"]}", qop=auth, nc={said["nc"]}')
        elif algorithm.endswith("-sess"):
            parts.append(f'cnonce="{said["cnonce"]}"')
        if "opaque" in params:
            parts.append(f"opaque={_quoted(params['opaque'])}")
        return "Digest " + ", ".join(parts)


def _known_algorithm(name: str) -> str:
    """Return the algorithm in its usual spelling, "" when it is none of ours."""
    plain, dash, _ = name.upper().partition("-SESS")
    if plain not in _HASHES:
        return ""
    return plain + "-sess" if dash else plain


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
