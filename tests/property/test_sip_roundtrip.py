"""SIP for every input: what is built is parsed back, and no bytes raise but a SipError."""

import string
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.sip.errors import SipError
from gateway.sip.headers import NameAddr, Via, parse_name_addr, parse_via, split_commas
from gateway.sip.message import (
    Headers,
    Malformed,
    Request,
    Response,
    build_message,
    parse_message,
)
from gateway.sip.responses import response_to
from gateway.sip.sdp import LocalAudio as Local
from gateway.sip.sdp import agree, build_sdp, offer_of, parse_sdp
from gateway.sip.uri import Uri, is_same, parse_uri
from gateway.sip.wire import Hop
from tests.builders.sip import OFFER, Exchange, a_request

TORTURE = sorted((Path(__file__).parents[1] / "data" / "rfc4475").glob("*.dat"))

token = st.text(string.ascii_letters + string.digits + "-.!%*_+`'~", min_size=1, max_size=12)
word = st.text(string.ascii_letters + string.digits, min_size=1, max_size=12)
host = st.one_of(word, st.ip_addresses(v=4).map(str), st.ip_addresses(v=6).map(lambda a: f"[{a}]"))
host = host.map(str.lower)
port = st.none() | st.integers(1, 65_535)
quoted = st.text(
    st.characters(exclude_characters='"\\\r\n', exclude_categories=["Cs", "Cc"]), max_size=8
).map(lambda text: f'"{text}"')
params = st.lists(
    st.tuples(token.map(str.lower), st.none() | token | quoted),
    max_size=4,
    unique_by=lambda p: p[0],
).map(tuple)
uri_params = st.lists(
    st.tuples(word.map(str.lower), st.none() | word), max_size=3, unique_by=lambda p: p[0]
).map(tuple)
uris = st.builds(Uri, st.sampled_from(["sip", "sips"]), word | st.just(""), host, port, uri_params)
displays = st.just("") | quoted | st.lists(token, min_size=1, max_size=3).map(" ".join)
addresses = st.builds(NameAddr, uris, params, displays)
vias = st.builds(Via, token.map(str.upper), host, port, params)
texts = st.text(
    st.characters(exclude_characters="\r\n", exclude_categories=["Cs", "Cc"]), max_size=30
).map(str.strip)


@given(uris)
@settings(deadline=None)
def test_addresses_are_parsed_back(uri: Uri) -> None:
    assert parse_uri(str(uri)) == uri
    assert is_same(uri, uri)


@given(addresses)
@settings(deadline=None)
def test_named_addresses_are_parsed_back(address: NameAddr) -> None:
    assert parse_name_addr(str(address)) == address


@given(vias)
@settings(deadline=None)
def test_vias_are_parsed_back(via: Via) -> None:
    assert parse_via(str(via)) == via


@given(st.lists(addresses, min_size=1, max_size=5))
@settings(deadline=None)
def test_lists_of_addresses_are_split_where_they_were_joined(values: list[NameAddr]) -> None:
    texts = [str(value) for value in values]
    assert split_commas(", ".join(texts)) == texts


requests = st.builds(
    lambda method, uri, via, sender, to, call_id, number, extra, body: Request(
        method,
        uri,
        Headers(
            [
                ("Via", str(via)),
                ("From", str(sender)),
                ("To", str(to)),
                ("Call-ID", call_id),
                ("CSeq", f"{number} {method}"),
                *[(f"X-{name.capitalize()}", value) for name, value in extra],
            ]
        ),
        body,
    ),
    token, uris, vias, addresses, addresses, word, st.integers(0, 2**31 - 1),
    st.lists(st.tuples(st.text(string.ascii_lowercase, min_size=1, max_size=8), texts), max_size=5),
    st.binary(max_size=200),
)  # fmt: skip


@given(requests)
@settings(deadline=None)
def test_requests_and_their_responses_are_parsed_back(request: Request) -> None:
    again = parse_message(build_message(request))
    assert isinstance(again, Request)
    assert [row for row in again.headers.rows if row[0] != "Content-Length"] == request.headers.rows
    assert (again.method, again.uri, again.body) == (request.method, request.uri, request.body)
    response = response_to(request, 486, "ours")
    parsed = parse_message(build_message(response))
    assert isinstance(parsed, Response)
    assert (parsed.status, parsed.call_id, parsed.via) == (486, request.call_id, request.via)


@given(st.ip_addresses(v=4).map(str), st.integers(1, 65_535), word)
@settings(deadline=None)
def test_our_offers_are_parsed_back(address: str, rtp_port: int, session_id: str) -> None:
    offer = offer_of(Local(address, rtp_port, session_id))
    assert parse_sdp(build_sdp(offer)) == offer


def _mutated(originals: list[bytes]) -> st.SearchStrategy[bytes]:
    """Real messages with a few bytes cut out, repeated or replaced."""

    @st.composite
    def mutate(draw: st.DrawFn) -> bytes:
        data = bytearray(draw(st.sampled_from(originals)))
        for _ in range(draw(st.integers(1, 4))):
            start = draw(st.integers(0, len(data)))
            end = min(len(data), start + draw(st.integers(0, 30)))
            piece = draw(
                st.binary(max_size=8)
                | st.sampled_from([b"\r\n", b" ", b",", b";", b'"', b"<", b">", b"\0", b"=", b":"])
                | st.just(bytes(data[start:end]) * 2)
            )
            data[start:end] = piece
        return bytes(data)

    return mutate()


messages = [path.read_bytes() for path in TORTURE] + [a_request(body=OFFER).encode()]


@given(st.binary(max_size=300) | _mutated(messages))
@settings(max_examples=400, deadline=None)
def test_no_bytes_raise_but_malformed(data: bytes) -> None:
    try:
        message = parse_message(data)
    except Malformed:
        return
    parse_message(build_message(message))  # whatever was accepted can be sent on


@given(st.binary(max_size=300) | _mutated([OFFER.encode()]))
@settings(max_examples=300, deadline=None)
def test_no_session_description_raises_but_a_sip_error(body: bytes) -> None:
    try:
        agree(parse_sdp(body))
    except SipError:
        return


@given(st.lists(_mutated(messages), min_size=1, max_size=6))
@settings(max_examples=200, deadline=None)
def test_no_datagrams_break_the_user_agent_or_stay_in_it(datagrams: list[bytes]) -> None:
    house = Exchange()
    house.on_call = lambda call: call.answer(("192.0.2.10", 40_000))
    for data in datagrams:
        house.wire.arrive(data, Hop("192.0.2.1", 5060))
    assert "500" not in house.wire.take() or house.calls
    house.advance(70, step=0.5)
    assert house.agent.call_count == 0
    assert len(house.agent.transactions) == 0
    assert house.clock.getDelayedCalls() == []
