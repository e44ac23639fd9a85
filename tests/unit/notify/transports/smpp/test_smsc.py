"""From the ends of parts to the outcome of a message, and the route's own small rules."""

import random

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from notify.settings import SMSSettings
from notify.transports.port import Permanent, Sent, Temporary, Unknown
from notify.transports.smpp.connection import PartEnd
from notify.transports.smpp.smsc import SMPPTransport, outcome_of, relative_time
from tests.builders.notices import an_outgoing

TAKEN = PartEnd("m", 0, "", True)
REFUSED = PartEnd("", 0x0B, "smpp_destination_address", True)
BUSY = PartEnd("", 0x08, "smpp_status_0x8", True)
SILENT = PartEnd("", None, "smpp_response_timeout", True)
UNSENT = PartEnd("", None, "smpp_throttled", False)


@pytest.mark.parametrize(
    ("known", "ends", "outcome"),
    [
        (("",), {0: TAKEN}, Sent(("m",))),
        (("a", ""), {1: TAKEN}, Sent(("a", "m"))),
        (("", ""), {0: TAKEN, 1: BUSY}, Temporary("smpp_status_0x8", ("m", ""))),
        (("", ""), {0: TAKEN, 1: REFUSED}, Permanent("smpp_destination_address", ("m", ""))),
        (("", ""), {0: BUSY, 1: REFUSED}, Permanent("smpp_destination_address", ("", ""))),
        (("", ""), {0: SILENT, 1: BUSY}, Unknown("smpp_response_timeout", ("", ""))),
        (("",), {0: UNSENT}, Temporary("smpp_throttled", ("",), is_attempt=False)),
        (("", ""), {0: TAKEN, 1: UNSENT}, Temporary("smpp_throttled", ("m", ""))),
    ],
)
def test_the_outcome_of_a_message_from_its_parts(known, ends, outcome) -> None:
    assert outcome_of(known, ends) == outcome


@pytest.mark.parametrize(
    ("expires_s", "text"),
    [
        (0.9, ""),
        (1, "000000000001000R"),
        (86_461, "000001000101000R"),
        (45 * 86_400, "000115000000000R"),
        (10**9, "000203000000000R"),
    ],
)
def test_the_time_left_goes_along_as_validity_period(expires_s, text) -> None:
    assert relative_time(expires_s) == text


def test_nothing_is_submitted_without_a_link() -> None:
    transport = SMPPTransport(SMSSettings(), Clock(), lambda: 0, random.Random(1))
    found = []
    Deferred.fromCoroutine(transport.send(an_outgoing())).addCallback(found.append)
    assert found == [Temporary("smpp_not_bound", is_attempt=False)]
