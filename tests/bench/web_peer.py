"""A web server to measure, in its own process: ours, or a bare one that parses and answers.

`python -m tests.bench.web_peer ours <folder>` or `... bare <folder>` prints one JSON line with the
port and the tokens to use. The bare FastAPI one is bare_fastapi.py, in an environment of its own.
Not here: the load (bench_http_order.py).
"""

import asyncio
import gc
import json
import sys
from pathlib import Path
from typing import Any, Final

import msgspec
import uvloop
from aiohttp import WSMsgType, web

CONNECTIONS: Final = 256  # one account and login each


class Order(msgspec.Struct, forbid_unknown_fields=True):
    """What the bare endpoints parse."""

    symbol: str
    side: str
    qty: int
    price: str
    type: str = ""
    request_id: str = ""


ANSWER: Final = {"cl_ord_id": "261123000001", "order_no": 1, "type": "accepted"}


def told(port: int, tokens: list[str]) -> None:
    """Tell the load where to go."""
    print(json.dumps({"port": port, "tokens": tokens}), flush=True)


def ours(folder: Path) -> None:
    """Serve the web door on a real heart with its journal on disk, until killed."""
    from twisted.internet import asyncioreactor

    asyncioreactor.install(uvloop.new_event_loop())
    from twisted.internet import reactor
    from twisted.internet.defer import Deferred

    from gateway.cli.run import GC_THRESHOLDS, SWITCH_INTERVAL_S
    from gateway.identity.logins import LoginKind
    from gateway.obs.log import start_logging
    from tests.bench.web_limits import UNLIMITED
    from tests.builders.identity import PASSWORD
    from tests.builders.web import WebRig

    sys.setswitchinterval(SWITCH_INTERVAL_S)  # as `hotline run` does
    start_logging("info", (folder / "log").open("w"), lambda: "")
    rig = WebRig(folder, **UNLIMITED)
    accounts = tuple(f"{n:08d}" for n in range(1, CONNECTIONS + 1))

    async def up() -> None:
        await rig.start(accounts)
        tokens = []
        for account_no in accounts:
            begun: Any = await rig.identity.logins.log_in(account_no, PASSWORD, LoginKind.BEARER)
            tokens.append(begun.token)
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)
        told(rig.door.port, tokens)

    reactor.callWhenRunning(lambda: Deferred.fromCoroutine(up()))
    reactor.run()


async def _bare_order(request: web.Request) -> web.Response:
    order = decode(await request.read())
    answer = {**ANSWER, "symbol": order.symbol}
    return web.Response(body=encode(answer), status=201, content_type="application/json")


async def _bare_stream(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(compress=False)
    await socket.prepare(request)
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            order = decode(message.data)
            await socket.send_str(encode({**ANSWER, "symbol": order.symbol}).decode())
    return socket


decode: Final = msgspec.json.Decoder(Order).decode
encode: Final = msgspec.json.Encoder().encode


async def bare() -> None:
    """Serve two endpoints that parse an order and answer."""
    application = web.Application()
    application.router.add_post("/v1/orders", _bare_order)
    application.router.add_get("/v1/stream", _bare_stream)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    told(runner.addresses[0][1], ["x" * 43] * CONNECTIONS)
    await asyncio.Event().wait()


if __name__ == "__main__":
    if sys.argv[1] == "ours":
        ours(Path(sys.argv[2]))
    else:
        uvloop.run(bare())
