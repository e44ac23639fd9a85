"""Cancels, price alerts and statements: the command that leaves, the answer that comes back."""

from pathlib import Path

import pytest
from twisted.internet.defer import Deferred, fail

from gateway.core.ports import AcceptanceStopped, OutcomeUnknown
from gateway.identity.credentials import TriesBusy
from gateway.ivr.actions.alerts import AlertActions
from gateway.ivr.actions.cancels import CancelActions
from gateway.ivr.actions.statements import StatementActions
from gateway.ivr.wishes import Action
from gateway.media.speech import Qty
from risk.book.views import AlertView
from risk.domain.commands import CancelOrder, RemoveAlert, RequestStatement, SetAlert
from risk.domain.enums import AlertKind, Channel, Language, OrdStatus, StatementForm
from risk.domain.events import CancelDenied, CancelRequested, CommandDenied, Event
from risk.domain.reasons import ReasonCode as R
from risk.domain.service_events import AlertRemoved, AlertSet
from tests.builders.asked import CALL_NO, CALLER, AnswerDesk, a_wish, answer_of, spoken_names
from tests.builders.phone import ACCOUNT_NO, FakeContacts, FakeQueries, an_order_view
from tests.builders.voice import a_book

REQUEST_ID = f"phone:{CALL_NO}:2"
ORDER = {"item_id": "261123000042"}
DENIED = CommandDenied(1, REQUEST_ID, R.NOT_ACCEPTING, {})
REQUESTED = CancelRequested(1, REQUEST_ID, "c2", "261123000042", ACCOUNT_NO, Channel.PHONE, "", "")


def a_denial(reason: R) -> CancelDenied:
    return CancelDenied(1, REQUEST_ID, "261123000042", ACCOUNT_NO, Channel.PHONE, reason, {})


def lost(error: Exception) -> Deferred[Event]:
    return fail(error)


@pytest.mark.parametrize(
    ("event", "answer"),
    [
        (REQUESTED, ("requested", {"cl_ord_id": "261123000042"})),
        (a_denial(R.ORDER_CLOSED), ("too_late", {})),
        (a_denial(R.CANCEL_PENDING), ("denied", {"reason": "cancel_pending"})),
        (a_denial(R.PACE_ACCOUNT), ("denied", {"reason": "other"})),  # its figure is missing
        (lost(OutcomeUnknown("disk")), ("unknown", {})),
        (lost(AcceptanceStopped("stop")), ("denied", {"reason": "not_accepting"})),
    ],
)
def test_a_cancel_is_requested_or_told_why_not(
    event: "Event | Deferred[Event]", answer: tuple[str, dict[str, object]]
) -> None:
    desk = AnswerDesk(event)
    asked = CancelActions(desk.desk, FakeQueries(), a_book(), lambda: 55)
    assert answer_of(asked.cancel(CALLER, a_wish(Action.CANCEL_ORDER, ORDER))) == answer
    assert desk.commands == [
        CancelOrder(
            REQUEST_ID, ACCOUNT_NO, "261123000042", Channel.PHONE, trace_id=CALL_NO, entered_ns=44
        )
    ]


@pytest.mark.parametrize(
    ("changed", "outcome"),
    [
        ({"cancel_cl_ord_id": "c2"}, "pending"),
        ({}, "refused"),  # still open, and no request outstanding
        ({"leaves_qty": 0, "cum_qty": 0, "ord_status": OrdStatus.CANCELED}, "canceled"),
        ({"leaves_qty": 0, "cum_qty": 2, "ord_status": OrdStatus.CANCELED}, "part_canceled"),
        ({"leaves_qty": 0, "cum_qty": 20, "ord_status": OrdStatus.FILLED}, "too_late"),
    ],
)
def test_what_the_exchange_did_about_a_cancel_is_read_from_the_order(
    changed: dict[str, object], outcome: str
) -> None:
    queries = FakeQueries()
    order = an_order_view(**changed)
    queries.today = [order]
    asked = CancelActions(AnswerDesk(DENIED).desk, queries, a_book(), lambda: 55)
    assert answer_of(asked.read(CALLER, a_wish(Action.READ_CANCEL, ORDER))) == (
        outcome,
        {
            "cancel_filled": Qty(order.cum_qty, "bond"),
            "cancel_left": Qty(20 - order.cum_qty, "bond"),
        },
    )
    queries.failed = AcceptanceStopped("stop")
    assert answer_of(asked.read(CALLER, a_wish(Action.READ_CANCEL, ORDER))) == ("unknown", {})


def alerts(desk: AnswerDesk, folder: Path, queries: FakeQueries | None = None) -> AlertActions:
    shown = queries or FakeQueries()
    return AlertActions(desk.desk, shown, spoken_names(folder), a_book(), lambda: 55)


def statements(
    desk: AnswerDesk, folder: Path, contacts: FakeContacts | None = None
) -> StatementActions:
    shown = contacts or FakeContacts()
    return StatementActions(desk.desk, shown, spoken_names(folder), a_book(), lambda: 55)


def test_alerts_are_told_with_their_numbers_kept(tmp_path: Path) -> None:
    queries = FakeQueries()
    asked = alerts(AnswerDesk(DENIED), tmp_path, queries)
    wish = a_wish(Action.READ_ALERTS)
    assert answer_of(asked.read(CALLER, wish)) == ("none", {})
    queries.alert_list = [AlertView(7, "600000", AlertKind.AT_OR_BELOW, 95_000, True, False, 1)]
    item = {
        "item_no": 7,
        "item_kind": "below",
        "item_security": "浦发银行",
        "item_price": 95_000,
    }
    assert answer_of(asked.read(CALLER, wish)) == ("some", {"items": (item,), "item_count": 1})
    queries.failed = AcceptanceStopped("stop")
    assert answer_of(asked.read(CALLER, wish)) == ("unknown", {})


def test_an_alert_is_set_and_removed_by_commands_of_this_call(tmp_path: Path) -> None:
    kind = AlertKind.AT_OR_ABOVE
    values = {"symbol": "600000", "kind": kind, "threshold": 110_000}
    set_ = AlertSet(1, REQUEST_ID, 7, ACCOUNT_NO, "600000", kind, 110_000, 0, Channel.PHONE, "", "")
    desk = AnswerDesk(set_)
    answer = answer_of(alerts(desk, tmp_path).set(CALLER, a_wish(Action.SET_ALERT, values)))
    assert answer == ("done", {})
    command = SetAlert(REQUEST_ID, ACCOUNT_NO, "600000", kind, 110_000, Channel.PHONE)
    assert desk.commands == [command._replace(trace_id=CALL_NO, entered_ns=44)]

    removed = AlertRemoved(
        1, REQUEST_ID, 7, ACCOUNT_NO, "600000", kind, 110_000, Channel.PHONE, "", ""
    )
    desk = AnswerDesk(removed)
    wish = a_wish(Action.REMOVE_ALERT, {"item_no": 7})
    assert answer_of(alerts(desk, tmp_path).remove(CALLER, wish)) == ("removed", {})
    removal = RemoveAlert(REQUEST_ID, ACCOUNT_NO, 7, Channel.PHONE)
    assert desk.commands == [removal._replace(trace_id=CALL_NO, entered_ns=44)]


@pytest.mark.parametrize(
    ("event", "answer"),
    [
        (DENIED, ("denied", {"reason": "not_accepting"})),
        (lost(AcceptanceStopped("stop")), ("denied", {"reason": "not_accepting"})),
        (lost(OutcomeUnknown("disk")), ("unknown", {})),
    ],
)
def test_alerts_and_statements_that_are_not_taken_say_so(
    event: "Event | Deferred[Event]", answer: tuple[str, dict[str, object]], tmp_path: Path
) -> None:
    values = {"symbol": "600000", "kind": AlertKind.AT_OR_ABOVE, "threshold": 1}
    wish = a_wish(Action.SET_ALERT, values)
    assert answer_of(alerts(AnswerDesk(event), tmp_path).set(CALLER, wish)) == answer
    statement = a_wish(Action.SEND_STATEMENT, {"form": StatementForm.SMS})
    asked = statements(AnswerDesk(event), tmp_path)
    assert answer_of(asked.send(CALLER, statement)) == answer


@pytest.mark.parametrize(
    ("tail", "masked", "outcome", "form"),
    [
        ("1234", "z***@example.com", "both", StatementForm.SMS),
        ("1234", "", "sms", StatementForm.SMS),
        ("", "z***@example.com", "mail", StatementForm.MAIL),
        ("", "", "none", None),
    ],
)
def test_where_a_statement_may_go_is_told_masked(
    tail: str, masked: str, outcome: str, form: StatementForm | None, tmp_path: Path
) -> None:
    contacts = FakeContacts()
    assert contacts.found is not None
    contacts.found = contacts.found._replace(mobile_tail=tail, email_masked=masked)
    asked = statements(AnswerDesk(DENIED), tmp_path, contacts)
    answer = answer_of(asked.read(CALLER, a_wish(Action.READ_CONTACT)))
    assert answer[0] == outcome
    assert answer[1].get("form") == form
    if outcome == "both":
        assert (answer[1]["mobile_tail"], answer[1]["mail_initial"]) == ("1234", "z")
    contacts.failed = TriesBusy("busy")
    assert answer_of(asked.read(CALLER, a_wish(Action.READ_CONTACT))) == ("unknown", {})


def test_a_statement_is_asked_for_by_a_command_of_this_call(tmp_path: Path) -> None:
    desk = AnswerDesk(DENIED)
    asked = statements(desk, tmp_path)
    answer_of(asked.send(CALLER, a_wish(Action.SEND_STATEMENT, {"form": StatementForm.MAIL})))
    command = RequestStatement(REQUEST_ID, ACCOUNT_NO, StatementForm.MAIL, Channel.PHONE)
    assert desk.commands == [command._replace(trace_id=CALL_NO, entered_ns=44)]


def test_a_name_is_spoken_in_the_language_of_the_caller(tmp_path: Path) -> None:
    queries = FakeQueries()
    queries.alert_list = [AlertView(7, "600000", AlertKind.AT_OR_BELOW, 95_000, True, False, 1)]
    caller = CALLER._replace(language=Language.EN)
    asked = alerts(AnswerDesk(DENIED), tmp_path, queries)
    items = answer_of(asked.read(caller, a_wish(Action.READ_ALERTS)))[1]["items"]
    assert isinstance(items, tuple)
    assert items[0]["item_security"] == "SPD Bank"
