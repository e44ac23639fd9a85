"""Callbacks copy and let nothing escape."""

from typing import Any

import pytest
import quickfix

from fix.application import Callbacks, Happened, Happening, guarded, msg_type
from fix.metrics import CALLBACK_FAILURES

SESSION = quickfix.SessionID("FIX.4.4", "HOTLINE", "VENUE")


class Spoilt:
    """A message whose text cannot be had."""

    def toString(self) -> str:
        raise RuntimeError("no text")


def a_message(kind: str) -> quickfix.Message:
    return quickfix.Message(f"8=FIX.4.4\x019=5\x0135={kind}\x0158=x\x0110=000\x01", False)


def test_an_application_message_is_copied_as_text() -> None:
    callbacks = Callbacks(lambda logon: None)
    callbacks.fromApp(a_message("8"), SESSION)
    ((what, text),) = callbacks.happened
    assert what is Happening.MESSAGE
    assert "\x0135=8\x01" in text


@pytest.mark.parametrize("name", ["fromApp", "fromAdmin", "toAdmin"])
def test_an_exception_in_a_callback_is_counted_and_stays_inside(name: str) -> None:
    callbacks = Callbacks(lambda logon: None)
    before = CALLBACK_FAILURES._value.get()
    getattr(callbacks, name)(Spoilt(), SESSION)
    assert CALLBACK_FAILURES._value.get() == before + 1
    assert callbacks.happened == []


def test_a_bug_costs_the_value_it_met_and_no_more() -> None:
    done: list[int] = []

    def work(value: int) -> None:
        if value == 2:
            raise ZeroDivisionError
        done.append(value)

    for value in (1, 2, 3):
        guarded(work, value)
    assert done == [1, 3]


def test_a_failing_logon_preparation_stays_inside() -> None:
    def fail(_logon: Any) -> None:
        raise OSError("disk full")

    callbacks = Callbacks(fail)
    callbacks.toAdmin(a_message("A"), SESSION)
    assert callbacks.happened == []


def test_only_rejects_and_logouts_of_the_session_layer_are_told() -> None:
    callbacks = Callbacks(lambda logon: None)
    for kind in "0123457A":
        callbacks.fromAdmin(a_message(kind), SESSION)
        callbacks.toAdmin(a_message(kind), SESSION)
    told = [(what, msg_type(text)) for what, text in callbacks.happened]
    assert told == [
        (Happening.ADMIN, "3"),
        (Happening.OUR_ADMIN, "3"),
        (Happening.ADMIN, "5"),
        (Happening.OUR_ADMIN, "5"),
    ]


def test_logon_and_logout_are_told() -> None:
    callbacks = Callbacks(lambda logon: None)
    callbacks.onLogon(SESSION)
    callbacks.onLogout(SESSION)
    assert callbacks.happened == [
        Happened(Happening.LOGGED_ON),
        Happened(Happening.LOGGED_OUT),
    ]


@pytest.mark.parametrize(
    ("text", "kind"),
    [("8=FIX.4.4\x0135=8\x01", "8"), ("8=FIX.4.4\x0135=ZZ\x0155=1\x01", "ZZ"), ("58=35=8", "")],
)
def test_the_type_is_read_from_the_text(text: str, kind: str) -> None:
    assert msg_type(text) == kind
