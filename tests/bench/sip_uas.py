"""Our SIP stack alone, as a process: rings, answers every call at once, takes the BYE.

No media and no call flow: what is measured is signalling. Prints its port as JSON.
"""

import gc
import itertools
import random
import sys
from typing import Any

from gateway.app.process import Ready, Stop, run_process
from gateway.cli.run import GC_THRESHOLDS
from gateway.obs.log import start_logging, to_stderr
from gateway.sip.incoming import IncomingCall
from gateway.sip.settings import SipSettings
from gateway.sip.transport import UdpTransport
from gateway.sip.useragent import UserAgent

RTP = ("127.0.0.1", 40_000)


def answered(call: IncomingCall) -> None:
    """Take the call, as fast as one can."""
    call.ringing()
    call.answer(RTP)


class _Uas:
    def __init__(self, reactor: Any, stop: Stop) -> None:
        settings = SipSettings(
            listen_port=0,
            calls_max=100_000,
            transactions_max=1_000_000,
            peer_datagrams_per_s=1_000_000,
            peer_datagrams_burst=1_000_000,
        )
        self._transport = UdpTransport(settings, reactor)
        self._reactor = reactor
        bits = random.Random(1)
        numbers = itertools.count(1)
        UserAgent(
            self._transport,
            reactor,
            answered,
            settings=settings,
            new_token=lambda: f"{bits.getrandbits(64):016x}",
            new_call_no=lambda: f"call-{next(numbers)}",
        )

    async def start(self) -> Ready:
        """Listen, with the collector set as `hotline run` sets it."""
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)
        self._transport.start(self._reactor)
        return {"port": self._transport.local.port}

    async def stop(self) -> None:
        """Close the socket."""
        await self._transport.stop()


if __name__ == "__main__":
    start_logging("error", to_stderr(), lambda: "")
    sys.exit(run_process(_Uas))
