"""Digest both ways: what our client answers our server believes, and nothing else."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock

from gateway.sip.digest import Challenger, Credentials, Verified
from tests.builders.sip import tokens

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1)
METHOD = st.sampled_from(["REGISTER", "INVITE", "BYE"])
URI = st.sampled_from(["sip:a@h", "sip:95500@192.0.2.1:5062;transport=tcp", "sips:x"])


def _challenger(passwords: dict[str, str]) -> Challenger:
    return Challenger(
        "hotline",
        passwords.get,
        key=b"key",
        now_s=Clock().seconds,
        new_token=tokens(),
        nonce_s=60.0,
        digests=["SHA-256", "MD5"],
    )


@given(user=TEXT, password=TEXT, method=METHOD, uri=URI, pick=st.integers(0, 1))
def test_a_client_with_the_password_is_verified_once_per_answer(
    user: str, password: str, method: str, uri: str, pick: int
) -> None:
    server = _challenger({user: password})
    client = Credentials(user, password, tokens())
    challenge = server.challenges()[pick]
    for _ in range(3):
        answer = client.answer([challenge], method, uri)
        assert answer is not None
        assert server.check([answer], method, [uri]) == Verified(user)
        assert server.check([answer], method, [uri]) != Verified(user)


@given(user=TEXT, password=TEXT, guess=TEXT, data=st.data())
def test_a_wrong_password_or_another_request_never_is(
    user: str, password: str, guess: str, data: st.DataObject
) -> None:
    server = _challenger({user: password})
    answer = Credentials(user, guess, tokens()).answer(server.challenges(), "INVITE", "sip:a@h")
    assert answer is not None
    is_right = isinstance(server.check([answer], "INVITE", ["sip:a@h"]), Verified)
    assert is_right is (guess == password)
    other = data.draw(st.sampled_from([("BYE", "sip:a@h"), ("INVITE", "sip:a@h")]))
    again = Credentials(user, guess, tokens()).answer(server.challenges(), "INVITE", "sip:a@h")
    assert again is not None
    is_right = isinstance(server.check([again], other[0], [other[1]]), Verified)
    assert is_right is (guess == password and other[0] == "INVITE")
