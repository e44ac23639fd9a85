"""The audio session of a call: versions, new offers, and bodies that are not SDP."""

import pytest

from gateway.media.port import Codec
from gateway.sip.errors import SdpError, SipError
from gateway.sip.message import Request, parse_message
from gateway.sip.sdp import parse_sdp
from gateway.sip.session import MediaSession, sdp_body
from tests.builders.sip import OFFER, a_request

LOCAL = ("192.0.2.10", 40_000)


def test_the_version_rises_only_when_the_session_changes() -> None:
    session = MediaSession("00000000000000ff")
    session.take_offer(OFFER.encode())
    first = session.answer(LOCAL)
    assert session.reanswer(OFFER.encode()) == first
    held = parse_sdp(session.reanswer((OFFER + "a=sendonly\r\n").encode()))
    again = parse_sdp(session.reanswer(OFFER.encode()))
    assert (parse_sdp(first).version, held.version, again.version) == (1, 2, 3)
    assert parse_sdp(first).session_id == again.session_id == "0"


def test_a_new_offer_without_the_codec_in_use_changes_nothing() -> None:
    session = MediaSession("1" * 16)
    session.take_offer(OFFER.encode())
    session.answer(LOCAL)
    before = session.peer
    with pytest.raises(SdpError) as refused:
        session.reanswer(OFFER.replace("AVP 8 0", "AVP 0").replace("49170", "5000").encode())
    assert refused.value.status == 488
    assert session.peer == before


def test_our_offer_waits_for_its_answer() -> None:
    session = MediaSession("1" * 16)
    session.offer_from(LOCAL)
    assert session.awaits_answer
    with pytest.raises(SdpError):
        session.take_answer(None)
    session.take_answer(OFFER.replace("AVP 8 0", "AVP 0").encode())
    assert not session.awaits_answer
    assert session.peer is not None
    assert session.peer.codec is Codec.PCMU


@pytest.mark.parametrize(
    ("extra", "body", "found"),
    [
        ((), "", None),
        (("Content-Type: application/sdp",), "v=0", b"v=0"),
        (("Content-Type: Application/SDP;charset=utf-8",), "v=0", b"v=0"),
        (("Content-Type: text/plain", "Content-Disposition: render;handling=optional"), "x", None),
        (("Content-Type: text/plain",), "x", 415),
        (("Content-Type: application/sdp", "Content-Encoding: gzip"), "x", 415),
        (("Content-Type: application/unknownformat",), "x", 415),
    ],
)
def test_only_a_session_description_is_read(
    extra: tuple[str, ...], body: str, found: bytes | int | None
) -> None:
    request = parse_message(a_request(extra=extra, body=body).encode())
    assert isinstance(request, Request)
    if found == 415:
        with pytest.raises(SipError) as refused:
            sdp_body(request)
        assert refused.value.status == 415
    else:
        assert sdp_body(request) == found
