"""A gateway's phone door without its rooms, as a process: prints its port, then one line per call.

Not here: call flows; callers hear a tone and hang up when they like.
"""

import json
import sys
import time
from typing import Any

from gateway.app.clock import iso_clock
from gateway.app.process import Ready, Stop, run_process
from gateway.obs.log import start_logging, to_stderr


class _PhoneProcess:
    def __init__(self, reactor: Any, stop: Stop) -> None:
        from tests.peers.gateway_phone import GatewayPhone  # it takes the reactor that is installed

        self._phone = GatewayPhone(hangs_up=False)
        answer = self._phone.on_call

        def taken(call: Any) -> None:
            answer(call)
            call.on_closed(lambda reason: self._tell(call.sip_call_id, reason.value))

        self._phone.on_call = taken

    def _tell(self, sip_call_id: str, end: str) -> None:
        sys.stdout.write(json.dumps({"sip_call_id": sip_call_id, "end": end}) + "\n")
        sys.stdout.flush()

    async def start(self) -> Ready:
        """Take calls."""
        return {"port": await self._phone.start()}

    async def stop(self) -> None:
        """End the calls."""
        await self._phone.stop()


if __name__ == "__main__":
    start_logging("warning", to_stderr(), iso_clock(time.time_ns))
    sys.exit(run_process(_PhoneProcess))
