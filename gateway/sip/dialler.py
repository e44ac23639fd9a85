"""Places calls to the telephone network: trunks by priority and weight, a number that is ours.

Not here: going on to the next trunk (gateway.sip.dialled_call), calls to registered phones
(gateway.sip.useragent), when and whom we may call (notify).
"""

import re
from collections.abc import Callable, Iterator
from typing import Final

from gateway.core.tasks import Tasks
from gateway.media.port import Address
from gateway.sip.caller import e164, national
from gateway.sip.dialled_call import DialledCall
from gateway.sip.digest import Credentials
from gateway.sip.edge_settings import EdgeSettings
from gateway.sip.outgoing import OutgoingCall
from gateway.sip.trunks import Trunk, Trunks
from gateway.sip.uri import Uri
from gateway.sip.useragent import UserAgent
from risk.domain.errors import PermanentFailure

_NUMBER: Final = re.compile(r"\+?[0-9]{3,20}")


class DialRefused(PermanentFailure):
    """We do not make this call: the number to call or the number to show is not acceptable."""

    code = "sip.dial_refused"


class Dialler:
    """Reactor thread only. `random_below(n)` returns 0..n-1."""

    def __init__(
        self,
        settings: EdgeSettings,
        trunks: Trunks,
        agent: UserAgent,
        tasks: Tasks,
        random_below: Callable[[int], int],
        new_call_no: Callable[[], str],
    ) -> None:
        self._own = {e164(number): number for number in settings.own_numbers}
        self._silence_s = settings.dial_silence_s
        self._trunks = [trunk for trunk in trunks if trunk.hop is not None]
        self._agent = agent
        self._tasks = tasks
        self._random_below = random_below
        self._new_call_no = new_call_no
        self._credentials = {
            trunk.name: Credentials(trunk.settings.username, trunk.password, agent.new_token)
            for trunk in self._trunks
            if trunk.settings.username
        }

    def place(self, number: str, ani: str, local: Address) -> DialledCall:
        """Call `number` and show `ani`, with our audio at `local`; register callbacks right after.

        Raises DialRefused. When no trunk is free the call comes back closed, with status 503.
        """
        if not _NUMBER.fullmatch(number):
            raise DialRefused(f"number to call must be digits, was {number[:24]!r}")
        shown = self._own.get(e164(ani))
        if shown is None:
            raise DialRefused(
                f"number to show must be one of sip.own_numbers, was {ani[:24]!r}: name it there"
                " if it is registered for the firm"
            )
        call_no = self._new_call_no()

        def attempt(trunk: Trunk) -> OutgoingCall:
            assert trunk.hop is not None
            return self._agent.place(
                _address_of(number, trunk),
                shown,
                trunk.hop,
                local,
                credentials=self._credentials.get(trunk.name),
                call_no=call_no,
            )

        call = DialledCall(call_no, self._in_turn(), attempt, self._silence_s, self._tasks)
        call.start()
        return call

    def _in_turn(self) -> Iterator[Trunk]:
        """Yield each trunk once: up before down, then by priority, then by chance and weight."""
        left = list(self._trunks)
        while left:
            best = min(_rank(trunk) for trunk in left)
            equal = [trunk for trunk in left if _rank(trunk) == best]
            at = self._random_below(sum(trunk.settings.weight for trunk in equal))
            for trunk in equal:
                at -= trunk.settings.weight
                if at < 0:
                    break
            left.remove(trunk)
            yield trunk


def _rank(trunk: Trunk) -> tuple[bool, int]:
    return not trunk.is_up, trunk.settings.priority


def _address_of(number: str, trunk: Trunk) -> Uri:
    """Return the Request-URI: the number in the form its carrier wants, at the carrier's host."""
    assert trunk.hop is not None
    host, port, transport = trunk.hop
    form = national if trunk.settings.number_form == "national" else e164
    params: tuple[tuple[str, str | None], ...] = (("user", "phone"),)
    if transport != "UDP":
        params += (("transport", transport.lower()),)
    return Uri("sip", form(number), host, port, params)
