"""The gate: who is heard at all, and who may begin a call, before anything is kept of it.

A host that is no trunk, no place of our phones and not open is a stranger: by default it is not
even read. Nobody's name matters here: scanners need no list of user agents. Not here: whether a
phone is who it says (gateway.sip.registrar), limits on datagrams (gateway.sip.transport).
"""

from typing import Final

import structlog
from twisted.internet.interfaces import IReactorTime

from gateway.sip import metrics
from gateway.sip.edge_settings import EdgeSettings
from gateway.sip.errors import SipError
from gateway.sip.message import Request
from gateway.sip.metrics import Turned
from gateway.sip.networks import Networks
from gateway.sip.rates import Rates
from gateway.sip.registrar import Answer, Registrar
from gateway.sip.trunks import Trunk, Trunks
from gateway.sip.uri import number_of
from gateway.sip.verdict import ADMITTED, BUSY, SILENCE, Verdict
from gateway.sip.wire import Hop

log = structlog.get_logger("sip")

TOLD_EVERY_S: Final = 60.0  # a stranger's host is logged so often and no more


class Gate:
    """Reactor thread only. Without a registrar nobody may register."""

    def __init__(
        self,
        settings: EdgeSettings,
        trunks: Trunks,
        registrar: Registrar | None,
        clock: IReactorTime,
    ) -> None:
        self.trunks = trunks
        self.registrar = registrar
        self._refuses = settings.strangers == "refuse"
        phone_hosts = settings.phone_hosts if registrar is not None else ()
        self._open: Networks[bool] = Networks((host, True) for host in settings.open_hosts)
        self._phones: Networks[bool] = Networks((host, True) for host in phone_hosts)
        called = [trunk.hop.host for trunk in trunks if trunk.hop is not None]
        self._called: Networks[bool] = Networks((host, True) for host in called)
        self._rate = Rates(settings.invites_per_s, settings.invites_burst, clock)
        self._host_rate = Rates(settings.host_invites_per_s, settings.host_invites_burst, clock)
        self._told = Rates(1 / TOLD_EVERY_S, 1, clock)

    def hears(self, source: Hop) -> bool:
        """Return False for a host whose messages are dropped unread."""
        host = source.host
        if self._refuses or self.knows(host):
            return True
        self._turn(Turned.STRANGER_DROPPED, host)
        return False

    def knows(self, host: str) -> bool:
        """Return True for a trunk's host, a place of our phones, or an open one."""
        return bool(
            self.trunks.at(host)
            or self._open.of(host)
            or self._phones.of(host)
            or self._called.of(host)
        )

    def verdict(self, request: Request, source: Hop) -> Verdict:
        """Judge a request that belongs to no transaction yet, and is no ACK."""
        host = source.host
        if not self.knows(host):
            return self._turn_stranger(host)
        if request.method == "REGISTER":
            is_place = bool(self._phones.of(host))
            return self._phone(request, source) if is_place else self._turn_stranger(host)
        if request.to.tag or request.method == "CANCEL":
            return ADMITTED  # of a call there is, or it ends soon
        if request.method == "INVITE":
            return self._invite(request, source)
        return ADMITTED if self._host_rate.admits(host) else self._turn_busy(Turned.HOST_RATE, host)

    def phone_of(self, request: Request, source: Hop) -> str | Answer:
        """Return which phone of ours calls, "" for none, or what it gets until it has proved it.

        Raises SipError for malformed credentials.
        """
        if self.registrar is None or not self._comes_as_phone(request, source):
            return ""
        username = self.registrar.username_of(request, source)
        if isinstance(username, Answer) or username == number_of(request.sender.uri):
            return username
        return Answer(403)  # in the name of another

    def _comes_as_phone(self, request: Request, source: Hop) -> bool:
        """Return True when it has to prove whose phone it is.

        Where only phones are, everybody has to: so nobody learns which names there are.
        """
        host = source.host
        if self.registrar is None or not self._phones.of(host):
            return False
        is_other = bool(self.trunks.at(host) or self._open.of(host))
        return not is_other or self.registrar.has(number_of(request.sender.uri))

    def _invite(self, request: Request, source: Hop) -> Verdict:
        host = source.host
        trunk = self.trunks.of(source, request)
        is_phone = self._comes_as_phone(request, source)
        if trunk is None and not is_phone:
            if self.trunks.at(host):
                self._turn(Turned.NUMBER, host)
                return Verdict(False, 404)
            if not self._open.of(host):
                return self._turn_stranger(host)
        if not self._host_rate.admits(host):
            return self._turn_busy(Turned.HOST_RATE, host)
        if not self._rate.admits("all"):
            return self._turn_busy(Turned.RATE, host)
        if is_phone:
            return self._phone(request, source)
        if trunk is not None and trunk.is_full:
            return self._turn_full(trunk, host)
        return ADMITTED

    def _phone(self, request: Request, source: Hop) -> Verdict:
        """Ask who it is, and keep nothing until the answer is right."""
        assert self.registrar is not None
        try:
            answer = self.registrar.refusal(request, source)
        except SipError as e:
            answer = Answer(e.status)
        if answer is None:
            return ADMITTED
        metrics.TURNED_AWAY.labels(Turned.UNPROVED.value).inc()  # every phone at first: not logged
        return Verdict(False, *answer)

    def _turn_busy(self, reason: Turned, host: str) -> Verdict:
        self._turn(reason, host)
        return BUSY

    def _turn_full(self, trunk: Trunk, host: str) -> Verdict:
        metrics.TRUNK_BLOCKED.labels(trunk.name).inc()
        self._turn(Turned.LINES, host)
        return BUSY if trunk.settings.full_status == BUSY.status else Verdict(False, 486)

    def _turn_stranger(self, host: str) -> Verdict:
        if self._refuses:
            self._turn(Turned.STRANGER_REFUSED, host)
            return Verdict(False, 403)
        self._turn(Turned.STRANGER_DROPPED, host)
        return SILENCE

    def _turn(self, reason: Turned, host: str) -> None:
        metrics.TURNED_AWAY.labels(reason.value).inc()
        if self._told.admits((host, reason)):
            log.warning("sip.turned_away", peer=host, reason=reason.value)
