"""Login, caller numbers, PIN changes and notices: what the stores are asked, what is answered."""

from pathlib import Path

import pytest

from gateway.identity.callers import CallerPolicy
from gateway.identity.credentials import LockedOut, Refused, TriesBusy
from gateway.identity.phone_notices import PhoneNotice
from gateway.identity.pins import Changed, PinChange, PinRule, PinsDiffer, PinTooWeak
from gateway.ivr.actions.login import LoginActions
from gateway.ivr.actions.notices import NoticeActions
from gateway.ivr.actions.people import PeopleActions
from gateway.ivr.actions.pin import PinActions
from gateway.ivr.variants import VARIANTS
from gateway.ivr.wishes import Action
from gateway.media.synth import VoiceUnavailable
from risk.domain.errors import TemporaryFailure
from risk.domain.ids import NS
from tests.builders.asked import CALL_NO, CALLER, ENGLISH, NOW_NS, a_wish, answer_of, spoken_names
from tests.builders.phone import ACCOUNT_NO, PIN, FakeCallers, FakeContacts, FakeNotices, FakePins
from tests.builders.voice import ToneSpeaker

HIDDEN = CALLER._replace(ani="", is_withheld=True)
OLD, NEW = PIN, "918273"
KEYED = {"pin_old": OLD, "pin_new": NEW, "pin_again": NEW}
BRANCH = {"client_branch_code": "00001"}


class StoreBusy(TemporaryFailure):
    code = "test.busy"


@pytest.mark.parametrize(
    ("policy", "outcome", "is_query_only"),
    [
        (CallerPolicy.ALLOW, "allowed", False),
        (CallerPolicy.QUERY_ONLY, "query_only", True),
        (CallerPolicy.REFUSE, "refused", True),
    ],
)
def test_the_number_called_from_decides_what_a_caller_may_do(
    policy: CallerPolicy, outcome: str, is_query_only: bool
) -> None:
    callers, contacts = FakeCallers(), FakeContacts()
    callers.policy = policy
    assert contacts.found is not None
    contacts.found = contacts.found._replace(is_elder=True)
    asked = LoginActions(FakePins(), callers, contacts)
    assert answer_of(asked.admit(HIDDEN, a_wish(Action.ADMIT_CALLER))) == (
        outcome,
        {
            "is_elder": True,
            "caller_kind": "elder",
            "is_query_only": is_query_only,
            "client_branch_code": "00001",
        },
    )
    assert callers.asked == [(ACCOUNT_NO, "00001", "", True)]


def test_a_store_that_does_not_answer_admits_nobody() -> None:
    callers, contacts = FakeCallers(), FakeContacts()
    asked = LoginActions(FakePins(), callers, contacts)
    callers.failed = StoreBusy("busy")
    assert answer_of(asked.admit(CALLER, a_wish(Action.ADMIT_CALLER))) == ("busy", {})
    contacts.failed = StoreBusy("busy")
    assert answer_of(asked.admit(CALLER, a_wish(Action.ADMIT_CALLER))) == ("busy", {})


@pytest.mark.parametrize(
    ("outcome", "answer"),
    [
        (Changed(ACCOUNT_NO, 1), ("changed", {})),
        (PinsDiffer(), ("differ", {})),
        (PinTooWeak(PinRule.BIRTHDAY), ("weak", {"pin_rule": "birthday"})),
        (Refused(3), ("refused", {})),
        (LockedOut(9), ("locked_out", {})),
        (TriesBusy("busy"), ("unknown", {})),
    ],
)
def test_a_pin_change_is_told_as_it_came_out(
    outcome: PinChange | Exception, answer: tuple[str, dict[str, object]]
) -> None:
    pins = FakePins()
    pins.change_outcome = outcome
    wish = a_wish(Action.CHANGE_PIN, secrets=KEYED)
    assert answer_of(PinActions(pins).change(CALLER, wish)) == answer
    assert pins.changed == [(ACCOUNT_NO, OLD, NEW, NEW, CALL_NO, CALLER.ani)]


def test_every_rule_of_the_pin_policy_has_words() -> None:
    assert set(VARIANTS["pin_rule"]) == {rule.value for rule in PinRule}


def a_notice(notice_no: str, is_mandatory: bool = True) -> PhoneNotice:
    return PhoneNotice(notice_no, is_mandatory, ("请注意。", "担保比例偏低。"), ("Please note.",))


def test_mandatory_notices_are_read_line_by_line_and_proved_at_the_last(tmp_path: Path) -> None:
    notices = FakeNotices()
    asked = NoticeActions(notices, spoken_names(tmp_path))
    wish = a_wish(Action.READ_NOTICES, BRANCH)
    assert answer_of(asked.read(CALLER, wish)) == ("none", {})
    notices.waiting = [a_notice("m1"), a_notice("tip", is_mandatory=False)]
    outcome, values = answer_of(asked.read(CALLER, wish))
    items = values["items"]
    assert isinstance(items, tuple)
    assert (outcome, values["item_count"]) == ("some", 1)
    assert [(item["notice_line"], item["is_last_line"]) for item in items] == [
        ("请注意。", False),
        ("担保比例偏低。", True),
    ]
    for item in items:
        answer_of(asked.mark_heard(CALLER, a_wish(Action.MARK_HEARD, item)))
    assert notices.proved == [("m1", ACCOUNT_NO, CALL_NO)]
    english = answer_of(asked.read(ENGLISH, wish))[1]["items"]
    assert isinstance(english, tuple)
    assert [item["notice_line"] for item in english] == ["Please note."]


def test_a_notice_that_cannot_be_spoken_is_neither_told_nor_proved(tmp_path: Path) -> None:
    notices, speaker = FakeNotices(), ToneSpeaker()

    def mute(*_: object) -> object:
        raise VoiceUnavailable("no engine")

    speaker.synth = mute  # type: ignore[method-assign, assignment]
    notices.waiting = [a_notice("m1")]
    asked = NoticeActions(notices, spoken_names(tmp_path, speaker))
    assert answer_of(asked.read(CALLER, a_wish(Action.READ_NOTICES, BRANCH))) == ("unknown", {})


def test_a_proof_that_is_not_written_is_tried_again_in_the_next_call(tmp_path: Path) -> None:
    notices = FakeNotices()
    notices.failed = StoreBusy("busy")
    asked = NoticeActions(notices, spoken_names(tmp_path))
    last = {"notice_no": "m1", "is_last_line": True}
    assert answer_of(asked.mark_heard(CALLER, a_wish(Action.MARK_HEARD, last))) == ("unknown", {})
    assert answer_of(asked.read(CALLER, a_wish(Action.READ_NOTICES, BRANCH))) == ("unknown", {})


@pytest.mark.parametrize(
    ("opens_ns", "answer"),
    [
        (0, ("busy", {})),
        (NOW_NS + 22 * 3600 * NS, ("closed", {"people_day": 20261124, "people_at": "0800"})),
    ],
)
def test_the_hours_of_people_are_those_of_the_number_called(
    opens_ns: int, answer: tuple[str, dict[str, object]]
) -> None:
    asked: list[str] = []

    class People:
        def opens_ns(self, queue: str) -> int:
            asked.append(queue)
            return opens_ns

    wish = a_wish(Action.READ_PEOPLE, {"line_queue": "shanghai"})
    assert answer_of(PeopleActions(People()).read(CALLER, wish)) == answer
    assert asked == ["shanghai"]
    assert answer_of(PeopleActions(None).read(CALLER, wish)) == ("busy", {})
