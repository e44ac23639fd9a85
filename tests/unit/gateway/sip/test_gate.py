"""The gate: strangers cost nothing, carriers get their lines, phones prove who they are."""

import pytest
from prometheus_client import REGISTRY

from gateway.sip.digest import Credentials, parse_digest
from gateway.sip.incoming import IncomingCall
from gateway.sip.message import Response
from gateway.sip.uri import Uri
from gateway.sip.wire import Hop
from tests.builders.gate import CARRIER, LOCAL, PHONE, STRANGER, GatedExchange, a_trunk
from tests.builders.registrar import PASSWORDS
from tests.builders.sip import OFFER, RTP, a_request, tokens


def _turned(reason: str) -> float:
    name = "hotline_sip_turned_away_total"
    return REGISTRY.get_sample_value(name, {"reason": reason}) or 0.0


def _sample(name: str, trunk: str) -> float:
    return REGISTRY.get_sample_value(name, {"trunk": trunk}) or 0.0


def _invite(n: int = 0, **request: object) -> str:
    return a_request(
        **{"body": OFFER, "branch": f"z9hG4bK{n}", "call_id": f"c{n}", **request}  # type: ignore[arg-type]
    )


def _statuses(house: GatedExchange, text: str, source: Hop) -> list[str]:
    house.wire.arrive(text, source)
    return house.wire.take()


def _called(house: GatedExchange, n: int, source: Hop = CARRIER) -> IncomingCall:
    assert _statuses(house, _invite(n), source) == ["100"]
    return house.calls[-1]


def test_a_flood_of_strangers_is_not_even_read() -> None:
    house = GatedExchange()
    before = _turned("stranger_dropped")
    for n in range(5000):
        house.wire.arrive(_invite(n), STRANGER)
        assert len(house.agent.transactions) == 0
    house.wire.arrive(b"\xff" * 100, STRANGER)
    house.wire.arrive("OPTIONS broken", STRANGER)
    assert house.wire.take() == []
    assert house.calls == []
    assert house.clock.getDelayedCalls() == []
    assert _turned("stranger_dropped") == before + 5002


@pytest.mark.parametrize("method", ["INVITE", "OPTIONS", "REGISTER", "BYE", "CANCEL", "MESSAGE"])
def test_a_stranger_may_be_refused_instead_and_still_costs_nothing(method: str) -> None:
    house = GatedExchange(strangers="refuse")
    for n in range(100):
        text = a_request(method, branch=f"z9hG4bK{n}", call_id=str(n))
        assert _statuses(house, text, STRANGER) == ["403"]
    assert _statuses(house, a_request("ACK"), STRANGER) == []
    assert len(house.agent.transactions) == 0
    assert house.calls == []
    assert house.clock.getDelayedCalls() == []


def test_an_answer_that_keeps_nothing_is_the_same_for_the_same_request() -> None:
    house = GatedExchange(strangers="refuse")
    vias, tags = [], []
    for n in (1, 1, 2):
        house.wire.arrive(_invite(n), STRANGER)
        house.wire.take()
        vias.append(house.wire.last[0].via)
        tags.append(house.wire.last[0].to.tag)
    assert tags[0] == tags[1] != tags[2]
    assert dict(vias[0].params)["received"] == STRANGER.host


def test_by_default_this_machine_alone_may_call() -> None:
    house = GatedExchange(has_phones=False, trunks=(), phones=())
    assert _statuses(house, _invite(1), Hop("10.0.0.5", 5060)) == []
    assert _statuses(house, _invite(2), CARRIER) == []
    assert _called(house, 3, LOCAL).trunk == ""


def test_an_open_machine_may_be_closed() -> None:
    house = GatedExchange(open_hosts=(), has_phones=False)
    assert _statuses(house, _invite(1), LOCAL) == []


def test_a_carrier_says_who_calls_and_by_which_trunk() -> None:
    house = GatedExchange()
    asserted = ("P-Asserted-Identity: <sip:+8613900139000@c>", "Privacy: id",
                "Diversion: <sip:4008095500@c>")  # fmt: skip
    assert _statuses(house, _invite(1, extra=asserted), CARRIER) == ["100"]
    call = house.calls[0]
    assert (call.trunk, call.ani, call.privacy) == ("carrier", "+8613900139000", True)
    assert (call.diversion, call.source, call.phone) == (("4008095500",), CARRIER, "")


@pytest.mark.parametrize(("source", "trusts"), [(LOCAL, True), (CARRIER, False)])
def test_what_others_assert_is_not_believed(source: Hop, trusts: bool) -> None:
    house = GatedExchange(trunks=(a_trunk(trusts_identity=trusts),))
    house.wire.arrive(_invite(1, extra=("P-Asserted-Identity: <sip:1@c>",)), source)
    assert house.calls[0].ani == "+8613800138000"
    assert house.calls[0].privacy is not trusts, "a number that an untrusted trunk tells is none"


@pytest.mark.parametrize(("allows", "sent"), [(True, ["REFER"]), (False, [])])
def test_a_call_is_handed_over_only_to_a_trunk_that_allows_it(
    allows: bool, sent: list[str]
) -> None:
    house = GatedExchange(trunks=(a_trunk(allows_refer=allows),))
    call = _called(house, 1)
    call.answer(RTP)
    house.wire.take()
    to_tag = call.dialog.local.tag if call.dialog is not None else ""
    house.wire.arrive(a_request("ACK", branch="z9hG4bKack", call_id="c1", to_tag=to_tag), CARRIER)
    told: list[int] = []
    call.on_refer_progress(told.append)
    call.refer(Uri("sip", "8001", "192.0.2.20"))
    assert house.wire.take() == sent
    assert told == ([] if allows else [403])


def test_a_number_that_is_not_ours_is_not_found() -> None:
    house = GatedExchange(trunks=(a_trunk(numbers=("95500", "021555*")),))
    before = _turned("number")
    assert _statuses(house, _invite(1, uri="sip:95501@h", to="<sip:95501@h>"), CARRIER) == ["404"]
    assert _statuses(house, _invite(2, uri="sip:0215550@h"), CARRIER) == ["100"]
    assert _turned("number") == before + 1
    assert len(house.agent.transactions) == 1


@pytest.mark.parametrize("named", ["02155550000", "+862155550000", "02155550000-02155550009"])
@pytest.mark.parametrize("dialled", ["02155550000", "+862155550000", "862155550000"])
def test_a_number_of_ours_is_known_in_any_form(named: str, dialled: str) -> None:
    house = GatedExchange(trunks=(a_trunk(numbers=(named,)),))
    assert _statuses(house, _invite(1, uri=f"sip:{dialled}@h"), CARRIER) == ["100"]


def test_two_trunks_of_one_host_are_told_apart_by_the_number_dialled() -> None:
    trunks = (a_trunk("one", numbers=("95500",)), a_trunk("two", numbers=("95501",)))
    house = GatedExchange(trunks=trunks)
    for n, number in enumerate(("95501", "95500")):
        house.wire.arrive(_invite(n, uri=f"sip:{number}@h"), CARRIER)
    assert [call.trunk for call in house.calls] == ["two", "one"]


@pytest.mark.parametrize("status", [503, 486])
def test_a_trunk_has_so_many_lines_and_no_more(status: int) -> None:
    house = GatedExchange(trunks=(a_trunk("lines", calls_max=2, full_status=status),))
    blocked = _sample("hotline_sip_trunk_blocked_total", "lines")
    calls = [_called(house, n) for n in range(2)]
    assert _sample("hotline_sip_trunk_lines", "lines") == 2
    assert _statuses(house, _invite(2), CARRIER) == [str(status)]
    response = house.wire.last[0]
    assert isinstance(response, Response)
    assert (response.headers.get("Retry-After") is not None) == (status == 503)
    assert len(house.agent.transactions) == 2
    assert _sample("hotline_sip_trunk_blocked_total", "lines") == blocked + 1
    calls[0].refuse(486)
    house.wire.take()
    assert _sample("hotline_sip_trunk_lines", "lines") == 1
    _called(house, 3)
    assert _called(house, 4, LOCAL).trunk == "", "others have their own lines"


def test_one_host_may_begin_so_many_calls_a_second() -> None:
    house = GatedExchange(host_invites_per_s=10.0, host_invites_burst=5, calls_max=1000)
    taken = [_statuses(house, _invite(n), CARRIER) for n in range(8)]
    assert taken == [["100"]] * 5 + [["503"]] * 3
    assert _statuses(house, _invite(9), LOCAL) == ["100"], "another host is not held up"
    house.clock.advance(0.1)
    assert [_statuses(house, _invite(n), CARRIER) for n in (10, 11)] == [["100"], ["503"]]


def test_all_hosts_together_may_begin_so_many_calls_a_second() -> None:
    house = GatedExchange(invites_per_s=10.0, invites_burst=3)
    before = _turned("rate")
    sources = [CARRIER, LOCAL, CARRIER, LOCAL, CARRIER]
    taken = [_statuses(house, _invite(n), source) for n, source in enumerate(sources)]
    assert taken == [["100"]] * 3 + [["503"]] * 2
    assert _turned("rate") == before + 2


def test_a_repeated_invite_takes_no_second_turn() -> None:
    house = GatedExchange(host_invites_burst=1, host_invites_per_s=0.001)
    _called(house, 1)
    assert _statuses(house, _invite(1), CARRIER) == ["100"]
    assert _statuses(house, _invite(2), CARRIER) == ["503"]


def test_an_in_dialog_request_of_a_known_host_reaches_its_call() -> None:
    house = GatedExchange()
    call = _called(house, 1)
    call.refuse(486)
    assert house.wire.take() == ["486"]
    text = a_request("BYE", to_tag="x", branch="z9hG4bKbye")
    assert _statuses(house, text, CARRIER) == ["481"]
    assert _statuses(house, text, STRANGER) == []


def test_a_trunk_we_only_call_is_heard_but_does_not_call_us() -> None:
    house = GatedExchange(trunks=(a_trunk(hosts=(), address=f"{CARRIER.host}:5070"),))
    assert _statuses(house, a_request("OPTIONS"), CARRIER) == ["200"]
    assert _statuses(house, _invite(1), CARRIER) == []


def _register(house: GatedExchange, source: Hop, *headers: str, n: int = 1) -> Response:
    text = a_request(
        "REGISTER", uri="sip:192.0.2.10", branch=f"z9hG4bKr{n}", cseq=n,
        sender="<sip:agent1@192.0.2.10>;tag=a", to="<sip:agent1@192.0.2.10>",
        extra=("Contact: <sip:agent1@10.0.0.5>", *headers),
    )  # fmt: skip
    house.wire.arrive(text, source)
    assert len(house.wire.take()) == 1
    response = house.wire.last[0]
    assert isinstance(response, Response)
    return response


def _authorization(response: Response, method: str, uri: str, name: str = "agent1") -> str:
    credentials = Credentials(name, PASSWORDS[name], tokens())
    answer = credentials.answer(response.headers.get_all("WWW-Authenticate"), method, uri)
    return f"Authorization: {answer}"


def test_a_phone_registers_from_where_phones_are_and_nowhere_else() -> None:
    house = GatedExchange()
    asked = _register(house, PHONE)
    assert asked.status == 401
    right = _authorization(asked, "REGISTER", "sip:192.0.2.10")
    taken = _register(house, PHONE, right, n=2)
    assert taken.status == 200
    assert taken.headers.get("Contact") == "<sip:agent1@10.0.0.5>;expires=600"
    assert house.registrar is not None
    assert house.registrar.contacts("agent1")[0][1] == PHONE
    house.wire.arrive(a_request("REGISTER"), CARRIER)
    assert house.wire.take() == []


def test_a_phone_whose_connection_ends_is_away() -> None:
    house = GatedExchange()
    line = PHONE._replace(port=40_000, transport="TCP")
    right = _authorization(_register(house, line), "REGISTER", "sip:192.0.2.10")
    assert _register(house, line, right, n=2).status == 200
    assert house.registrar is not None
    assert house.registrar.is_registered("agent1")
    house.wire.cut(line)
    assert not house.registrar.is_registered("agent1")


def test_who_does_not_prove_whose_phone_it_is_costs_nothing() -> None:
    house = GatedExchange()
    before = _turned("unproved")
    asked = {"sender": "<sip:agent1@192.0.2.10>;tag=a"}
    forged = 'Authorization: Digest username="agent1", realm="hotline", nonce="x", uri="sip:y"'
    for n in range(100):
        assert _register(house, PHONE, n=n).status == 401
        assert _register(house, PHONE, forged, n=n).status == 400
        assert _statuses(house, _invite(n, **asked), PHONE) == ["401"]
        assert _statuses(house, a_request("ACK", branch=f"z9hG4bK{n}"), PHONE) == []
    assert len(house.agent.transactions) == 0
    assert house.clock.getDelayedCalls() == []
    assert _turned("unproved") == before + 300


def test_guesses_count_once_each_and_then_nothing_is_told() -> None:
    house = GatedExchange()
    wrong = 'Authorization: Digest username="agent1", realm="hotline", response="00", cnonce="c",'
    statuses = []
    for n in range(8):
        challenge = _register(house, PHONE, n=n)
        if challenge.status == 401:
            said = parse_digest(challenge.headers.get("WWW-Authenticate") or "")
            rest = f'nonce="{said["nonce"]}", nc=00000001, qop=auth, uri="sip:192.0.2.10"'
            statuses.append(_register(house, PHONE, f"{wrong} {rest}", n=n).status)
        else:
            statuses.append(challenge.status)
    assert statuses == [401] * 6 + [403] * 2
    assert len(house.agent.transactions) == 0


def test_without_phones_nobody_registers() -> None:
    house = GatedExchange(has_phones=False)
    assert _statuses(house, a_request("REGISTER"), PHONE) == []
    assert _statuses(house, a_request("REGISTER"), LOCAL) == []


def test_a_phone_calls_us_after_a_challenge() -> None:
    house = GatedExchange()
    sender = "<sip:agent1@192.0.2.10>;tag=a"
    asked = {"uri": "sip:*81@192.0.2.10", "sender": sender}
    assert _statuses(house, _invite(1, **asked), PHONE) == ["401"]
    challenge = house.wire.last[0]
    assert isinstance(challenge, Response)
    right = _authorization(challenge, "INVITE", "sip:*81@192.0.2.10")
    assert _statuses(house, _invite(2, **asked, extra=(right,)), PHONE) == ["100"]
    assert (house.calls[0].phone, house.calls[0].dnis) == ("agent1", "*81")


def test_a_phone_does_not_call_in_the_name_of_another() -> None:
    house = GatedExchange()
    asked = {"uri": "sip:*81@192.0.2.10", "sender": "<sip:agent1@192.0.2.10>;tag=a"}
    for n, source in enumerate((PHONE, LOCAL)):
        assert _statuses(house, _invite(n, **asked), source) == ["401"]
        challenge = house.wire.last[0]
        assert isinstance(challenge, Response)
        other = _authorization(challenge, "INVITE", "sip:*81@192.0.2.10", "agent2")
        assert _statuses(house, _invite(n + 10, **asked, extra=(other,)), source) == ["403"]
    assert house.calls == []


def test_where_phones_are_everybody_has_to_prove_a_name() -> None:
    house = GatedExchange()
    asked = {"uri": "sip:*81@192.0.2.10"}
    assert _statuses(house, _invite(1, **asked), PHONE) == ["401"]
    challenge = house.wire.last[0]
    assert isinstance(challenge, Response)
    right = _authorization(challenge, "INVITE", "sip:*81@192.0.2.10")
    assert _statuses(house, _invite(2, **asked, extra=(right,)), PHONE) == ["403"]
    assert house.calls == []


@pytest.mark.parametrize("method", ["BYE", "INFO", "UPDATE", "INVITE", "CANCEL", "NOTIFY"])
def test_a_request_of_no_call_of_ours_keeps_nothing(method: str) -> None:
    house = GatedExchange()
    for n in range(100):
        to_tag = "" if method == "CANCEL" else "x"
        text = a_request(method, to_tag=to_tag, branch=f"z9hG4bK{n}", call_id=str(n))
        assert _statuses(house, text, PHONE) == ["481"]
    assert len(house.agent.transactions) == 0


def test_one_host_may_ask_so_many_options_a_second() -> None:
    house = GatedExchange(host_invites_per_s=10.0, host_invites_burst=3)
    taken = [
        _statuses(house, a_request("OPTIONS", branch=f"z9hG4bK{n}", call_id=str(n)), PHONE)
        for n in range(5)
    ]
    assert taken == [["200"]] * 3 + [["503"]] * 2
    assert len(house.agent.transactions) == 3
