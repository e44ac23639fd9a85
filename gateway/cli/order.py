"""`hotline order`: place, cancel and list orders over the web API, as a customer's program would.

Not here: a second way into the gateway; this is an HTTP client like any other.
"""

import contextlib
import http.client
import json
import os
import secrets
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any, Final, NoReturn

import click

TIMEOUT_S: Final = 10
ANSWER_BYTES_MAX: Final = 1 << 22

Answer = dict[str, Any]


@click.group()
@click.option("--url", default="http://127.0.0.1:8443", show_default=True, help="The web door.")
@click.option("--account", required=True, help="Account number.")
@click.option(
    "--password",
    envvar="HOTLINE_PASSWORD",
    prompt=True,
    hide_input=True,
    help="Web password; better by HOTLINE_PASSWORD or at the prompt.",
)
@click.pass_context
def order(context: click.Context, url: str, account: str, password: str) -> None:
    """Place, cancel or list orders over the web API."""
    if not url.startswith(("http://", "https://")):
        raise click.UsageError(f"--url: must begin with http:// or https://, was {url!r}")
    login = _ask(
        url, "POST", "/v1/login", {"account_no": account, "password": password, "kind": "bearer"}
    )
    context.obj = (url, login["token"])
    context.call_on_close(lambda: _ask(url, "POST", "/v1/logout", token=login["token"]))


def _submit(caller: tuple[str, str], side: str, symbol: str, qty: int, price: str) -> None:
    url, token = caller
    body = {"symbol": symbol, "side": side, "qty": qty, "price": price}
    key = secrets.token_hex(8)
    answer = _ask(url, "POST", "/v1/orders", body, token, {"Idempotency-Key": key})
    click.echo(json.dumps(answer, ensure_ascii=False))


@order.command()
@click.argument("symbol")
@click.argument("qty", type=int)
@click.argument("price")
@click.pass_obj
def buy(caller: tuple[str, str], symbol: str, qty: int, price: str) -> None:
    """Buy QTY of SYMBOL at PRICE."""
    _submit(caller, "buy", symbol, qty, price)


@order.command()
@click.argument("symbol")
@click.argument("qty", type=int)
@click.argument("price")
@click.pass_obj
def sell(caller: tuple[str, str], symbol: str, qty: int, price: str) -> None:
    """Sell QTY of SYMBOL at PRICE."""
    _submit(caller, "sell", symbol, qty, price)


@order.command()
@click.argument("cl_ord_id")
@click.pass_obj
def cancel(caller: tuple[str, str], cl_ord_id: str) -> None:
    """Cancel what is left of an order."""
    url, token = caller
    key = {"Idempotency-Key": secrets.token_hex(8)}
    answer = _ask(url, "DELETE", f"/v1/orders/{cl_ord_id}", token=token, headers=key)
    click.echo(json.dumps(answer, ensure_ascii=False))


@order.command("list")
@click.pass_obj
def list_(caller: tuple[str, str]) -> None:
    """List the day's orders, newest first."""
    url, token = caller
    for row in _ask(url, "GET", "/v1/orders", token=token)["orders"]:
        click.echo(
            f"{row['cl_ord_id']}  {row['side']:4} {row['symbol']} {row['qty']:>8} @ {row['price']}"
            f"  {row['ord_status']}, {row['cum_qty']} filled"
        )


def _ask(
    url: str,
    method: str,
    path: str,
    body: Answer | None = None,
    token: str = "",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Return the JSON answer; a problem becomes the command's error message."""
    language = "zh" if os.environ.get("LANG", "").startswith("zh") else "en"
    sent = {"Content-Type": "application/json", "Accept-Language": language, **(headers or {})}
    if token:
        sent["Authorization"] = f"Bearer {token}"
    raw = None if body is None else json.dumps(body).encode()
    try:
        request = urllib.request.Request(url + path, raw, sent, method=method)
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:
            text = response.read(ANSWER_BYTES_MAX)
    except urllib.error.HTTPError as e:
        _fail(e.read(ANSWER_BYTES_MAX).decode(errors="replace"))
    except (OSError, ValueError, http.client.HTTPException) as e:
        why = getattr(e, "reason", e)
        _fail(f"--url: {url} does not answer ({why}): is the gateway running, is it that port?")
    try:
        answer: Answer = json.loads(text) if text else {}
    except ValueError:
        _fail(f"--url: {url} does not answer as the web door does: is it that port?")
    return answer


def _fail(text: str) -> NoReturn:
    with contextlib.suppress(ValueError, KeyError, TypeError):  # not a problem document
        problem = json.loads(text)
        text, remedy = problem["detail"], problem.get("remedy", "")
        if remedy and remedy not in text:
            text = f"{text}: {remedy}"
    raise click.ClickException(text)
