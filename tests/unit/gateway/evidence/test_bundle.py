"""A bundle proves what it holds: whoever changes, adds or takes away anything is found out."""

import hashlib
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from gateway.evidence import verifier
from gateway.evidence.bundle import RecordingMissing, write_bundle
from gateway.evidence.call_log import encode
from gateway.evidence.case import BoundCall, Case
from gateway.evidence.transcript import call_line, transcript
from gateway.ivr.call_record import Acted
from gateway.journal.story import OrderKeys, Story, StoryLine
from risk.domain.enums import Channel
from risk.domain.service_events import CallRecorded
from tests.builders.core import accepted, an_order
from tests.builders.evidence import a_record

SOUND = b"RIFF of a call"


def a_case(**changed: object) -> Case:
    record = a_record(
        recording="a.wav", recording_sha256=hashlib.sha256(SOUND).hexdigest(), **changed
    )
    order = accepted(an_order("phone:1:1"), 7)._replace(
        trace_id=record.call_no, account_no=record.account_no, cl_ord_id="261122000007"
    )
    stored = encode(record)
    bound = CallRecorded(
        9,
        record.call_no,
        record.account_no,
        record.ani,
        record.dnis,
        hashlib.sha256(stored).hexdigest(),
        record.recording_sha256,
    )
    price = f"{order.price_e4 // 10_000}.{order.price_e4 % 10_000:04d}"
    fields = {35: "D", 11: order.cl_ord_id, 55: order.symbol, 54: int(order.side)}
    message = "\x01".join(f"{t}={v}" for t, v in {**fields, 38: order.qty, 44: price}.items())
    keys = OrderKeys(
        frozenset({order.cl_ord_id}), frozenset(), frozenset({record.call_no}), frozenset({7})
    )
    return Case(
        order.cl_ord_id,
        order,
        Story([StoryLine(5, "event", "#7 OrderAccepted")], [(7, order)], keys),
        [BoundCall(record, stored, bound)],
        [(8, bound)],
        [f"1 > 34=2\x01{message}\x01"],
        [],
        "event 9, frame 3, chain 00ff",
    )


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    folder = tmp_path / "recordings"
    folder.mkdir()
    (folder / "a.wav").write_bytes(SOUND)
    return folder


@pytest.fixture
def bundle(tmp_path: Path, recordings: Path) -> Path:
    file = tmp_path / "bundle.zip"
    write_bundle(a_case(), recordings, file, b"RIFF anew")
    return file


def changed(bundle: Path, change: Callable[[dict[str, bytes]], None]) -> list[str]:
    """Return what the verifier says of the bundle after `change` of its files."""
    with zipfile.ZipFile(bundle) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    with zipfile.ZipFile(bundle, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return verifier.problems(str(bundle))


def manifest_anew(files: dict[str, bytes]) -> None:
    """Make a manifest that fits, as somebody would who changes a file and knows how."""
    files.pop(verifier.MANIFEST, None)
    files[verifier.MANIFEST] = "\n".join(verifier.manifest_lines(files, "261122000007 y")).encode()


def test_a_bundle_proves_itself_with_nothing_but_python(bundle: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(bundle) as archive:
        archive.extract("verify.py", tmp_path)
    ran = subprocess.run(
        [sys.executable, "-I", "-S", str(tmp_path / "verify.py"), str(bundle)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("bundle: ok, chain ")


def test_a_changed_file_is_found(bundle: Path) -> None:
    def change(files: dict[str, bytes]) -> None:
        files["recordings/a.wav"] += b"!"

    assert changed(bundle, change) == [
        "recordings/a.wav: was changed after it was put into the bundle"
    ]


def test_a_missing_and_an_added_file_are_found(bundle: Path) -> None:
    def change(files: dict[str, bytes]) -> None:
        del files["fix.txt"]
        files["more.txt"] = b""

    assert changed(bundle, change) == [
        "fix.txt: is missing",
        "more.txt: was added to the bundle later",
    ]


def test_a_changed_manifest_line_is_found(bundle: Path) -> None:
    def change(files: dict[str, bytes]) -> None:
        files[verifier.MANIFEST] = files[verifier.MANIFEST].replace(b" calls/", b" calls_", 1)

    (problem,) = changed(bundle, change)
    assert problem.startswith("MANIFEST.txt line ")


def change_call(files: dict[str, bytes]) -> None:
    name = next(n for n in files if n.startswith("calls/") and n.endswith(".json"))
    call = json.loads(files[name])
    call["ani"] = "13911111111"
    files[name] = json.dumps(call).encode()
    manifest_anew(files)


def change_recording(files: dict[str, bytes]) -> None:
    files["recordings/a.wav"] = b"another"
    manifest_anew(files)


def change_sent(files: dict[str, bytes]) -> None:
    files["fix.txt"] = files["fix.txt"].replace(b"\x0138=", b"\x0138=9")
    manifest_anew(files)


def drop_binding(files: dict[str, bytes]) -> None:
    kept = [line for line in files["journal.jsonl"].splitlines() if b"CallRecorded" not in line]
    files["journal.jsonl"] = b"\n".join(kept)
    manifest_anew(files)


def take_call_away(files: dict[str, bytes]) -> None:
    for name in [name for name in files if name.startswith(("calls/", "recordings/"))]:
        del files[name]
    manifest_anew(files)


def take_order_away(files: dict[str, bytes]) -> None:
    kept = [line for line in files["journal.jsonl"].splitlines() if b"OrderAccepted" not in line]
    files["journal.jsonl"] = b"\n".join(kept)
    manifest_anew(files)


def take_journal_away(files: dict[str, bytes]) -> None:
    for name in [name for name in files if name.startswith(("calls/", "recordings/", "journal"))]:
        del files[name]
    manifest_anew(files)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (take_call_away, "is missing, the journal has its digest"),
        (take_order_away, "does not have order 261122000007, which this is about"),
        (take_journal_away, "does not have order 261122000007, which this is about"),
        (change_call, "is not the record whose digest is in the journal"),
        (change_recording, "is not the sound that was recorded"),
        (change_sent, "went to the exchange as"),
        (drop_binding, "the journal has no digest of this call"),
    ],
)
def test_files_that_disagree_are_found_even_under_a_new_manifest(
    bundle: Path, change: Callable[[dict[str, bytes]], None], problem: str
) -> None:
    found = changed(bundle, change)
    assert len(found) == 1
    assert problem in found[0]


def test_an_order_that_its_call_did_not_ask_for_is_found(tmp_path: Path, recordings: Path) -> None:
    acted = msgspec.structs.replace(a_record().acted[0], request_id="phone:1:2")
    write_bundle(a_case(acted=(acted,)), recordings, tmp_path / "b.zip")
    (problem,) = verifier.problems(str(tmp_path / "b.zip"))
    assert "the call did not ask for it (phone:1:1)" in problem


def test_a_telephone_order_whose_call_was_taken_out_everywhere_is_found(bundle: Path) -> None:
    def change(files: dict[str, bytes]) -> None:
        drop_binding(files)
        events = [json.loads(line) for line in files["journal.jsonl"].splitlines()]
        lines = [json.dumps({**event, "channel": verifier.PHONE}) for event in events]
        files["journal.jsonl"] = "\n".join(lines).encode()
        take_call_away(files)

    (problem,) = changed(bundle, change)
    assert "was placed by telephone, its call 261122-100000-0001 is missing" in problem
    assert verifier.PHONE == Channel.PHONE


def test_an_empty_manifest_proves_nothing(bundle: Path) -> None:
    def change(files: dict[str, bytes]) -> None:
        files.clear()
        files[verifier.MANIFEST] = b""

    assert changed(bundle, change) == ["journal.jsonl: does not have order , which this is about"]


@pytest.mark.parametrize(("account_no", "count"), [("10000001", 0), ("10000002", 1), ("", 1)])
def test_an_order_is_of_the_account_it_was_asked_for_not_of_the_last_of_its_call(
    tmp_path: Path, recordings: Path, account_no: str, count: int
) -> None:
    acted = msgspec.structs.replace(a_record().acted[0], account_no=account_no)
    case = a_case(acted=(acted,), account_no="10000009")
    order = case.accepted._replace(account_no="10000001")
    case = case._replace(accepted=order, story=case.story._replace(events=[(7, order)]))
    write_bundle(case, recordings, tmp_path / "b.zip")
    found = verifier.problems(str(tmp_path / "b.zip"))
    assert len(found) == count
    assert all("was asked for by" in problem for problem in found)


def test_a_record_that_was_taken_out_of_the_store_is_missed(
    tmp_path: Path, recordings: Path
) -> None:
    case = a_case()
    assert case.missing_calls == []
    robbed = case._replace(calls=[])
    assert robbed.missing_calls == ["261122-100000-0001"]
    write_bundle(robbed, recordings, tmp_path / "b.zip")
    assert verifier.problems(str(tmp_path / "b.zip"))


def test_a_recording_that_is_gone_stops_the_bundle(tmp_path: Path) -> None:
    with pytest.raises(RecordingMissing, match="restore"):
        write_bundle(a_case(), tmp_path, tmp_path / "b.zip")
    assert not (tmp_path / "b.zip").exists()


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"text"])
def test_what_is_no_bundle_is_named(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "x.zip"
    file.write_bytes(data)
    (problem,) = verifier.problems(str(file))
    assert "cannot be read" in problem


def test_a_transcript_tells_the_call_in_order_of_time() -> None:
    lines = list(transcript(a_record()))
    told = [line[13:] for line in lines if ":" in line[:8]]
    assert told == [
        "heard   欢迎 [cut by a key after 900 ms]",
        "keyed   1   (welcome.language)",
        "keyed   *   (login.pin)",
        "heard   您委托买入",
        "asked   submit_order: accepted phone:1:1",
    ]
    assert "13800138000" in call_line(a_record())


def test_a_list_names_an_order_once_and_says_no_length_of_a_call_that_lasts() -> None:
    placed = Acted(30_000, "order.submit", "submit_order", "accepted", "phone:1:1", "261122000001")
    cancelled = Acted(40_000, "cancel.submit", "cancel_order", "requested", "x", "261122000001")
    line = call_line(a_record(acted=(placed, cancelled)))
    assert "  61.0 s  " in line
    assert line.count("261122000001") == 1
    assert " s  " not in call_line(a_record(ended_ns=0, close_reason=""))
