"""Every route of the door on one page: the table is the dispatch, the document and the tests.

`call` names a room and its method. Not here: what they do.
"""

import enum
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from gateway.web import schemas as s
from gateway.web.problems import Kind, Problem


class Access(enum.Enum):
    """Who may ask. CHANGE is LOGIN plus a CSRF token when the login is a cookie's."""

    PUBLIC = "public"
    LOGIN = "login"
    CHANGE = "change"


class Route(NamedTuple):
    """One method of one path; `{}` stands for the one variable part of a path."""

    method: str
    path: str
    call: str
    access: Access
    summary: str
    answers: dict[int, type | None]
    body: type | None = None
    query: type | None = None
    arg: tuple[str, Any] = ("", None)  # name and type of the path's variable part
    needs_key: bool = False  # header Idempotency-Key
    kinds: tuple[Kind, ...] = ()
    may_be_denied: bool = False  # by the heart, with a reason


_ORDER_ARG: Final = ("cl_ord_id", s.ClOrdID)

ROUTES: Final = (
    Route(
        "POST",
        "/v1/login",
        "access.log_in",
        Access.PUBLIC,
        "Log in with account and password",
        {200: s.LogInAnswer},
        body=s.LogInRequest,
        kinds=(Kind.LOGIN_REFUSED, Kind.LOGIN_LOCKED),
    ),
    Route("POST", "/v1/logout", "access.log_out", Access.CHANGE, "End this login", {204: None}),
    Route("GET", "/v1/me", "access.me", Access.LOGIN, "Who is logged in", {200: s.MeAnswer}),
    Route(
        "POST",
        "/v1/orders",
        "orders.submit",
        Access.CHANGE,
        "Buy or sell; 201 once the order is checked and durable",
        {201: s.AcceptedAnswer, 202: s.PendingAnswer},
        body=s.OrderRequest,
        needs_key=True,
        may_be_denied=True,
    ),
    Route(
        "GET",
        "/v1/orders",
        "orders.list",
        Access.LOGIN,
        "Own orders of the day, the newest first",
        {200: s.OrdersAnswer},
        query=s.OrdersQuery,
    ),
    Route(
        "GET",
        "/v1/orders/{}",
        "orders.show",
        Access.LOGIN,
        "One own order",
        {200: s.OrderAnswer},
        arg=_ORDER_ARG,
        kinds=(Kind.NOT_FOUND,),
    ),
    Route(
        "DELETE",
        "/v1/orders/{}",
        "orders.cancel",
        Access.CHANGE,
        "Ask the venue to cancel what is left of an own order",
        {200: s.CancelAnswer, 202: s.PendingAnswer},
        arg=_ORDER_ARG,
        may_be_denied=True,
    ),
    Route(
        "GET",
        "/v1/requests/{}",
        "orders.ask_again",
        Access.LOGIN,
        "The outcome of an earlier request of yours, by its Idempotency-Key",
        {200: s.CancelAnswer, 201: s.AcceptedAnswer, 202: s.PendingAnswer},
        arg=("idempotency_key", s.IdempotencyKey),
        kinds=(Kind.NOT_FOUND,),
        may_be_denied=True,
    ),
    Route(
        "GET",
        "/v1/fills",
        "orders.fills",
        Access.LOGIN,
        "Own fills of the day",
        {200: s.FillsAnswer},
        query=s.FillsQuery,
    ),
    Route("GET", "/v1/account", "accounts.cash", Access.LOGIN, "Cash", {200: s.AccountAnswer}),
    Route(
        "GET",
        "/v1/positions",
        "accounts.positions",
        Access.LOGIN,
        "Holdings",
        {200: s.PositionsAnswer},
    ),
    Route(
        "GET",
        "/v1/quotes",
        "quotes.latest",
        Access.LOGIN,
        "Latest prices",
        {200: s.QuotesAnswer},
        query=s.QuotesQuery,
        kinds=(Kind.NOT_FOUND,),
    ),
    Route(
        "GET",
        "/v1/instruments",
        "quotes.search",
        Access.LOGIN,
        "Instruments by the beginning of a code",
        {200: s.InstrumentsAnswer},
        query=s.InstrumentsQuery,
    ),
    Route(
        "GET",
        "/v1/stream",
        "streams.open",
        Access.LOGIN,
        "WebSocket: order entry, and a stream of own orders, fills, cash and quotes",
        {101: None},
        kinds=(Kind.ORIGIN, Kind.TOO_MANY_STREAMS),
    ),
    Route("GET", "/v1/openapi.json", "docs.openapi", Access.PUBLIC, "This document", {200: None}),
    Route(
        "GET", "/v1/docs", "docs.page", Access.PUBLIC, "A page to read this document", {200: None}
    ),
)


class Dispatch:
    """Finds the entry of a request. Entries are whatever the server makes of a route."""

    def __init__(self, entries: Iterable[tuple[Route, Any]]) -> None:
        self._entries: dict[tuple[str, str], Any] = {}
        self._methods: dict[str, list[str]] = {}
        for route, entry in entries:
            self._entries[(route.method, route.path)] = entry
            self._methods.setdefault(route.path, []).append(route.method)

    def find(self, method: str, path: str) -> tuple[Any, str]:
        """Return the entry and the variable part of the path; raises Problem 404 or 405."""
        entry = self._entries.get((method, path))
        if entry is not None and not path.endswith("{}"):
            return entry, ""
        place, _, arg = path.rpartition("/")
        pattern = place + "/{}"
        entry = self._entries.get((method, pattern))
        if entry is not None and arg:
            return entry, arg
        methods = self._methods.get(path) or (self._methods.get(pattern) if arg else None)
        if methods:
            raise Problem(Kind.METHOD, field="method", value=method, allow=", ".join(methods))
        raise Problem(Kind.NOT_FOUND, field="path", value=path)
