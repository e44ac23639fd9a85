"""A registrar on a virtual clock, and a phone that answers its challenges."""

from twisted.internet.task import Clock

from gateway.core.tasks import Tasks
from gateway.sip.digest import Credentials
from gateway.sip.edge_settings import EdgeSettings
from gateway.sip.message import Request, parse_message
from gateway.sip.registrar import Answer, Registrar
from gateway.sip.wire import Hop
from tests.builders.sip import CALLER, a_request, tokens

REGISTRAR = "sip:192.0.2.10"
PASSWORDS = {"agent1": "one", "agent2": "two"}


class Office:
    """A registrar, the changes it tells of, and what a phone may ask."""

    def __init__(self, **settings: object) -> None:
        self.clock = Clock()
        self.changes: list[tuple[str, bool]] = []
        self.registrar = Registrar(
            EdgeSettings(**settings),  # type: ignore[arg-type]
            PASSWORDS,
            self.clock,
            Tasks(self.clock),
            tokens(),
            b"key",
        )
        self.registrar.on_change(lambda name, is_there: self.changes.append((name, is_there)))
        self._cseq = 0

    def ask(
        self,
        name: str = "agent1",
        *headers: str,
        contact: str | None = "<sip:agent1@192.0.2.1:5060>",
        source: Hop = CALLER,
        cseq: int = 0,
        call_id: str = "reg",
        to: str = "",
        password: str = "",
        via: str = "",
    ) -> Answer:
        """Send a REGISTER with right credentials, unless `password` is another one."""
        self._cseq += 1
        rows = headers if contact is None else (f"Contact: {contact}", *headers)
        credentials = Credentials(name, password or PASSWORDS.get(name, ""), tokens())
        challenge = self.registrar.receive(a_register(name), source)
        if challenge.status == 401:
            values = [value for _, value in challenge.headers]
            rows += (f"Authorization: {credentials.answer(values, 'REGISTER', REGISTRAR)}",)
        request = a_register(to or name, *rows, cseq=cseq or self._cseq, call_id=call_id, via=via)
        return self.registrar.receive(request, source)

    def uris(self, name: str = "agent1") -> list[str]:
        """Return the contacts as text, the newest first."""
        return [str(uri) for uri, _ in self.registrar.contacts(name)]


def a_register(
    name: str, *headers: str, cseq: int = 1, call_id: str = "reg", via: str = ""
) -> Request:
    """Return a REGISTER of that name."""
    text = a_request(
        "REGISTER", uri=REGISTRAR, cseq=cseq, call_id=call_id, extra=headers, via=via,
        sender=f"<sip:{name}@192.0.2.10>;tag=a", to=f"<sip:{name}@192.0.2.10>",
    )  # fmt: skip
    message = parse_message(text.encode())
    assert isinstance(message, Request)
    return message
