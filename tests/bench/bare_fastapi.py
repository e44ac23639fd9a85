"""FastAPI on uvicorn that parses an order and answers; runs in the bench's own environment.

Prints one JSON line with its port. Not here: anything of ours.
"""

import json
import socket

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from pydantic import BaseModel, ConfigDict

application = FastAPI()


class Order(BaseModel):
    """What the endpoints parse."""

    model_config = ConfigDict(extra="forbid")
    symbol: str
    side: str
    qty: int
    price: str
    type: str = ""
    request_id: str = ""


class Accepted(BaseModel):
    """What they answer."""

    cl_ord_id: str = "261123000001"
    order_no: int = 1
    type: str = "accepted"
    symbol: str


@application.post("/v1/orders", status_code=201)
async def place(order: Order) -> Accepted:
    """Parse and answer."""
    return Accepted(symbol=order.symbol)


@application.websocket("/v1/stream")
async def stream(ws: WebSocket) -> None:
    """Parse and answer, until the other side leaves."""
    await ws.accept()
    try:
        while True:
            order = Order.model_validate_json(await ws.receive_text())
            await ws.send_text(Accepted(symbol=order.symbol).model_dump_json())
    except WebSocketDisconnect:
        pass


if __name__ == "__main__":
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(1024)
    print(json.dumps({"port": listener.getsockname()[1], "tokens": ["x" * 43] * 256}), flush=True)
    settings = uvicorn.Config(application, log_level="error", access_log=False, loop="uvloop")
    uvicorn.Server(settings).run([listener])
