"""The router alone, with an outlet that keeps what it is given."""

from functools import partial
from typing import Any

import pytest

from fix import decode
from fix.fields import split
from fix.router import PARKED_MAX, RESENDS_MAX, SEND_BATCH_MAX, Router
from fix.settings import FixSettings
from risk.domain.commands import RecordRefusal, RecordRouted
from risk.domain.enums import Side
from risk.domain.events import FillBusted, OrderCanceled
from risk.domain.orders import OpenOrder
from tests.builders import fix_edges
from tests.builders.fix_edges import a_cancel_requested, an_open
from tests.builders.fix_messages import a_cancel_reject, a_report, as_dict

S = 1_000_000_000
NOW_NS = 1_000 * S
an_accepted = partial(fix_edges.an_accepted, at_ns=NOW_NS)
SESSION = "HOTLINE-VENUE/20261123"
C1, C2 = "261123000001", "261123000002"


class KeptOutlet:
    """Numbers and keeps messages; refuses them on wish."""

    def __init__(self) -> None:
        self.next_number = 2
        self.sent: list[dict[str, str]] = []
        self.takes = True

    def send(self, text: str) -> int:
        if not self.takes:
            return 0
        self.sent.append(split(text))
        self.next_number += 1
        return self.next_number - 1

    def of(self, kind: str) -> list[dict[str, str]]:
        return [message for message in self.sent if message["35"] == kind]


class Routing:
    """A router on a clock of its own."""

    def __init__(self, *open_orders: OpenOrder, **settings: Any) -> None:
        self.now_ns = NOW_NS
        self.commands: list[RecordRouted] = []
        self.outlet = KeptOutlet()
        shape = FixSettings(**{"report_timeout_s": 5.0, "status_per_s": 10_000} | settings)
        self.router = Router(shape, self.commands.append, open_orders, lambda: self.now_ns)

    def up(self) -> "Routing":
        self.router.session_up(self.outlet, SESSION)
        self.router.turn()
        return self

    def publish(self, *events: Any) -> None:
        self.router.on_events(list(enumerate(events)))

    def say(self, cl_ord_id: str = C1, **fields: Any) -> None:
        body = as_dict(a_report(cl_ord_id, **fields), "8")
        report = decode.execution_report(SESSION, body)
        self.router.reported(report, decode.status_answer(report, body))

    def say_unknown(self, cl_ord_id: str = C1, question: int = -1, echoes: bool = True) -> None:
        ids = [m["790"] for m in self.outlet.of("H") if m["11"] == cl_ord_id]
        asked = ids[question] if echoes else None
        self.say(cl_ord_id, _150="I", _39="8", _103=5, _14=0, _31=None, _32=None, _790=asked)

    def wait(self, seconds: float) -> None:
        self.now_ns += int(seconds * S)
        self.router.turn()


NEW = {"_150": "0", "_39": "0", "_14": 0, "_31": None, "_32": None, "_151": 100}


def test_an_order_goes_out_once_and_its_routing_is_recorded() -> None:
    routing = Routing().up()
    routing.publish(an_accepted(1))
    routing.router.turn()
    assert [m["11"] for m in routing.outlet.of("D")] == [C1]
    assert routing.commands == [
        RecordRouted(f"routed:{SESSION}:2", C1, SESSION, routing.now_ns, False)
    ]


def test_what_goes_out_in_one_turn_is_recorded_at_once_by_type() -> None:
    routing = Routing().up()
    order = an_accepted(1)
    routing.publish(order, a_cancel_requested(2, order), an_accepted(3))
    now_ns, more = routing.now_ns, ("261123000003",)
    assert routing.commands == [
        RecordRouted(f"routed:{SESSION}:2", C1, SESSION, now_ns, False, more),
        RecordRouted(f"routed:{SESSION}:3", C2, SESSION, now_ns, False),
    ]


def test_what_goes_out_again_is_recorded_apart_from_the_rest_and_once() -> None:
    routing = Routing(an_open(an_accepted(1), cancel_ids=(C2,))).up()
    routing.say_unknown()
    routing.publish(an_accepted(3))
    assert [(r.cl_ord_id, r.more_cl_ord_ids, r.poss_resend) for r in routing.commands] == [
        (C1, (), True),
        (C2, (), True),
        ("261123000003", (), False),
    ]


def test_orders_wait_for_the_session_in_their_order() -> None:
    routing = Routing()
    order = an_accepted(1)
    routing.publish(order, a_cancel_requested(2, order), an_accepted(3))
    assert routing.outlet.sent == []
    routing.up()
    assert [(m["35"], m["11"]) for m in routing.outlet.sent] == [
        ("D", C1),
        ("F", C2),
        ("D", "261123000003"),
    ]


def test_an_order_that_ends_while_parked_is_not_sent() -> None:
    routing = Routing()
    routing.publish(an_accepted(1), a_cancelled(C1))
    assert routing.up().outlet.sent == []


def test_silence_is_noticed_although_the_clock_was_set_back() -> None:
    routing = Routing().up()
    routing.now_ns += 3_600 * S
    routing.publish(an_accepted(1))
    routing.wait(-3_600)
    assert [m["11"] for m in routing.outlet.of("H")] == [C1]


def test_an_order_that_was_parked_over_midnight_is_not_sent() -> None:
    routing = Routing()
    routing.publish(an_accepted(1))
    routing.now_ns += 86_400 * S
    assert routing.up().outlet.sent == []


def test_an_order_of_yesterday_that_the_venue_does_not_know_is_not_sent_again() -> None:
    routing = Routing(an_open(an_accepted(1)))
    routing.now_ns += 86_400 * S
    routing.up().say_unknown()
    routing.router.turn()
    assert routing.outlet.of("D") == []


def test_one_turn_sends_a_bounded_number() -> None:
    routing = Routing().up()
    routing.publish(*(an_accepted(n) for n in range(1, SEND_BATCH_MAX + 11)))
    assert len(routing.outlet.of("D")) == SEND_BATCH_MAX
    routing.router.turn()
    assert len(routing.outlet.of("D")) == SEND_BATCH_MAX + 10


def test_unanswered_orders_hold_the_rest_back() -> None:
    routing = Routing(unanswered_max=2).up()
    routing.publish(*(an_accepted(n) for n in range(1, 5)))
    assert len(routing.outlet.of("D")) == 2
    routing.say(C1, **NEW)
    routing.router.turn()
    assert len(routing.outlet.of("D")) == 3


def test_doors_are_told_when_too_much_is_parked() -> None:
    routing = Routing()
    assert routing.router.has_room
    routing.publish(*(an_accepted(n) for n in range(PARKED_MAX)))
    assert not routing.router.has_room


def test_what_the_session_does_not_take_stays_parked() -> None:
    routing = Routing().up()
    routing.outlet.takes = False
    routing.publish(an_accepted(1))
    assert routing.commands == []
    routing.outlet.takes = True
    routing.router.turn()
    assert len(routing.outlet.of("D")) == 1


@pytest.mark.parametrize("is_answered", [True, False])
def test_an_open_order_is_asked_for_at_logon_and_not_sent(is_answered: bool) -> None:
    routing = Routing(an_open(an_accepted(1), is_answered=is_answered)).up()
    assert [m["35"] for m in routing.outlet.sent] == ["H"]
    assert not routing.router.is_reconciled
    routing.say(**NEW | {"_150": "I"})
    assert routing.router.is_reconciled


def test_unknown_sends_an_unanswered_order_again_and_marks_it() -> None:
    routing = Routing(an_open(an_accepted(1))).up()
    routing.say_unknown()
    (order,) = routing.outlet.of("D")
    assert (order["11"], order["97"]) == (C1, "Y")
    assert routing.commands[-1].poss_resend


def test_unknown_does_not_send_an_order_the_venue_had_answered() -> None:
    routing = Routing(an_open(an_accepted(1), is_answered=True)).up()
    routing.say_unknown()
    assert routing.outlet.of("D") == []


def test_an_order_is_sent_again_a_limited_number_of_times() -> None:
    routing = Routing(an_open(an_accepted(1)))
    for _ in range(RESENDS_MAX + 2):
        routing.up()
        routing.say_unknown()
        routing.router.session_down()
    assert len(routing.outlet.of("D")) == RESENDS_MAX


def test_an_unknown_that_answers_no_question_is_passed_over() -> None:
    routing = Routing().up()
    routing.publish(an_accepted(1))
    routing.say(_150="I", _39="8", _103=5, _14=0, _31=None, _32=None)
    assert len(routing.outlet.of("D")) == 1


@pytest.mark.parametrize("echoes", [True, False])
def test_only_answers_to_questions_asked_after_the_sending_count(echoes: bool) -> None:
    routing = Routing(an_open(an_accepted(1))).up()
    routing.wait(5.1)
    assert len(routing.outlet.of("H")) == 2
    routing.say_unknown(question=0, echoes=echoes)
    assert len(routing.outlet.of("D")) == 1
    routing.wait(5.1)
    assert len(routing.outlet.of("H")) == 3
    routing.say_unknown(question=1, echoes=echoes)
    assert len(routing.outlet.of("D")) == 1
    routing.say_unknown(question=2, echoes=echoes)
    assert len(routing.outlet.of("D")) == 2


def test_what_is_told_again_after_a_logon_answers_no_question_unless_it_repeats_its_id() -> None:
    routing = Routing(an_open(an_accepted(1))).up()
    unknown = {"_150": "I", "_39": "8", "_103": 5, "_14": 0, "_31": None, "_32": None}
    routing.say(_43="Y", **unknown)
    assert routing.outlet.of("D") == []
    routing.say(_43="Y", _790=routing.outlet.of("H")[0]["790"], **unknown)
    assert len(routing.outlet.of("D")) == 1


def test_questions_a_lost_link_has_swallowed_are_not_waited_for() -> None:
    routing = Routing(an_open(an_accepted(1))).up()
    routing.router.session_down()
    routing.up()
    routing.say_unknown(echoes=False)
    assert len(routing.outlet.of("D")) == 1


def test_silence_is_followed_by_a_question_not_by_the_order() -> None:
    routing = Routing().up()
    routing.publish(an_accepted(1))
    routing.wait(4.9)
    assert routing.outlet.of("H") == []
    routing.wait(0.2)
    assert len(routing.outlet.of("H")) == 1
    assert len(routing.outlet.of("D")) == 1


def test_a_reported_order_is_not_asked_for() -> None:
    routing = Routing().up()
    routing.publish(an_accepted(1))
    routing.say(**NEW)
    routing.wait(60)
    assert routing.outlet.of("H") == []
    assert not routing.router.is_waiting


def test_a_lost_link_makes_sent_orders_unsure() -> None:
    routing = Routing().up()
    routing.publish(an_accepted(1))
    routing.router.session_down()
    routing.publish(an_accepted(2))
    routing.up()
    assert [(m["35"], m["11"]) for m in routing.outlet.sent[1:]] == [("D", C2), ("H", C1)]


def test_a_cancel_waits_for_its_unsure_order() -> None:
    order = an_accepted(1)
    routing = Routing(an_open(order))
    routing.publish(a_cancel_requested(2, order))
    routing.up()
    assert routing.outlet.of("F") == []
    routing.say_unknown()
    assert [(m["35"], m.get("97")) for m in routing.outlet.sent[1:]] == [("D", "Y"), ("F", None)]


def test_an_old_report_lets_a_waiting_cancel_go_but_repeats_none() -> None:
    order = an_accepted(1)
    routing = Routing(an_open(order, cancel_ids=(C2,)))
    routing.publish(a_cancel_requested(3, order))
    routing.up()
    routing.say(_43="Y", **NEW)
    assert [m["11"] for m in routing.outlet.of("F")] == ["261123000003"]


def test_a_cancel_without_answer_is_asked_about_and_sent_again() -> None:
    order = an_accepted(1)
    routing = Routing().up()
    routing.publish(order, a_cancel_requested(2, order))
    routing.say(**NEW)
    routing.wait(5.1)
    assert len(routing.outlet.of("H")) == 1
    routing.say(**NEW | {"_150": "I", "_790": routing.outlet.of("H")[0]["790"]})
    assert [m.get("97") for m in routing.outlet.of("F")] == [None, "Y"]


def test_a_rejected_cancel_is_not_sent_again() -> None:
    order = an_accepted(1)
    routing = Routing().up()
    routing.publish(order, a_cancel_requested(2, order))
    routing.say(**NEW)
    routing.router.cancel_rejected(decode.cancel_reject(SESSION, as_dict(a_cancel_reject(), "9")))
    routing.router.session_down()
    routing.up()
    routing.say(**NEW | {"_150": "I", "_790": routing.outlet.of("H")[0]["790"]})
    assert len(routing.outlet.of("F")) == 1


@pytest.mark.parametrize(("kind", "asked"), [("D", 0), ("H", 0), ("", 0)])
def test_a_refused_message_is_not_waited_for(kind: str, asked: int) -> None:
    routing = Routing().up()
    routing.publish(an_accepted(1))
    routing.say(**NEW) if kind == "H" else None
    routing.router.refused(RecordRefusal("r", SESSION, 9, kind, C1, 5, "no"))
    routing.wait(60)
    assert len(routing.outlet.of("H")) == asked


def test_messages_are_known_by_number_until_the_next_logon() -> None:
    routing = Routing().up()
    routing.publish(an_accepted(1))
    assert routing.router.sent_under(2) == C1
    assert routing.router.sent_under(3) == ""
    routing.router.session_down()
    routing.up()
    assert routing.router.sent_under(2) == ""


def test_an_order_a_bust_has_opened_again_can_be_cancelled() -> None:
    routing = Routing().up()
    order = an_accepted(1)
    busted = FillBusted(
        0, C1, "10000001", "600000", Side.BUY, "E2", "E1", 100, 100_500, 0, 100, 0,
        0, 0, 0, 0, SESSION, 9, 1,
    )  # fmt: skip
    routing.publish(busted, a_cancel_requested(2, order))
    (cancel,) = routing.outlet.of("F")
    assert (cancel["41"], cancel["38"]) == (C1, "100")


def test_a_cancel_of_an_ended_order_goes_nowhere() -> None:
    routing = Routing().up()
    routing.publish(a_cancel_requested(2, an_accepted(1)))
    assert routing.outlet.sent == []


def a_cancelled(cl_ord_id: str) -> OrderCanceled:
    return OrderCanceled(
        0, cl_ord_id, "10000001", "600000", Side.BUY, 0, 100, 0, "", "", "", "", 0, 1, 2
    )
