"""What is written down of a call: offsets, cuts, and no more than fits."""

from gateway.ivr.call_notes import LINES_MAX, CallNotes, Spoken
from gateway.ivr.call_record import MASK, CallRecord
from gateway.media.port import LegFigures, Recorded
from risk.domain.enums import Language

MS = 1_000_000
FIRST = CallRecord(call_no="c1", sip_call_id="x", started_ns=1)


class Notes(CallNotes):
    """Notes with a clock turned by hand."""

    def __init__(self) -> None:
        self.at_ms = 5_000
        super().__init__(FIRST, lambda: self.at_ms * MS)
        self.answered()


def a_prompt(name: str, ms: int) -> Spoken:
    return Spoken(name, f"text of {name}", Language.ZH, 8 * ms)


def the_record(notes: CallNotes) -> CallRecord:
    return notes.record(
        account_no="1",
        language=Language.EN,
        close_reason="remote_bye",
        ladder=["INVITE"],
        figures=LegFigures(sent_packets=2),
    )


def test_prompts_have_their_offsets_one_after_the_other() -> None:
    notes = Notes()
    notes.said("menu", [a_prompt("a", 300), a_prompt("b", 200)])
    notes.at_ms += 500
    notes.played()
    notes.said("menu", [a_prompt("c", 100)])
    notes.ended()
    assert [(h.at_ms, h.prompt, h.cut_ms) for h in the_record(notes).heard] == [
        *((0, "a", -1), (300, "b", -1), (500, "c", 500)),
    ]


def test_what_a_key_cuts_off_before_it_begins_was_never_heard() -> None:
    notes = Notes()
    notes.said("menu", [a_prompt("a", 300), a_prompt("b", 200), a_prompt("c", 100)])
    notes.at_ms += 400
    notes.cut()
    assert [(h.prompt, h.cut_ms) for h in the_record(notes).heard] == [("a", -1), ("b", 400)]


def test_keys_are_in_the_order_they_were_pressed_and_secrets_masked() -> None:
    notes = Notes()
    notes.pressed("menu", "2", 5_200 * MS)
    notes.pressed("pin", "", 5_100 * MS)
    notes.pressed("menu", "1", 4_000 * MS)  # before the answer
    keyed = the_record(notes).keyed
    assert [(k.at_ms, k.key) for k in keyed] == [(0, "1"), (100, MASK), (200, "2")]


def test_a_question_is_there_before_its_answer() -> None:
    notes = Notes()
    asked = notes.asked("submit", "submit_order", "phone:c1:1", "10000001")
    assert notes.so_far("", Language.ZH).acted[0].outcome == "unanswered"
    notes.at_ms += 70
    notes.came(asked, "accepted", "c9")
    (acted,) = the_record(notes).acted
    assert (acted.at_ms, acted.outcome, acted.cl_ord_id) == (0, "accepted", "c9")
    assert acted.account_no == "10000001"


def test_a_storm_of_keys_fills_no_memory() -> None:
    notes = Notes()
    for n in range(LINES_MAX + 100):
        notes.pressed("menu", "1", n * MS)
    assert len(the_record(notes).keyed) == LINES_MAX


def test_a_record_says_how_the_call_went_and_where_its_recording_is() -> None:
    notes = Notes()
    notes.went("greeting")
    notes.went("menu")
    notes.agent("queued desk")
    notes.recording = "c1.wav"
    notes.recorded(Recorded("/x/c1.wav", "5ha", 900, 44))
    notes.at_ms += 1_000
    notes.ended()
    record = the_record(notes)
    assert (record.answered_ns, record.ended_ns) == (5_000 * MS, 6_000 * MS)
    assert (record.path, record.last_state) == (("greeting", "menu"), "menu")
    assert record.agent == ("0 queued desk",)
    assert (record.recording, record.recording_sha256) == ("c1.wav", "5ha")
    assert record.recording_started_ns == 44
    assert (record.account_no, record.language, record.ladder) == ("1", "en", ("INVITE",))
    assert record.figures["sent_packets"] == 2.0
