"""Calls of ours over several trunks: who is tried, when the next one is, and never two at once."""

import pytest
from prometheus_client import REGISTRY

from gateway.sip.caller import national
from gateway.sip.dialler import DialRefused
from tests.builders.dialler import Carriers, an_exit


def test_a_call_goes_to_the_best_trunk_and_shows_a_number_of_ours() -> None:
    carriers = Carriers()
    call = carriers.place("+8613800138000", "95500")
    assert carriers.sent_to() == ["a INVITE"]
    invite = carriers.sent("a")
    assert str(invite.uri) == "sip:+8613800138000@203.0.113.1:5060;user=phone"
    assert invite.sender.uri.user == "95500"
    carriers.reply("a", 180)
    carriers.reply("a", 200)
    assert carriers.told == ["ringing", "answered"]
    assert (call.trunk, call.status, call.is_closed) == ("a", 200, False)
    assert carriers.sent_to() == ["a ACK"]
    call.hangup()
    assert carriers.sent_to() == ["a BYE"]
    assert carriers.told[-1] == "local_bye"


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 599])
def test_a_trunk_that_cannot_carry_the_call_gives_it_to_the_next(status: int) -> None:
    carriers = Carriers()
    call = carriers.place()
    carriers.sent_to()
    carriers.reply("a", status)
    assert carriers.sent_to() == ["a ACK", "b INVITE"]
    carriers.reply("b", 200)
    assert carriers.told == ["answered"]
    assert (call.trunk, call.call_no) == ("b", "dialled-1")
    assert call.call is not None
    assert call.call.call_no == "dialled-1"


@pytest.mark.parametrize("status", [400, 403, 404, 480, 484, 486, 600, 603, 604])
def test_a_no_of_the_far_end_is_final(status: int) -> None:
    carriers = Carriers()
    call = carriers.place()
    carriers.sent_to()
    carriers.reply("a", status)
    assert carriers.sent_to() == ["a ACK"]
    assert (carriers.told, call.status) == (["refused"], status)


def test_a_redirection_to_a_stranger_is_not_followed() -> None:
    carriers = Carriers()
    call = carriers.place()
    carriers.sent_to()
    carriers.reply("a", 302, contact="198.51.100.66")
    assert carriers.sent_to() == ["a ACK"]
    assert (carriers.told, call.status) == (["refused"], 302)


def test_a_redirection_within_the_trunks_is_followed() -> None:
    carriers = Carriers()
    carriers.place()
    carriers.sent_to()
    carriers.reply("a", 302)
    assert carriers.sent_to() == ["a ACK", "a INVITE"]


def test_a_silent_trunk_is_given_up_and_its_late_answer_gets_bye() -> None:
    carriers = Carriers(dial_silence_s=4.0)
    call = carriers.place()
    carriers.advance(3.9)
    assert set(carriers.sent_to()) == {"a INVITE"}
    carriers.advance(0.2)
    assert carriers.sent_to()[-1] == "b INVITE"
    carriers.reply("b", 180)
    carriers.reply("a", 200)
    assert carriers.sent_to() == ["a ACK", "a BYE"]
    carriers.reply("b", 200)
    assert carriers.sent_to() == ["b ACK"]
    assert carriers.told == ["ringing", "answered"]
    assert (call.trunk, call.is_closed) == ("b", False)


def test_a_silent_trunk_that_begins_to_ring_late_gets_cancel() -> None:
    carriers = Carriers()
    carriers.place()
    carriers.advance(4.1)
    carriers.sent_to()
    carriers.reply("a", 180)
    assert carriers.sent_to() == ["a CANCEL"]
    assert carriers.told == []


def test_a_trunk_that_says_trying_is_waited_for() -> None:
    carriers = Carriers()
    carriers.place()
    carriers.sent_to()
    carriers.reply("a", 100)
    carriers.advance(50, step=1)
    assert carriers.sent_to() == []
    carriers.advance(11, step=1)
    assert set(carriers.sent_to()) == {"a CANCEL"}
    assert carriers.told == ["no_answer"], "nobody took it up: that is an answer"


def test_a_socket_that_cannot_send_goes_on_to_the_next_and_ends_the_call_at_last() -> None:
    carriers = Carriers()
    carriers.wire.is_closed = True
    call = carriers.place()
    assert carriers.told == ["no_answer"]
    assert (call.status, call.trunk, call.is_closed) == (0, "b", True)
    assert carriers.trunk("a").lines_used == 0


def test_when_all_trunks_fail_the_last_one_says_why() -> None:
    carriers = Carriers()
    call = carriers.place()
    carriers.sent_to()
    carriers.reply("a", 503)
    carriers.sent_to()
    carriers.reply("b", 500)
    assert (carriers.told, call.status) == (["refused"], 500)
    call.hangup()
    assert carriers.told == ["refused"]


def test_a_hang_up_cancels_the_attempt_and_tries_no_other() -> None:
    carriers = Carriers()
    call = carriers.place()
    carriers.sent_to()
    carriers.reply("a", 180)
    call.hangup()
    assert carriers.sent_to() == ["a CANCEL"]
    carriers.reply("a", 200, "CANCEL")
    carriers.reply("a", 487)
    carriers.advance(60, step=1)
    assert carriers.sent_to() == ["a ACK"]
    assert carriers.told == ["ringing", "cancelled"]


def test_a_full_trunk_is_passed_over_and_no_trunk_is_no_call() -> None:
    carriers = Carriers(an_exit("a", priority=1, calls_max=1), an_exit("b", calls_max=1))
    assert [carriers.place().trunk for _ in range(2)] == ["a", "b"]
    carriers.sent_to()
    call = carriers.place()
    assert (call.status, call.trunk, carriers.told) == (503, "", ["no_answer"])
    assert carriers.sent_to() == []
    carriers.reply("b", 486)
    assert carriers.place().trunk == "b"


def test_lines_are_in_use_until_the_call_is_over() -> None:
    def lines(name: str) -> float | None:
        return REGISTRY.get_sample_value("hotline_sip_trunk_lines", {"trunk": name})

    carriers = Carriers()
    call = carriers.place()
    carriers.sent_to()
    assert (lines("a"), lines("b")) == (1, 0)
    carriers.reply("a", 503)
    carriers.sent_to()
    assert (lines("a"), lines("b")) == (0, 1)
    carriers.reply("b", 200)
    call.hangup()
    assert (lines("a"), lines("b")) == (0, 0)


def test_trunks_of_one_priority_share_by_weight() -> None:
    carriers = Carriers(an_exit("a", weight=3), an_exit("b"), an_exit("c", priority=99))
    carriers.picks = [2, 3, 0]
    assert [carriers.place().trunk for _ in range(3)] == ["a", "b", "a"]


def test_a_trunk_that_is_down_comes_last() -> None:
    carriers = Carriers()
    trunk = carriers.trunk("a")
    trunk.missed()
    assert carriers.place().trunk == "a"
    trunk.missed()
    assert carriers.place().trunk == "b"
    carriers.sent_to()
    carriers.reply("b", 503)
    assert carriers.sent_to() == ["b ACK", "a INVITE"]
    trunk.answered()
    assert carriers.place().trunk == "a"


@pytest.mark.parametrize("ani", ["95501", "13800138000", "", "anonymous"])
def test_a_number_that_is_not_ours_is_never_shown(ani: str) -> None:
    carriers = Carriers(own_numbers=("95500", "+862155550000"))
    with pytest.raises(DialRefused, match=r"sip\.own_numbers"):
        carriers.dialler.place("13800138000", ani, ("192.0.2.10", 40_000))
    assert carriers.sent_to() == []


def test_a_number_of_ours_may_be_named_in_any_form() -> None:
    carriers = Carriers(own_numbers=("02155550000",))
    carriers.dialler.place("13800138000", "+862155550000", ("192.0.2.10", 40_000))
    carriers.sent_to()
    assert carriers.sent("a").sender.uri.user == "02155550000"


@pytest.mark.parametrize("number", ["", "12", "alice", "138;x=y", "138@h", "1" * 21, "+"])
def test_what_is_no_number_is_not_called(number: str) -> None:
    with pytest.raises(DialRefused, match="number to call"):
        Carriers().dialler.place(number, "95500", ("192.0.2.10", 40_000))


def test_a_carrier_gets_the_number_in_the_form_it_wants() -> None:
    carriers = Carriers(an_exit("a", number_form="national", address="203.0.113.1:5080"))
    carriers.place("+8613800138000")
    carriers.sent_to()
    assert str(carriers.sent("a").uri) == "sip:13800138000@203.0.113.1:5080;user=phone"


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("+8613800138000", "13800138000"),
        ("13800138000", "13800138000"),
        ("+861055556666", "01055556666"),
        ("+8675525556666", "075525556666"),
        ("+442071838750", "00442071838750"),
        ("95500", "95500"),
        ("4008095500", "4008095500"),
    ],
)
def test_a_number_is_written_as_it_is_dialled_in_china(number: str, expected: str) -> None:
    assert national(number) == expected
