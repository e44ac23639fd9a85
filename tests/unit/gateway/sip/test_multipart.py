"""Bodies of several parts: the session description is found, and nothing else is needed."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.media.port import RtpPeer
from gateway.sip.errors import SipError
from gateway.sip.multipart import PARTS_MAX, sdp_part
from tests.builders.sip import OFFER, Exchange

KIND = 'multipart/mixed;boundary="unique-1"'
ISUP = (
    "Content-Type: application/ISUP;version=nxv3\r\n"
    "Content-Disposition: signal;handling=optional\r\n\r\n\x01\x00\x49\r\n"
)


def _body(*parts: str) -> bytes:
    text = "".join(f"--unique-1\r\n{part}\r\n" for part in parts)
    return f"{text}--unique-1--\r\n".encode()


def _sdp(text: str = OFFER) -> str:
    return f"Content-Type: application/sdp\r\n\r\n{text}"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (_body(_sdp()), OFFER),
        (_body(ISUP, _sdp()), OFFER),
        (_body(_sdp(), ISUP, _sdp("v=0\r\nother")), OFFER),
        (_body(ISUP), None),
    ],
)
def test_the_first_session_description_is_found(body: bytes, found: str | None) -> None:
    part = sdp_part(KIND, body)
    assert (None if part is None else part.decode().strip()) == (found and found.strip())


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("multipart/mixed", _body(_sdp()), 400),
        ("multipart/mixed;boundary=other", _body(_sdp()), 400),
        (KIND, b"nothing of the kind", 400),
        (KIND, _body(*[ISUP] * (PARTS_MAX + 1)), 400),
        (KIND, _body(ISUP.replace("optional", "required"), _sdp()), 415),
    ],
)
def test_what_cannot_be_told_apart_or_must_be_understood_is_refused(
    kind: str, body: bytes, status: int
) -> None:
    with pytest.raises(SipError) as refused:
        sdp_part(kind, body)
    assert refused.value.status == status


@given(st.text(max_size=60), st.binary(max_size=400))
def test_no_body_raises_but_a_sip_error(boundary: str, body: bytes) -> None:
    for text in (body, _body(_sdp()) + body):
        with contextlib.suppress(SipError):
            sdp_part(f"multipart/mixed;boundary={boundary}", text)


def test_a_call_with_a_part_of_isup_is_a_call() -> None:
    house = Exchange()
    body = _body(_sdp(), ISUP).decode()
    call = house.invited(body=body, extra=(f"Content-Type: {KIND}",))
    assert call.peer == RtpPeer("192.0.2.1", 49_170)
