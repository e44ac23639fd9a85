"""The torture messages of RFC 4475, each with the answer a user agent of our methods owes it."""

from pathlib import Path

import pytest

from gateway.sip.message import Response, build_message, parse_message
from gateway.sip.wire import Hop
from tests.builders.sip import Exchange

MESSAGES = Path(__file__).parents[3] / "data" / "rfc4475"

# A call: it reached the gateway. A number: the first final answer. Silence: nothing is answered.
CALL, SILENCE = "call", "silence"

VERDICTS = {
    # §3.1.1 valid messages
    "wsinv": "481",  # To carries the tag of a dialog that we do not have
    "intmeth": "501",
    "esc01": CALL,
    "escnull": "405",  # REGISTER: parsed, but not ours
    "esc02": "501",  # RE%47IST%45R is not REGISTER
    "lwsdisp": "200",
    "longreq": CALL,
    "dblreq": "405",
    "semiuri": "200",
    "transports": "200",
    "mpart01": "405",
    "unreason": SILENCE,  # responses to nothing of ours
    "noreason": SILENCE,
    # §3.1.2 invalid messages
    "badinv01": "400",
    "clerr": "400",
    "ncl": "400",
    "scalar02": "400",
    "scalarlg": SILENCE,
    "quotbal": "400",
    "ltgtruri": "400",
    "lwsruri": "400",
    "lwsstart": "400",
    "trws": "400",
    "escruri": "400",
    "baddate": CALL,  # a Date that nobody needs may be wrong
    "regbadct": "405",
    "badaspec": "400",
    "baddn": "400",
    "badvers": "505",
    "mismatch01": "400",
    "mismatch02": "400",
    "bigcode": SILENCE,
    # §3.2 transaction layer
    "badbranch": "200",  # a bare magic cookie is matched as RFC 2543 did
    # §3.3 application layer
    "insuf": "400",
    "unkscm": "416",
    "novelsc": "416",
    "unksm2": "405",
    "bext01": "420",
    "invut": "415",
    "regaut01": "405",
    "multi01": "400",
    "mcl01": "400",
    "bcast": SILENCE,
    "zeromf": "200",  # Max-Forwards is a proxy's business
    "cparam01": "405",
    "cparam02": "405",
    "regescrt": "405",
    "sdp01": "406",
    # §3.4 backward compatibility
    "inv2543": CALL,
    # and one without a version and without a Via to answer along
    "test": SILENCE,
}


def test_every_message_has_a_verdict() -> None:
    assert {path.stem for path in MESSAGES.glob("*.dat")} == VERDICTS.keys()


@pytest.mark.parametrize(("name", "verdict"), VERDICTS.items())
def test_the_torture_message_gets_its_verdict(name: str, verdict: str) -> None:
    house = Exchange()
    house.wire.arrive((MESSAGES / f"{name}.dat").read_bytes(), Hop("192.0.2.200", 5060))
    sent = house.wire.take()
    finals = [status for status in sent if status != "100"]
    if verdict == SILENCE:
        assert sent == []
    elif verdict == CALL:
        assert (sent, len(house.calls)) == (["100"], 1)
    else:
        assert (finals, house.calls) == ([verdict], [])


@pytest.mark.parametrize("name", [n for n, verdict in VERDICTS.items() if verdict == CALL])
def test_an_accepted_torture_message_can_be_answered(name: str) -> None:
    house = Exchange()
    house.wire.arrive((MESSAGES / f"{name}.dat").read_bytes(), Hop("192.0.2.200", 5060))
    house.calls[0].answer(("192.0.2.10", 40_000))
    assert house.wire.take()[-1] == "200"
    answer = house.wire.last[-1]
    assert parse_message(build_message(answer)) == answer


def test_an_extension_that_is_required_is_named_in_the_refusal() -> None:
    house = Exchange()
    house.wire.arrive((MESSAGES / "bext01.dat").read_bytes())
    house.wire.take()
    answer = house.wire.last[0]
    assert isinstance(answer, Response)
    assert answer.headers.get("Unsupported") == "nothingSupportsThis, nothingSupportsThisEither"
