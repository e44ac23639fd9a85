"""Session descriptions: what is agreed, what is answered, what is refused."""

import pytest

from gateway.media.port import Codec, RtpPeer
from gateway.sip.errors import SdpError
from gateway.sip.sdp import (
    Direction,
    LocalAudio,
    agree,
    answer_to,
    build_sdp,
    offer_of,
    parse_sdp,
)
from tests.builders.sip import OFFER

ALAW = RtpPeer("192.0.2.1", 49_170, Codec.PCMA, 101)
LOCAL = LocalAudio("192.0.2.10", 40_000, "77")


def _agree(text: str) -> RtpPeer:
    return agree(parse_sdp(text.encode())).rtp_peer


@pytest.mark.parametrize(
    ("old", "new", "peer"),
    [
        ("", "", ALAW),
        ("AVP 8 0", "AVP 0 8", RtpPeer("192.0.2.1", 49_170, Codec.PCMU, 101)),
        ("AVP 8 0 101", "AVP 18 0", RtpPeer("192.0.2.1", 49_170, Codec.PCMU, None)),
        ("a=rtpmap:8 PCMA/8000\r\n", "", ALAW),
        ("rtpmap:8 PCMA", "rtpmap:8 OPUS", RtpPeer("192.0.2.1", 49_170, Codec.PCMU, 101)),
        ("101", "96", RtpPeer("192.0.2.1", 49_170, Codec.PCMA, 96)),
        ("event/8000", "event/16000", RtpPeer("192.0.2.1", 49_170, Codec.PCMA, None)),
        ("a=ptime", "c=IN IP4 192.0.2.7\r\na=ptime", RtpPeer("192.0.2.7", 49_170, Codec.PCMA, 101)),
        ("49170 ", "49170/2 ", ALAW),
        ("\r\n", "\n", ALAW),
        ("m=audio", "m=video 4 RTP/AVP 31\r\nm=audio", ALAW),
        ("m=audio", "m=audio 5 RTP/SAVP 8\r\nm=audio", ALAW),
        ("a=rtpmap:0", "a=rtpmap:31 LPC\r\na=rtpmap:0", ALAW),
    ],
)  # fmt: skip
def test_the_first_codec_of_the_offer_that_we_have_wins(old: str, new: str, peer: RtpPeer) -> None:
    assert old in OFFER
    assert _agree(OFFER.replace(old, new) if old else OFFER) == peer


@pytest.mark.parametrize(
    ("old", "new", "status"),
    [
        ("AVP 8 0 101", "AVP 9 18 101", 488),
        ("AVP 8 0 101", "AVP opus", 488),
        ("m=audio 49170", "m=audio 0", 488),
        ("RTP/AVP", "RTP/SAVP", 488),
        ("m=audio", "m=video", 488),
        ("IP4 192.0.2.1\r\nt", "IP6 2001:db8::1\r\nt", 488),
        ("IP4 192.0.2.1\r\nt", "IP4 host.example.com\r\nt", 488),
        ("IP4 192.0.2.1\r\nt", "IP4 224.0.0.1\r\nt", 488),
        ("IP4 192.0.2.1\r\nt", "IP4 255.255.255.255\r\nt", 488),
        ("c=IN IP4 192.0.2.1\r\n", "", 488),
        ("v=0", "v=1", 400),
        ("o=alice 29739 7272939 IN IP4 192.0.2.1\r\n", "", 400),
        ("o=alice 29739 7272939", "o=alice 29739 many", 400),
        ("49170", "70000", 400),
        ("49170", "-1", 400),
        ("c=IN IP4 192.0.2.1", "c=IN", 400),
        ("t=0 0", "nonsense", 400),
        ("t=0 0", "m=video 1 RTP/AVP 31\r\n" * 20 + "t=0 0", 400),
        ("t=0 0", "a=x\r\n" * 300 + "t=0 0", 400),
        ("t=0 0", "a=" + "x" * 9000 + "\r\nt=0 0", 400),
    ],
)
def test_an_offer_we_cannot_use_is_refused(old: str, new: str, status: int) -> None:
    assert old in OFFER
    with pytest.raises(SdpError) as refused:
        _agree(OFFER.replace(old, new))
    assert refused.value.status == status


def test_bytes_that_are_not_text_are_refused() -> None:
    with pytest.raises(SdpError):
        parse_sdp(b"v=0\r\n\xff\xfe")


def test_the_answer_keeps_the_order_of_streams_and_refuses_all_but_one() -> None:
    text = (
        OFFER.replace("m=audio", "m=video 4 RTP/AVP 31 32\r\nm=audio") + "m=image 6 udptl t38\r\n"
    )
    offer = parse_sdp(text.encode())
    answer = answer_to(offer, agree(offer), LOCAL)
    assert build_sdp(answer).decode() == (
        "v=0\r\no=- 77 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n"
        "m=video 0 RTP/AVP 31\r\n"
        "m=audio 40000 RTP/AVP 8 101\r\n"
        "a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"
        "a=ptime:20\r\na=sendrecv\r\n"
        "m=image 0 udptl t38\r\n"
    )


@pytest.mark.parametrize(
    ("attribute", "answered"),
    [
        ("a=sendonly\r\n", Direction.RECVONLY),
        ("a=recvonly\r\n", Direction.SENDONLY),
        ("a=inactive\r\n", Direction.INACTIVE),
        ("a=sendrecv\r\n", Direction.SENDRECV),
        ("", Direction.SENDRECV),
    ],
)
def test_the_answer_mirrors_the_direction(attribute: str, answered: Direction) -> None:
    for text in (OFFER + attribute, OFFER.replace("t=0 0\r\n", "t=0 0\r\n" + attribute)):
        assert agree(parse_sdp(text.encode())).direction is answered


def test_an_address_of_zeros_is_hold() -> None:
    held = OFFER.replace("c=IN IP4 192.0.2.1", "c=IN IP4 0.0.0.0")
    assert agree(parse_sdp(held.encode())).direction is Direction.INACTIVE


def test_our_offer_and_answer_are_understood_by_ourselves() -> None:
    offer = parse_sdp(build_sdp(offer_of(LOCAL)))
    assert offer == offer_of(LOCAL)
    answer = answer_to(offer, agree(offer), LOCAL._replace(host="192.0.2.11", port=41_000))
    assert agree(parse_sdp(build_sdp(answer))).rtp_peer == RtpPeer(
        "192.0.2.11", 41_000, Codec.PCMA, 101
    )
