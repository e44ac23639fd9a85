"""An exchange with a gate: trunks, phones and strangers at known addresses."""

from gateway.core.tasks import Tasks
from gateway.sip.edge_settings import PhoneSettings, TrunkSettings
from gateway.sip.gate import Gate
from gateway.sip.registrar import Registrar
from gateway.sip.trunks import Trunk, Trunks
from gateway.sip.wire import Hop
from tests.builders.registrar import PASSWORDS
from tests.builders.sip import Exchange, tokens

CARRIER = Hop("203.0.113.7", 5060)
PHONE = Hop("10.0.0.5", 5060)
LOCAL = Hop("127.0.0.1", 5062)
STRANGER = Hop("198.51.100.66", 5060)


def a_trunk(name: str = "carrier", **settings: object) -> TrunkSettings:
    """Return a trunk that calls from CARRIER."""
    return TrunkSettings(**{"name": name, "hosts": (CARRIER.host,), **settings})  # type: ignore[arg-type]


class GatedExchange(Exchange):
    """Its trunk is CARRIER, its phones are at PHONE, LOCAL is open."""

    def __init__(self, *, has_phones: bool = True, **settings: object) -> None:
        self._has_phones = has_phones
        phones = tuple(PhoneSettings(username=name, password_file="x") for name in PASSWORDS)
        super().__init__(**{"trunks": (a_trunk(),), "phones": phones, **settings})

    def make_gate(self) -> Gate:
        self.trunks = Trunks(self.settings.trunks)
        self.registrar = None
        if self._has_phones:
            self.registrar = Registrar(
                self.settings, PASSWORDS, self.clock, Tasks(self.clock), tokens(), b"key"
            )
        return Gate(self.settings, self.trunks, self.registrar, self.clock)

    def trunk(self, name: str = "carrier") -> Trunk:
        return next(trunk for trunk in self.trunks if trunk.name == name)
