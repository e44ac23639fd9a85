"""One request on its way through the door: who asks, for what, and in which language.

Not here: any decision about it.
"""

from typing import Any

from aiohttp.web import BaseRequest

from gateway.identity.logins import Login
from gateway.web.problems import Kind, Problem
from risk.domain.enums import Language


class Asked:
    """One request. `login` is None on public routes; `arg` is the variable part of the path."""

    __slots__ = (
        "_login",
        "address",
        "arg",
        "body",
        "entered_ns",
        "entry",
        "language",
        "query",
        "request",
        "token",
        "trace_id",
    )

    def __init__(
        self, request: BaseRequest, trace_id: str, language: Language, entered_ns: int
    ) -> None:
        self.request = request
        self.trace_id = trace_id
        self.language = language
        self.entered_ns = entered_ns
        self.address = ""
        self.arg = ""
        self.token = ""
        self.body: Any = None
        self.query: Any = None
        self.entry: Any = None  # of the route table, as the server made it ready
        self._login: Login | None = None

    @property
    def login(self) -> Login:
        """The login of a route that needs one."""
        if self._login is None:
            raise Problem(Kind.NOT_LOGGED_IN)
        return self._login

    def belongs_to(self, login: Login, token: str) -> None:
        """Note whose request it is."""
        self._login = login
        self.token = token
