"""Digest: the RFCs' own examples, what a server believes, what a client answers."""

import itertools
from collections.abc import Sequence

import pytest
from twisted.internet.task import Clock

from gateway.sip import digest
from gateway.sip.digest import (
    Challenger,
    Credentials,
    Unverified,
    Verified,
    parse_digest,
    response_hash,
    secret_hash,
)
from gateway.sip.errors import SipError
from tests.builders.sip import tokens

URI = "sip:hotline.example"
PASSWORDS = {"agent1": "s3cret", "agent2": "other"}


class Desk:
    """A challenger on a virtual clock."""

    def __init__(self, nonce_s: float = 300.0, digests: Sequence[str] = ("SHA-256", "MD5")) -> None:
        self.clock = Clock()
        self.clock.advance(1_000_000)
        self.challenger = Challenger(
            "hotline",
            PASSWORDS.get,
            key=b"k" * 32,
            now_s=self.clock.seconds,
            new_token=tokens(),
            nonce_s=nonce_s,
            digests=digests,
        )

    def check(self, answer: str, method: str = "REGISTER") -> Verified | Unverified:
        return self.challenger.check([answer], method, [URI])


def _client(username: str = "agent1", password: str = "s3cret") -> Credentials:
    return Credentials(username, password, tokens())


def _answered(client: Credentials, challenges: list[str], method: str = "REGISTER") -> str:
    answer = client.answer(challenges, method, URI)
    assert answer is not None
    return answer


RFC7616 = {
    "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
    "nc": "00000001",
    "cnonce": "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    "qop": "auth",
}


@pytest.mark.parametrize(
    ("algorithm", "user", "realm", "password", "params", "uri", "expected"),
    [
        ("MD5", "Mufasa", "http-auth@example.org", "Circle of Life", RFC7616, "/dir/index.html",
         "8ca523f5e9506fed4657c9700eebdbec"),  # RFC 7616 §3.9.1
        ("SHA-256", "Mufasa", "http-auth@example.org", "Circle of Life", RFC7616,
         "/dir/index.html",
         "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ("SHA-512-256", "Jäsøn Doe", "api@example.org", "Secret, or not?",
         {"nonce": "5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", "nc": "00000001",
          "cnonce": "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v", "qop": "auth"}, "/doe.json",
         "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5"),  # erratum 4897
        ("MD5", "Mufasa", "testrealm@host.com", "Circle Of Life",
         {"nonce": "dcd98b7102dd2f0e8b11d0f600bfb0c093", "nc": "00000001", "cnonce": "0a4f113b",
          "qop": "auth"}, "/dir/index.html", "6629fae49393a05397450978507c4ef1"),  # RFC 2617 §3.5
        ("MD5", "Mufasa", "testrealm@host.com", "CircleOfLife",
         {"nonce": "dcd98b7102dd2f0e8b11d0f600bfb0c093"}, "/dir/index.html",
         "1949323746fe6a43ef61f9606e7febea"),  # RFC 2069 §2.4, erratum 749
    ],
)  # fmt: skip
def test_the_examples_of_the_rfcs_come_out(
    algorithm: str,
    user: str,
    realm: str,
    password: str,
    params: dict[str, str],
    uri: str,
    expected: str,
) -> None:
    secret = secret_hash(algorithm, user, realm, password)
    assert response_hash(algorithm, secret, params, "GET", uri) == expected


def test_a_right_password_is_verified_with_either_algorithm() -> None:
    desk = Desk()
    better, old = desk.challenger.challenges()
    assert (parse_digest(better)["algorithm"], parse_digest(old)["algorithm"]) == ("SHA-256", "MD5")
    for challenge in (better, old):
        assert desk.check(_answered(_client(), [challenge])) == Verified("agent1")


def test_a_digest_that_is_not_offered_is_not_taken() -> None:
    desk = Desk(digests=["MD5"])
    (challenge,) = desk.challenger.challenges()
    assert desk.check(_answered(_client(), [challenge])) == Verified("agent1")
    with pytest.raises(SipError, match="must be MD5, qop"):
        desk.check(_answered(_client(), [challenge.replace("=MD5", "=SHA-256")]))


def test_a_client_takes_the_first_challenge_that_it_knows() -> None:
    strange = 'Digest realm="x", nonce="n", algorithm=SHA3, qop="auth"'
    integrity = 'Digest realm="x", nonce="n", qop="auth-int"'
    other = 'Basic realm="x"'
    known = 'Digest realm="hotline", nonce="n", algorithm=MD5, qop="auth,auth-int", opaque="o,p"'
    said = parse_digest(_answered(_client(), [other, strange, integrity, known]))
    assert (said["algorithm"], said["qop"], said["opaque"]) == ("MD5", "auth", "o,p")
    assert _client().answer([other, strange, integrity], "INVITE", URI) is None


def test_a_client_answers_a_peer_of_rfc_2069_age() -> None:
    said = parse_digest(_answered(_client(), ['Digest realm="hotline", nonce="n"'], "INVITE"))
    assert not said.keys() & {"qop", "nc", "cnonce"}
    secret = secret_hash("MD5", "agent1", "hotline", "s3cret")
    assert said["response"] == response_hash("MD5", secret, {"nonce": "n"}, "INVITE", URI)


def test_a_client_counts_the_uses_of_a_nonce() -> None:
    client = _client()
    first, again = (
        'Digest realm="r", nonce="n", qop="auth"',
        'Digest realm="r", nonce="m", qop=auth',
    )
    counts = [parse_digest(_answered(client, [c]))["nc"] for c in (first, first, again, first)]
    assert counts == ["00000001", "00000002", "00000001", "00000001"]


def test_a_session_algorithm_mixes_nonce_and_cnonce_in() -> None:
    challenge = 'Digest realm="r", nonce="n", algorithm=MD5-sess, qop="auth"'
    said = parse_digest(_answered(_client(), [challenge], "INVITE"))
    plain = secret_hash("MD5", "agent1", "r", "s3cret")
    assert said["algorithm"] == "MD5-sess"
    assert said["response"] == response_hash("MD5-sess", plain, said, "INVITE", URI)
    assert said["response"] != response_hash("MD5", plain, said, "INVITE", URI)


def test_an_unknown_user_looks_like_a_wrong_password() -> None:
    desk = Desk()
    challenges = desk.challenger.challenges()
    wrong = desk.check(_answered(_client(password="guess"), challenges))
    unknown = desk.check(_answered(_client("nobody", ""), challenges))
    assert wrong == unknown == Unverified("wrong user or password", is_guess=True)


def test_no_answer_and_an_answer_for_another_realm_are_asked_anew() -> None:
    desk = Desk()
    elsewhere = _answered(_client(), ['Digest realm="elsewhere", nonce="n", qop="auth"'])
    assert desk.check(elsewhere) == Unverified("no credentials")
    assert desk.challenger.check([], "REGISTER", [URI]) == Unverified("no credentials")
    mine = _answered(_client(), desk.challenger.challenges())
    assert desk.challenger.check([elsewhere, mine], "REGISTER", [URI]) == Verified("agent1")


def test_the_password_of_another_method_or_realm_does_not_help() -> None:
    desk = Desk()
    answer = _answered(_client(), desk.challenger.challenges(), "REGISTER")
    assert desk.check(answer, "INVITE") == Unverified("wrong user or password", is_guess=True)


def test_a_nonce_grows_stale_and_one_of_the_future_is_not_believed() -> None:
    desk = Desk(nonce_s=60)
    client, challenges = _client(), desk.challenger.challenges()
    desk.clock.advance(60)
    assert desk.check(_answered(client, challenges)) == Verified("agent1")
    desk.clock.advance(1)
    late = desk.check(_answered(client, challenges))
    assert isinstance(late, Unverified)
    assert (late.is_stale, late.is_guess) == (True, False)
    assert "stale=true" in desk.challenger.challenges(is_stale=True)[0]


def test_a_nonce_of_somebody_else_is_stale_and_no_guess() -> None:
    desk = Desk()
    nonce = parse_digest(desk.challenger.challenges()[0])["nonce"]
    forged = nonce[:-1] + ("0" if nonce[-1] != "0" else "1")
    for foreign in ("n", forged, nonce.upper() + "x", ""):
        challenge = f'Digest realm="hotline", nonce="{foreign or "e"}", qop="auth"'
        result = desk.check(_answered(_client(), [challenge]))
        assert result == Unverified("nonce is not ours", is_stale=True)


def test_an_answer_counts_once_and_a_later_one_may_overtake() -> None:
    desk = Desk()
    client, challenges = _client(), desk.challenger.challenges()
    answers = [_answered(client, challenges) for _ in range(200)]
    arrivals = [0, 0, 2, 1, 1, 2, 99, 36, 35, 36, 199, 100]
    results = [isinstance(desk.check(answers[n]), Verified) for n in arrivals]
    assert results == [
        True, False, True, True, False, False, True, True, False, False, True, False,
    ]  # fmt: skip


def test_forgotten_counts_make_their_nonces_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digest, "NONCES_MAX", 2)
    desk = Desk()
    answers = []
    for _ in range(4):
        answers.append(_answered(_client(), desk.challenger.challenges()))
        assert desk.check(answers[-1]) == Verified("agent1")
        desk.clock.advance(1)
    replayed = [desk.check(answer) for answer in answers]
    assert all(isinstance(result, Unverified) and result.is_stale for result in replayed)


@pytest.mark.parametrize(
    "broken",
    [
        "Basic abc",
        'Digest realm="hotline"',
        'Digest realm="hotline" nonce="n"',
        'Digest realm="hotline, nonce="n',
        'Digest realm="hotline", realm="hotline"',
        "Digest " + 'a="' + "x" * 3000 + '"',
    ],
)
def test_what_is_no_answer_is_malformed(broken: str) -> None:
    with pytest.raises(SipError):
        Desk().check(broken)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("nc", "1"), ("nc", "00000000"), ("nc", "0000000g"), ("qop", "auth-int"), ("qop", None),
        ("algorithm", "SHA-512-256"), ("cnonce", None), ("uri", "sip:elsewhere"),
        ("username", ""), ("response", None),
    ],
)  # fmt: skip
def test_an_answer_must_be_whole(name: str, value: str | None) -> None:
    desk = Desk()
    params = parse_digest(_answered(_client(), desk.challenger.challenges()))
    params[name] = value or ""
    text = ", ".join(f'{key}="{each}"' for key, each in params.items() if each or value == "")
    with pytest.raises(SipError, match="Digest"):
        desk.check(f"Digest {text}")


def test_quotes_in_names_survive_the_way() -> None:
    challenge = r'Digest realm="a \"b\" \\c", nonce="n", qop="auth"'
    said = parse_digest(_answered(_client('x"y', "p"), [challenge]))
    assert (said["username"], said["realm"]) == ('x"y', 'a "b" \\c')


def test_nonces_differ_even_within_one_second() -> None:
    desk = Desk()
    made = [parse_digest(desk.challenger.challenges()[0])["nonce"] for _ in range(10)]
    assert len(set(made)) == 10
    assert all(a != b for a, b in itertools.pairwise(made))
