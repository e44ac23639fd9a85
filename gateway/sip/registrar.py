"""The registrar of our agents' phones: REGISTER with digest, contacts, expiry (RFC 3261 §10).

Not here: contacts themselves (gateway.sip.bindings), what agents do (gateway.callcenter).
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, NamedTuple

import structlog
from twisted.internet.interfaces import IReactorTime

from gateway.core.tasks import Tasks, Timer
from gateway.sip import metrics
from gateway.sip.bindings import Bindings, Terms, TooBrief
from gateway.sip.boundary import contained
from gateway.sip.digest import Challenger, Verified
from gateway.sip.edge_settings import EdgeSettings
from gateway.sip.message import Request
from gateway.sip.rates import Rates
from gateway.sip.uri import Uri, number_of
from gateway.sip.wire import Hop

log = structlog.get_logger("sip")

HOST_GUESSES: Final = 10  # a host may guess that many times what one name of it may

OnChange = Callable[[str, bool], None]


class Answer(NamedTuple):
    """Status and headers of the response a REGISTER gets."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()


class Registrar:
    """Phones by name. Reactor thread only; `passwords` by username, `key` is our secret."""

    def __init__(
        self,
        settings: EdgeSettings,
        passwords: Mapping[str, str],
        clock: IReactorTime,
        tasks: Tasks,
        new_token: Callable[[], str],
        key: bytes,
    ) -> None:
        self._passwords = dict(passwords)
        self._clock = clock
        self._tasks = tasks
        self._challenger = Challenger(
            settings.realm,
            self._passwords.get,
            key=key,
            now_s=clock.seconds,
            new_token=new_token,
            nonce_s=settings.nonce_s,
            digests=settings.digests,
        )
        terms = Terms(settings.register_s_min, settings.register_s_max, settings.phone_contacts_max)
        self._bindings = Bindings(terms)
        per_s = settings.guesses_per_min / 60
        burst = max(1.0, settings.guesses_per_min)
        self._name_guesses = Rates(per_s, burst, clock)
        self._host_guesses = Rates(per_s * HOST_GUESSES, burst * HOST_GUESSES, clock)
        self._registered: set[str] = set()
        self._on_change: list[OnChange] = []
        self._timer: Timer | None = None

    def has(self, username: str) -> bool:
        """Return True when a phone of that name is configured."""
        return username in self._passwords

    def contacts(self, username: str) -> list[tuple[Uri, Hop]]:
        """Return where the phone can be called, the newest contact first; [] when it is away.

        The first is the Request-URI, as the phone wrote it; the second where the request goes.
        """
        bindings = self._bindings.of(username, self._clock.seconds())
        return [(binding.uri, binding.hop) for binding in reversed(bindings)]

    def is_registered(self, username: str) -> bool:
        """Return True while the phone has a contact."""
        return bool(self._bindings.of(username, self._clock.seconds()))

    def on_change(self, callback: OnChange) -> None:
        """Tell username and whether it is there when the first contact comes or the last goes."""
        self._on_change.append(callback)

    def refusal(self, request: Request, source: Hop) -> Answer | None:
        """Return what a request gets that does not prove whose phone sent it, None when it does.

        For a first look, before anything is kept of the request. Raises SipError for malformed
        credentials.
        """
        judged = self._judge(request, source, is_first_look=True)
        return judged if isinstance(judged, Answer) else None

    def username_of(self, request: Request, source: Hop) -> str | Answer:
        """Return whose phone sent the request, or what it gets instead: 401, or 403 for guessing.

        Raises SipError for malformed credentials.
        """
        return self._judge(request, source, is_first_look=False)

    def _judge(self, request: Request, source: Hop, *, is_first_look: bool) -> str | Answer:
        by_name = (source.host, number_of(request.sender.uri))
        if self._host_guesses.is_spent(source.host) or self._name_guesses.is_spent(by_name):
            metrics.REGISTRATIONS.labels(metrics.Registration.LOCKED.value).inc()
            return Answer(403)
        result = self._challenger.check(
            request.headers.get_all("Authorization"),
            request.method,
            [str(request.uri)],
            is_first_look=is_first_look,
        )
        if isinstance(result, Verified):
            return result.username
        if result.is_guess:
            self._name_guesses.admits(by_name)
            self._host_guesses.admits(source.host)
            metrics.REGISTRATIONS.labels(metrics.Registration.GUESSED.value).inc()
            log.warning("sip.phone_refused", peer=source.host, method=request.method)
        challenges = self._challenger.challenges(result.is_stale)
        return Answer(401, tuple(("WWW-Authenticate", each) for each in challenges))

    def receive(self, request: Request, source: Hop) -> Answer:
        """Do what a REGISTER asks and return its answer. Raises SipError for a malformed one."""
        username = self.username_of(request, source)
        if isinstance(username, Answer):
            return username
        if number_of(request.to.uri) != username:
            return Answer(403)  # nobody registers for somebody else
        now_s = self._clock.seconds()
        try:
            self._bindings.take(username, request, source, now_s)
        except TooBrief as e:
            return Answer(423, (("Min-Expires", str(e.min_s)),))
        metrics.REGISTRATIONS.labels(metrics.Registration.TAKEN.value).inc()
        self._tell(username)
        self._plan()
        return Answer(200, self._listed(username, now_s))

    def lost(self, hop: Hop) -> None:
        """A connection has ended: nobody is reached by it any more (RFC 5626 §4.2.2 in spirit)."""
        for username in self._bindings.names_at(hop):
            self._bindings.drop(username, self._clock.seconds(), lost=hop)
            self._tell(username)

    def _listed(self, username: str, now_s: float) -> tuple[tuple[str, str], ...]:
        return tuple(
            ("Contact", f"<{binding.uri}>;expires={max(1, round(binding.expires_at_s - now_s))}")
            for binding in self._bindings.of(username, now_s)
        )

    def _plan(self) -> None:
        """See to it that the next expiry is noticed."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        at_s = self._bindings.next_expiry_s()
        if at_s is not None:
            delay_s = max(0.0, at_s - self._clock.seconds())
            self._timer = self._tasks.call_later("sip.registration_expiry", delay_s, self._expire)

    def _expire(self) -> None:
        now_s = self._clock.seconds()
        for username in self._bindings.names():
            self._bindings.drop(username, now_s)
            self._tell(username)
        self._plan()

    def _tell(self, username: str) -> None:
        is_registered = self.is_registered(username)
        if is_registered is (username in self._registered):
            return
        if is_registered:
            self._registered.add(username)
        else:
            self._registered.discard(username)
        metrics.PHONES_REGISTERED.set(len(self._registered))
        log.info("sip.phone_changed", phone_name=username, is_registered=is_registered)
        for callback in list(self._on_change):
            contained("sip.callback_failed", partial(callback, username, is_registered))
