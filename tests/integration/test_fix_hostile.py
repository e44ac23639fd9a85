"""A venue that says wrong, broken and hostile things: each is answered, the session lives."""

import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from risk.domain.commands import RecordExecution, RecordInbound, RecordRefusal
from risk.domain.enums import ExecType
from tests.builders.fix_edges import RecordedEdge, an_accepted, an_open, until
from tests.builders.fix_messages import Fields, a_cancel_reject, a_report
from tests.peers.scripted_venue import ScriptedVenue

# what is said, BusinessRejectReason(380) of our j
UNREADABLE: dict[str, tuple[str, Fields, str]] = {
    "no ExecID": ("8", a_report(_17=None), "5"),
    "no OrderID": ("8", a_report(_37=None), "5"),
    "no Side": ("8", a_report(_54=None), "5"),
    "a trade without quantity": ("8", a_report(_32=None), "5"),
    "a trade at no price": ("8", a_report(_31="0"), "5"),
    "a bust of nothing": ("8", a_report(_150="H"), "5"),
    "five decimals": ("8", a_report(_31="10.12345"), "0"),
    "not a number": ("8", a_report(_31="NaN"), "0"),
    "an exponent": ("8", a_report(_31="1e5"), "0"),
    "a negative price": ("8", a_report(_31="-10.05"), "0"),
    "a price beyond reason": ("8", a_report(_31="9" * 15), "0"),
    "a negative quantity": ("8", a_report(_32="-100"), "0"),
    "a fraction of a share": ("8", a_report(_32="0.5"), "0"),
    "a quantity beyond int64": ("8", a_report(_32="1" + "0" * 30), "0"),
    "digits of another script": ("8", a_report(_32="１００".encode()), "0"),
    "an unknown side": ("8", a_report(_54="9"), "0"),
    "an unknown ExecType": ("8", a_report(_150="Z"), "0"),
    "an unknown OrdStatus": ("8", a_report(_39="Y"), "0"),
    "a long OrdStatus": ("8", a_report(_39="2" * 4_000), "0"),
    "a long ClOrdID": ("8", a_report("7" * 4_000), "0"),
    "a ClOrdID of control characters": ("8", a_report("1\x02\x03"), "0"),
    "an ExecID that is no text": ("8", a_report(_17=b"\xff\xfe\x80"), "0"),
    "a day that is none": ("8", a_report(_60="20261399-99:99:99"), "0"),
    "no ClOrdID in a cancel reject": ("9", a_cancel_reject(_11=None), "5"),
    "a reason that is no number": ("9", a_cancel_reject(_102="late"), "0"),
    "a message for somebody else": ("B", [("148", "news"), ("33", 0)], "3"),
    "an unknown message": ("ZZ", [("58", "hello")], "3"),
    "an order for us": ("D", [("11", "1"), ("55", "600000")], "3"),
}


def short(message: bytes) -> bytes:
    """Return a message whose BodyLength(9) says less than it has."""
    return re.sub(rb"9=\d+", b"9=20", message, count=1)


# refused or dropped by QuickFIX itself, before anybody sees it
BROKEN: dict[str, Callable[[ScriptedVenue], bytes]] = {
    "a tag twice": lambda v: v.text("8", v.next_out, [*a_report(), ("31", "11.05")]),
    "an empty value": lambda v: v.text("8", v.next_out, a_report(_58="")),
    "a tag that is no number": lambda v: v.text("8", v.next_out, [*a_report(), ("x", "1")]),
    "a wrong checksum": lambda v: v.text("8", v.next_out, a_report())[:-4] + b"999\x01"[-4:],
    "a wrong length": lambda v: short(v.text("8", v.next_out, a_report())),
    "noise": lambda v: bytes(range(256)) * 8,
    "a header only": lambda v: b"8=FIX.4.4\x019=5\x0135=0\x0110=161\x01",
    "another company": lambda v: v.text("8", v.next_out, a_report()).replace(b"VENUE", b"OTHER"),
}

AN_ORDER_BEING_CANCELLED = an_open(an_accepted(1), is_answered=True, cancel_ids=("261123000002",))


class ScriptedTestCase(TestCase):
    """A scripted venue and an edge that is logged on."""

    timeout = 60

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.venue = ScriptedVenue()
        self.addCleanup(lambda: Deferred.fromCoroutine(self.venue.close()))

    async def logged_on(self, *args: Any, **settings: Any) -> RecordedEdge:
        edge = RecordedEdge(self.venue.port, self.folder, *args, market_data_comp_id="", **settings)
        self.addCleanup(edge.kill)
        await until(lambda: edge.edge.is_up, "logon")
        return edge


class HostileVenueTests(ScriptedTestCase):
    """Every bad message, one after the other, over one session."""

    async def _unreadable(self) -> None:
        edge = await self.logged_on()
        for i, (name, (kind, fields, reason)) in enumerate(UNREADABLE.items()):
            number = self.venue.say(kind, fields)
            await until(lambda i=i: len(self.venue.heard_of("j")) > i, name)
            answer = self.venue.heard_of("j")[-1]
            assert (answer["45"], answer["372"], answer["380"]) == (str(number), kind, reason), name
            assert edge.of(RecordInbound)[-1].msg_seq_num == number, name
        assert edge.of(RecordExecution) == []
        await self._still_alive(edge)
        await edge.stop()

    def test_a_message_we_cannot_read_is_answered_with_j_and_keeps_its_place(self) -> Any:
        return Deferred.fromCoroutine(self._unreadable())

    async def _broken(self) -> None:
        edge = await self.logged_on()
        for name, make in BROKEN.items():
            self.venue.raw(make(self.venue))
            self.venue.next_out += 1
            self.venue.say("0", [])
            await self._still_alive(edge, name)
        await edge.stop()

    def test_a_broken_message_is_refused_below_us_and_the_session_lives(self) -> Any:
        return Deferred.fromCoroutine(self._broken())

    async def _still_alive(self, edge: RecordedEdge, name: str = "") -> None:
        """A good order still gets its report."""
        order = an_accepted(len(self.venue.heard) + 500_000)
        edge.publish(order)
        cl_ord_id = order.cl_ord_id
        await until(
            lambda: any(m["11"] == cl_ord_id for m in self.venue.heard_of("D")), f"order: {name}"
        )
        self.venue.say("8", a_report(cl_ord_id))
        await until(lambda: edge.reports(cl_ord_id), f"report: {name}")

    async def _words(self) -> None:
        edge = await self.logged_on()
        self.venue.say("8", a_report(_58="数量超限".encode("gb18030"), _17="E1"))
        self.venue.say("8", a_report(_58="数量超限", _17="E2"))
        self.venue.say("8", a_report(_58=b"\xff" * 5_000, _17="E3"))
        self.venue.say("8", a_report(None, _17="E4"))
        await until(lambda: len(edge.of(RecordExecution)) == 4, "four reports")
        one, two, three, four = edge.of(RecordExecution)
        assert one.text == two.text == "数量超限"
        assert len(three.text.encode()) < 1_000
        assert four.cl_ord_id == ""
        await edge.stop()

    def test_the_venues_words_are_read_in_utf8_and_gb18030_and_cut(self) -> Any:
        return Deferred.fromCoroutine(self._words())

    async def _bug(self) -> None:
        edge = await self.logged_on()

        def fail_once(command: object) -> None:
            edge.on_submit = lambda command: None
            raise RuntimeError("a bug in the heart")

        edge.on_submit = fail_once
        for number in (1, 2, 3):
            self.venue.say("8", a_report(f"26112300000{number}"))
        await until(lambda: len(edge.of(RecordExecution)) == 3, "the two behind it as well")
        await self._still_alive(edge)
        await edge.stop()

    def test_a_bug_about_one_message_does_not_take_those_behind_it_along(self) -> Any:
        return Deferred.fromCoroutine(self._bug())

    async def _flood(self) -> None:
        edge = await self.logged_on([an_open(an_accepted(n)) for n in range(1, 2_001)])
        for _ in range(500):
            self.venue.raw(self.venue.text("8", self.venue.next_out, [*a_report(), ("31", "1")]))
            self.venue.next_out += 1
        await until(lambda: len(self.venue.heard_of("3")) == 500, "each is refused")
        await self._still_alive(edge)
        await edge.stop()

    def test_a_flood_of_refused_messages_does_not_drown_the_orders(self) -> Any:
        return Deferred.fromCoroutine(self._flood())


class RefusalTests(ScriptedTestCase):
    """Reject(3) and BusinessMessageReject(j) about messages of ours."""

    async def _refused(self) -> None:
        edge = await self.logged_on()
        edge.publish(an_accepted(1), an_accepted(2), an_accepted(3))
        await until(lambda: len(self.venue.heard_of("D")) == 3, "three orders")
        one, two, _ = self.venue.heard_of("D")
        self.venue.say("j", [("45", one["34"]), ("372", "D"), ("380", 2), ("58", "no such share")])
        self.venue.say("3", [("45", two["34"]), ("372", "D"), ("373", 5), ("58", "bad value")])
        self.venue.say("j", [("45", 0), ("372", "D"), ("379", "261123000003"), ("380", 4)])
        self.venue.say("j", [("45", 999_999), ("372", "D"), ("380", 4)])
        await until(lambda: len(edge.of(RecordRefusal)) == 4, "four refusals")
        assert [(r.ref_cl_ord_id, r.ref_msg_type, r.reason) for r in edge.of(RecordRefusal)] == [
            ("261123000001", "D", 2),
            ("261123000002", "D", 5),
            ("261123000003", "D", 4),
            ("", "D", 4),
        ]
        assert self.venue.heard_of("j") == []
        await edge.stop()

    def test_a_refusal_names_the_order_it_was_about(self) -> Any:
        return Deferred.fromCoroutine(self._refused())


class UnknownOrderTests(ScriptedTestCase):
    """Answers to OrderStatusRequest(H), told at the wrong time or again."""

    def unknown(self, req_id: str | None, exec_id: str) -> None:
        self.venue.say(
            "8",
            a_report(
                _150="I", _39="8", _103=5, _14=0, _31=None, _32=None, _37="NONE",
                _17=exec_id, _790=req_id,
            ),
        )  # fmt: skip

    async def _stale(self) -> None:
        edge = await self.logged_on([an_open(an_accepted(1))], report_timeout_s=0.2)
        await until(lambda: len(self.venue.heard_of("H")) == 2, "asked twice")
        first, second = (message["790"] for message in self.venue.heard_of("H"))
        self.unknown(first, "E1")
        self.unknown(second, "E2")
        self.unknown(second, "E3")
        await until(lambda: len(edge.of(RecordExecution)) == 3, "three answers")
        await until(lambda: self.venue.heard_of("D"), "sent")
        assert len(self.venue.heard_of("D")) == 1
        assert self.venue.heard_of("D")[0]["97"] == "Y"
        await edge.stop()

    def test_only_the_answer_to_the_last_question_sends_the_order_and_only_once(self) -> Any:
        return Deferred.fromCoroutine(self._stale())

    async def _late_answer(self) -> None:
        edge = await self.logged_on(report_timeout_s=0.2)
        edge.publish(an_accepted(1))
        await until(lambda: self.venue.heard_of("H"), "asked after silence")
        self.venue.say("8", a_report(_150="0", _39="0", _14=0, _31=None, _32=None, _151=100))
        self.unknown(self.venue.heard_of("H")[0]["790"], "E9")
        await until(lambda: len(edge.of(RecordExecution)) == 2, "report and answer")
        assert len(self.venue.heard_of("D")) == 1
        assert len(edge.routed()) == 1
        await edge.stop()

    def test_an_order_the_venue_has_reported_is_never_sent_again(self) -> Any:
        return Deferred.fromCoroutine(self._late_answer())

    async def _no_echo(self) -> None:
        edge = await self.logged_on([an_open(an_accepted(1))])
        await until(lambda: self.venue.heard_of("H"), "asked")
        self.unknown(None, "E1")
        await until(lambda: self.venue.heard_of("D"), "sent")
        self.venue.drop()
        await until(lambda: not edge.edge.is_up, "the link is gone")
        await until(lambda: len(self.venue.heard_of("H")) == 2, "asked again after logon")
        assert len(self.venue.heard_of("D")) == 1
        self.unknown(None, "E2")
        await until(lambda: len(self.venue.heard_of("D")) == 2, "sent again")
        assert [m.get("97") for m in self.venue.heard_of("D")] == ["Y", "Y"]
        await edge.stop()

    def test_a_venue_that_does_not_repeat_our_question_is_understood(self) -> Any:
        return Deferred.fromCoroutine(self._no_echo())

    async def _cancel_again(self) -> None:
        order = an_accepted(1)
        edge = await self.logged_on(
            [an_open(order, is_answered=True, cancel_ids=("261123000002",))]
        )
        await until(lambda: self.venue.heard_of("H"), "asked")
        assert self.venue.heard_of("F") == []
        status = a_report(_150="I", _39="0", _14=0, _31=None, _32=None, _151=100)
        self.venue.say("8", [*status, ("790", self.venue.heard_of("H")[0]["790"])])
        await until(lambda: self.venue.heard_of("F"), "the cancel request goes again")
        (request,) = self.venue.heard_of("F")
        assert (request["11"], request["41"], request["97"]) == (
            "261123000002",
            "261123000001",
            "Y",
        )
        assert edge.of(RecordExecution)[0].exec_type is ExecType.ORDER_STATUS
        await edge.stop()

    def test_a_cancel_request_goes_again_when_the_order_turns_out_to_live(self) -> Any:
        return Deferred.fromCoroutine(self._cancel_again())

    async def _cancel_in_hand(self) -> None:
        order = an_accepted(1)
        edge = await self.logged_on(
            [an_open(order, is_answered=True, cancel_ids=("261123000002",))]
        )
        await until(lambda: self.venue.heard_of("H"), "asked")
        self.venue.say("8", a_report(_150="I", _39="6", _14=0, _31=None, _32=None, _151=100))
        await until(lambda: edge.edge.is_reconciled, "answered")
        assert self.venue.heard_of("F") == []
        await edge.stop()

    def test_a_cancel_request_the_venue_has_in_hand_is_not_repeated(self) -> Any:
        return Deferred.fromCoroutine(self._cancel_in_hand())
