"""Messages: compact names, folding, limits, and what cannot be answered."""

import pytest

from gateway.sip.message import (
    MESSAGE_BYTES_MAX,
    Malformed,
    Request,
    Response,
    build_message,
    parse_message,
)
from gateway.sip.responses import response_to
from tests.builders.sip import a_request


def test_compact_and_folded_headers_are_read_in_full() -> None:
    text = (
        "OPTIONS sip:a@h SIP/2.0\r\nv: SIP/2.0/UDP h;branch=z9hG4bK1\r\nV: SIP/2.0/UDP i\r\n"
        "f: <sip:a@h>;tag=1\r\nt:\r\n <sip:b@h>\r\ni: x\r\ncseq: 1\r\n\t OPTIONS\r\nl: 2\r\n\r\nabc"
    )
    request = parse_message(text.encode())
    assert isinstance(request, Request)
    assert request.headers.get_all("Via") == ["SIP/2.0/UDP h;branch=z9hG4bK1", "SIP/2.0/UDP i"]
    assert (request.call_id, str(request.to.uri), request.cseq) == ("x", "sip:b@h", (1, "OPTIONS"))
    assert request.body == b"ab", "what follows Content-Length is not the message's"


def test_a_body_without_content_length_goes_to_the_end() -> None:
    request = parse_message(a_request(body="abc").replace("Content-Length: 3\r\n", "").encode())
    assert request.body == b"abc"


def test_a_keepalive_before_a_message_is_skipped() -> None:
    assert isinstance(parse_message(b"\r\n\r\n" + a_request().encode()), Request)


@pytest.mark.parametrize("name", ["Via", "From", "To", "Call-ID", "CSeq"])
def test_a_missing_essential_header_can_still_be_answered_with_400(name: str) -> None:
    lines = [line for line in a_request().split("\r\n") if not line.startswith(name)]
    with pytest.raises(Malformed, match=name) as refused:
        parse_message("\r\n".join(lines).encode())
    assert refused.value.status == 400
    assert refused.value.method == "INVITE"
    assert refused.value.headers is not None


@pytest.mark.parametrize(
    ("old", "new", "status"),
    [
        ("SIP/2.0\r\nVia", "SIP/7.0\r\nVia", 505),
        ("SIP/2.0\r\nVia", "HTTP/1.1\r\nVia", 400),
        ("INVITE sip", "INVITE  sip", 400),
        ("INVITE sip:95500@192.0.2.10", "INVITE <sip:95500@192.0.2.10>", 400),
        ("CSeq: 1 INVITE", "CSeq: 1 BYE", 400),
        ("Max-Forwards: 70", "Max-Forwards: 256", 400),
        ("Max-Forwards: 70", "Max-Forwards: seventy", 400),
        ("Max-Forwards: 70", "Max Forwards: 70", 400),
        ("Max-Forwards: 70", "Nothing", 400),
        ("Content-Length: 0", "Content-Length: -1", 400),
        ("Content-Length: 0", "Content-Length: 9", 400),
        ("Content-Length: 0", "Content-Length: 0\r\nl: 0", 400),
        ("Call-ID: one", "Call-ID: " + "x" * 300, 400),
        ("Call-ID: one", "Call-ID: o ne", 400),
        ("\r\n\r\n", "\r\n", 400),
        ("Max-Forwards: 70", "X: a\nb", 400),
        ("Max-Forwards: 70", "\r\n".join(f"X-{n}: y" for n in range(300)), 400),
    ],
)
def test_a_broken_request_says_what_it_deserves(old: str, new: str, status: int) -> None:
    text = a_request()
    assert old in text
    with pytest.raises(Malformed) as refused:
        parse_message(text.replace(old, new).encode())
    assert refused.value.status == status


def test_headers_that_are_not_utf8_are_refused() -> None:
    with pytest.raises(Malformed, match="UTF-8"):
        parse_message(a_request().encode().replace(b"Max-Forwards: 70", b"Subject: \xff\xfe"))


def test_an_oversized_message_is_refused_before_it_is_read() -> None:
    with pytest.raises(Malformed) as refused:
        parse_message(b"x" * (MESSAGE_BYTES_MAX + 1))
    assert (refused.value.status, refused.value.headers) == (513, None)


@pytest.mark.parametrize("status", ["99", "700", "4294967301", "abc", ""])
def test_a_response_with_an_impossible_status_is_refused(status: str) -> None:
    with pytest.raises(Malformed):
        parse_message(f"SIP/2.0 {status} OK\r\n\r\n".encode())


def test_a_response_with_a_broken_length_is_refused() -> None:
    text = "SIP/2.0 200 OK\r\n" + a_request().split("\r\n", 1)[1]
    with pytest.raises(Malformed):
        parse_message(text.replace("Content-Length: 0", "Content-Length:").encode())


def test_a_response_echoes_what_a_response_must() -> None:
    text = a_request(extra=("Record-Route: <sip:p;lr>", "Timestamp: 54", "Subject: private"))
    request = parse_message(text.encode())
    assert isinstance(request, Request)
    ok = response_to(request, 200, "ours", [("X", "y")], b"v=0")
    names = [name for name, _ in ok.headers.rows]
    assert "Subject" not in names
    assert {"Via", "From", "To", "Call-ID", "CSeq", "Record-Route", "Timestamp", "X"} <= set(names)
    assert ok.to.tag == "ours"
    assert ok.headers.get("Content-Type") == "application/sdp"
    assert response_to(request, 100, "ours").to.tag == ""
    assert response_to(request, 404, "ours").headers.get("Record-Route") is None


def test_built_bytes_parse_to_the_same_message() -> None:
    request = parse_message(a_request(body="v=0\r\n").encode())
    assert isinstance(request, Request)
    again = parse_message(build_message(request))
    assert isinstance(again, Request)
    assert build_message(again) == build_message(request)
    response = response_to(request, 486, "t")
    parsed = parse_message(build_message(response))
    assert isinstance(parsed, Response)
    assert (parsed.status, parsed.reason) == (486, "Busy Here")
