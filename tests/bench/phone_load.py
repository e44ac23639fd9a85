"""Many callers at once, in a process of their own: each dials, presses keys in time, hangs up.

Reads {"port", "per_s", "callers": [{"ani", "steps": [[wait_s, keys], ...]}]} as JSON on standard
input, prints one JSON line when all are through. Callers do not listen, so a step must wait long
enough; sound flows both ways all the time. Not here: what the keys mean (bench_calls).
"""

import itertools
import json
import os
import secrets
import sys
import time
from typing import Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import deferLater

from gateway.app.clock import iso_clock
from gateway.app.process import Ready, Stop, run_process
from gateway.media.link import hosted_media
from gateway.media.port import Leg, LegEvent, LegFigures, MediaLost, PlayDone, RtpPeer
from gateway.media.settings import MediaSettings
from gateway.obs.log import start_logging, to_stderr
from gateway.sip.settings import SipSettings
from gateway.sip.transport import UdpTransport
from gateway.sip.uri import Uri
from gateway.sip.useragent import UserAgent
from gateway.sip.wire import Hop
from tests.bench.processes import children_of, cpu_s

HOST = "127.0.0.1"
RING_S_MAX = 20.0


class Caller:
    """One call by its script."""

    def __init__(self, load: "PhoneLoad", number: int, script: dict[str, Any]) -> None:
        self._load, self._number, self._script = load, number, script
        self._answered: Deferred[RtpPeer | None] = Deferred()
        self._pressed: Deferred[None] | None = None
        self.told: dict[str, Any] = {"ani": script["ani"], "keys": "", "setup_ms": -1.0}

    async def run(self) -> None:
        """Dial at its turn, follow the script, hang up."""
        load = self._load
        await deferLater(load.reactor, self._number / load.per_s)
        leg = await load.media.open_leg(self._event)
        began_s = time.monotonic()
        to = Uri("sip", user="95500", host=HOST, port=load.peer.port)
        call = load.agent.place(to, self._script["ani"], load.peer, leg.local_address)
        call.on_answered(self._answered.callback)
        call.on_closed(lambda reason: self._over(reason.value))
        peer = await self._answered
        if peer is not None:
            self.told["setup_ms"] = (time.monotonic() - began_s) * 1e3
            leg.set_peer(peer)
            await self._follow(leg)
            call.hangup()
        figures: LegFigures = await leg.close()
        self.told |= {"lost_packets": figures.lost_packets, "received": figures.received_packets}
        self.told |= {"status": call.status}

    async def _follow(self, leg: Leg) -> None:
        for wait_s, keys in self._script["steps"]:
            await deferLater(self._load.reactor, wait_s)
            if "closed" in self.told:
                return
            self._pressed = Deferred()
            leg.send_digits(keys, 1)
            await self._pressed
            self.told["keys"] += keys
        self.told["is_through"] = "closed" not in self.told

    def _over(self, reason: str) -> None:
        self.told["closed"] = reason
        if not self._answered.called:
            self._answered.callback(None)
        self._event(PlayDone(1))

    def _event(self, event: LegEvent) -> None:
        pressed = self._pressed
        if isinstance(event, PlayDone | MediaLost) and pressed is not None and not pressed.called:
            pressed.callback(None)


class PhoneLoad:
    """All callers of one process."""

    def __init__(self, wish: dict[str, Any], reactor: Any, stop: Stop) -> None:
        self.reactor, self._stop = reactor, stop
        self.per_s = float(wish["per_s"])
        self.peer = Hop(HOST, int(wish["port"]))
        settings = MediaSettings(rtp_host=HOST, worker_count=1)
        self.media = hosted_media(settings, reactor, time.time_ns, secrets.randbits)
        self._transport = UdpTransport(SipSettings(listen_port=0), reactor)
        numbers = itertools.count(1)
        self.agent = UserAgent(
            self._transport,
            reactor,
            lambda call: call.refuse(486),
            settings=SipSettings(calls_max=10_000, transactions_max=100_000),
            new_token=lambda: secrets.token_hex(8),
            new_call_no=lambda: f"load-{next(numbers)}",
        )
        self._callers = [Caller(self, n, each) for n, each in enumerate(wish["callers"])]

    async def start(self) -> Ready:
        """Let them all call, print what became of them."""
        await self.media.start()
        self._transport.start(self.reactor)
        await gatherResults([Deferred.fromCoroutine(each.run()) for each in self._callers])
        await self._transport.stop()
        pids = [os.getpid(), *children_of(os.getpid())]
        spent_s = sum(cpu_s(pid) for pid in pids)
        told = [each.told for each in self._callers]
        sys.stdout.write(json.dumps({"callers": told, "cpu_s": spent_s}) + "\n")
        sys.stdout.flush()
        self._stop(0)
        return {}

    async def stop(self) -> None:
        """End the media worker."""
        await self.media.stop()


if __name__ == "__main__":
    start_logging("error", to_stderr(), iso_clock(time.time_ns))
    WISH = json.load(sys.stdin)
    sys.exit(run_process(lambda reactor, stop: PhoneLoad(WISH, reactor, stop)))
