"""The registrar: who may register, contacts and their expiry, guesses at passwords."""

import pytest

from gateway.sip.errors import SipError
from gateway.sip.wire import Hop
from tests.builders.registrar import Office, a_register

A = "sip:agent1@192.0.2.1:5060"
B = "sip:agent1@192.0.2.2:5070"


def test_a_phone_registers_after_a_challenge() -> None:
    office = Office(digests=("SHA-256", "MD5"))
    first = office.registrar.receive(a_register("agent1"), Hop("192.0.2.1", 5060))
    assert first.status == 401
    assert [name for name, _ in first.headers] == ["WWW-Authenticate", "WWW-Authenticate"]
    answer = office.ask("agent1", "Expires: 120")
    assert answer == (200, (("Contact", f"<{A}>;expires=120"),))
    assert office.uris() == [A]
    assert office.changes == [("agent1", True)]


def test_a_registration_ends_by_itself_and_is_told() -> None:
    office = Office()
    office.ask("agent1", "Expires: 60")
    office.clock.advance(59.9)
    assert office.registrar.is_registered("agent1")
    office.clock.advance(0.1)
    assert office.uris() == []
    assert office.changes == [("agent1", True), ("agent1", False)]
    assert office.clock.getDelayedCalls() == []


def test_a_refresh_makes_it_last_and_tells_nothing_new() -> None:
    office = Office()
    office.ask("agent1", "Expires: 60")
    office.clock.advance(50)
    office.ask("agent1", "Expires: 60")
    office.clock.advance(50)
    assert office.uris() == [A]
    assert office.changes == [("agent1", True)]


@pytest.mark.parametrize(
    ("headers", "contact", "granted"),
    [
        (("Expires: 100",), f"<{A}>", 100),
        (("Expires: 100",), f"<{A}>;expires=200", 200),  # the contact's own wins
        ((), f"<{A}>", 600),  # nothing asked: the longest
        (("Expires: 100000",), f"<{A}>", 600),
        (("Expires: 99999999999999",), f"<{A}>", 600),
        (("Expires: soon",), f"<{A}>", 600),
        (("Expires: 30",), f"<{A}>", 30),
    ],
)
def test_the_time_granted_is_within_our_limits(
    headers: tuple[str, ...], contact: str, granted: int
) -> None:
    answer = Office().ask("agent1", *headers, contact=contact)
    assert answer == (200, (("Contact", f"<{A}>;expires={granted}"),))


def test_a_registration_too_brief_is_told_the_least() -> None:
    office = Office(register_s_min=60)
    assert office.ask("agent1", "Expires: 59") == (423, (("Min-Expires", "60"),))
    assert office.uris() == []


def test_a_phone_takes_itself_off_one_contact_or_all() -> None:
    office = Office()
    office.ask(contact=f"<{A}>, <{B}>")
    assert office.uris() == [B, A]
    assert office.ask(contact=f"<{B}>;expires=0").headers == (("Contact", f"<{A}>;expires=600"),)
    office.ask(contact=f"<{B}>")
    assert office.ask("agent1", "Expires: 0", contact="*") == (200, ())
    assert office.changes == [("agent1", True), ("agent1", False)]


@pytest.mark.parametrize(
    ("headers", "contact"),
    [
        ((), "*"),
        (("Expires: 60",), "*"),
        (("Expires: 0",), f"*, <{A}>"),
        (("Expires: 0",), "<mailto:a@h>"),
        ((), "<sip:"),
        ((), "<tel:+8613800138000>"),
    ],
)
def test_a_contact_that_makes_no_sense_changes_nothing(
    headers: tuple[str, ...], contact: str
) -> None:
    office = Office()
    office.ask(contact=f"<{A}>")
    with pytest.raises(SipError):
        office.ask("agent1", *headers, contact=contact)
    assert office.uris() == [A]


def test_a_query_changes_nothing() -> None:
    office = Office()
    office.ask(contact=f"<{A}>")
    office.clock.advance(100.4)
    assert office.ask(contact=None) == (200, (("Contact", f"<{A}>;expires=500"),))


def test_an_older_request_of_the_same_phone_changes_nothing() -> None:
    office = Office()
    office.ask(cseq=5)
    for contact in (f"<{A}>;expires=0", f"<{B}>, <{A}>", f"<{A}>"):
        with pytest.raises(SipError, match="CSeq must be above 5"):
            office.ask(contact=contact, cseq=5)
    with pytest.raises(SipError, match="CSeq"):
        office.ask("agent1", "Expires: 0", contact="*", cseq=4)
    assert office.uris() == [A]
    assert office.ask(cseq=1, call_id="restarted").status == 200
    assert office.ask(contact=f"<{A}>;expires=0", cseq=2, call_id="restarted").headers == ()


def test_one_contact_more_than_a_name_may_have_takes_the_place_of_the_oldest() -> None:
    office = Office(phone_contacts_max=2)
    for n in (1, 2, 1, 3):
        office.ask(contact=f"<sip:agent1@192.0.2.{n}>")
    assert office.uris() == ["sip:agent1@192.0.2.3", "sip:agent1@192.0.2.1"]
    with pytest.raises(SipError) as refused:
        office.ask(contact=", ".join(f"<sip:agent1@192.0.2.{n}>" for n in (4, 5, 6)))
    assert refused.value.status == 403


VIA = "Via: SIP/2.0/UDP 10.0.0.5:5060;branch=z9hG4bKr"


@pytest.mark.parametrize(
    ("contact", "via", "source", "hop"),
    [
        ("10.0.0.5:5060", VIA, Hop("198.51.100.1", 30_000), Hop("198.51.100.1", 30_000)),
        ("10.0.0.5", VIA, Hop("10.0.0.5", 40_000), Hop("10.0.0.5", 5060)),
        ("10.0.0.5:5080", VIA, Hop("10.0.0.5", 40_000), Hop("10.0.0.5", 5080)),
        ("10.0.0.5:5080", f"{VIA};rport", Hop("10.0.0.5", 40_000), Hop("10.0.0.5", 40_000)),
        ("phone.example", VIA, Hop("10.0.0.5", 40_000), Hop("10.0.0.5", 40_000)),
        ("10.0.0.5:5080", VIA, Hop("10.0.0.5", 40_000, "TLS"), Hop("10.0.0.5", 40_000, "TLS")),
    ],
)
def test_a_phone_behind_nat_is_reached_where_it_called_from(
    contact: str, via: str, source: Hop, hop: Hop
) -> None:
    office = Office()
    answer = office.ask(contact=f"<sip:x@{contact}>", via=via, source=source)
    assert answer.headers == (("Contact", f"<sip:x@{contact}>;expires=600"),)
    ((uri, reached),) = office.registrar.contacts("agent1")
    assert (str(uri), reached) == (f"sip:x@{contact}", hop)


def test_a_connection_that_ends_takes_its_contacts_along() -> None:
    office = Office()
    one, two = Hop("192.0.2.1", 40_000, "TCP"), Hop("192.0.2.1", 40_001, "TCP")
    office.ask(contact=f"<{A}>", source=one)
    office.ask(contact=f"<{B}>", source=two)
    office.registrar.lost(one)
    assert office.uris() == [B]
    office.registrar.lost(two)
    office.registrar.lost(two)
    assert office.changes == [("agent1", True), ("agent1", False)]


def test_nobody_registers_for_somebody_else() -> None:
    office = Office()
    assert office.ask("agent1", to="agent2").status == 403
    assert office.changes == []


def test_an_unknown_name_meets_exactly_what_a_wrong_password_meets() -> None:
    office = Office()
    unknown = [office.ask("nobody", password="x") for _ in range(8)]
    wrong = [office.ask("agent1", password="x") for _ in range(8)]
    assert [a.status for a in unknown] == [a.status for a in wrong] == [401] * 6 + [403] * 2
    assert [len(a.headers) for a in unknown] == [len(a.headers) for a in wrong]
    assert office.uris() == []


def test_guesses_at_one_name_lock_neither_another_name_nor_another_host() -> None:
    office = Office()
    for _ in range(6):
        office.ask("agent1", password="x")
    assert office.ask("agent1").status == 403, "even the right password is not told now"
    assert office.ask("agent2", contact=f"<{B}>").status == 200
    assert office.ask("agent1", source=Hop("192.0.2.9", 5060)).status == 200
    office.clock.advance(10)
    assert office.ask("agent1").status == 200


def test_guesses_at_many_names_lock_their_host() -> None:
    office = Office()
    statuses = [office.ask(f"name{n}", password="x").status for n in range(70)]
    assert statuses == [401] * 60 + [403] * 10
    assert office.ask("agent1").status == 403
    assert office.ask("agent1", source=Hop("192.0.2.9", 5060)).status == 200


def test_an_answer_is_taken_once() -> None:
    office = Office()
    office.ask()
    request = a_register("agent1", "Contact: *", "Expires: 0", cseq=99)
    challenge = office.registrar.receive(request, Hop("192.0.2.1", 5060))
    assert challenge.status == 401
    assert "stale" not in challenge.headers[0][1]
    assert office.uris() == [A]


def test_a_listener_that_breaks_costs_the_registration_nothing() -> None:
    office = Office()

    def broken(name: str, is_there: bool) -> None:
        raise ValueError(name)

    office.registrar.on_change(broken)
    told: list[str] = []
    office.registrar.on_change(lambda name, is_there: told.append(name))
    assert office.ask().status == 200
    assert told == ["agent1"]
