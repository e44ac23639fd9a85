"""A case as one zip file that can be handed out and checked without us.

What is in it: the order's journal events, the records and recordings of its calls, transcripts, FIX
messages, notices, the read-back spoken anew, a manifest that links them, and the verifier.
Not here: gathering (gateway.evidence.case), checking (gateway.evidence.verifier).
"""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from gateway.evidence import verifier
from gateway.evidence.case import Case
from gateway.evidence.transcript import transcript
from gateway.journal.story import told
from notify.notices import NoticeTrace
from risk.domain.errors import TemporaryFailure
from risk.domain.events import Event

READ_ME: Final = """\
Evidence of order {cl_ord_id}.

  story.txt      the life of the order in time order
  journal.jsonl  its events as the journal holds them, by number
  calls/         the record of each call it was placed or cancelled in, and its words
  recordings/    the sound of those calls: left the caller, right what the caller heard
  readback.wav   what was accepted, spoken anew from the journal
  fix.txt        FIX messages from and to the exchange: Unix ns, > out, < in
  notices.json   messages to the client and their receipts
  verify.py      checks all of this: python verify.py BUNDLE.zip (Python 3.11, nothing else)

Journal when this was made: {journal_end}
"""


class RecordingMissing(TemporaryFailure):
    """A call's recording is not where its record says; restore it from its archive."""

    code = "evidence.recording_missing"


def write_bundle(case: Case, recordings: Path, to: Path, readback_wav: bytes = b"") -> str:
    """Write the bundle of a case; return its chain value. Raises RecordingMissing, OSError.

    `to` is whole or not there.
    """
    files = dict(_files(case, recordings))
    if readback_wav:
        files["readback.wav"] = readback_wav
    lines = list(verifier.manifest_lines(files, f"{case.cl_ord_id} {case.journal_end}"))
    part = to.with_name(f"{to.name}.part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            archive.writestr(name, files[name])
        archive.writestr(verifier.MANIFEST, "\n".join(lines) + "\n")
    part.replace(to)
    return lines[-1].split(" ")[0]


def _files(case: Case, recordings: Path) -> Iterator[tuple[str, bytes]]:
    head = READ_ME.format(cl_ord_id=case.cl_ord_id, journal_end=case.journal_end)
    yield "README.txt", head.encode()
    yield "story.txt", _text(told(case.story.lines))
    events = sorted([*case.story.events, *case.bindings], key=lambda each: each[0])
    yield verifier.JOURNAL, _text(event_json(seq, event) for seq, event in events)
    yield verifier.FIX, _text(case.fix_lines)
    yield (
        "notices.json",
        json.dumps(
            [_notice_fields(notice) for notice in case.notices], ensure_ascii=False, indent=1
        ).encode(),
    )
    yield "verify.py", Path(verifier.__file__).read_bytes()
    for record, stored, _ in case.calls:
        yield f"calls/{record.call_no}.json", stored
        yield f"calls/{record.call_no}.txt", _text(transcript(record))
        if record.recording:
            file = recordings / record.recording
            if not file.is_file():
                raise RecordingMissing(f"{file} is not there: restore it from its archive")
            yield f"recordings/{record.recording}", file.read_bytes()


def event_json(seq: int, event: Event) -> str:
    """Return one event as a line of JSON: its number, type and fields, bytes as hexadecimal."""
    fields = {name: _plain(value) for name, value in event._asdict().items()}
    row = {"seq": seq, "type": type(event).__name__, **fields}
    return json.dumps(row, ensure_ascii=False)


def _plain(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else value


def _notice_fields(notice: NoticeTrace) -> dict[str, Any]:
    return {
        name: value.name if hasattr(value, "name") else value
        for name, value in notice._asdict().items()
    }


def _text(lines: Iterator[str] | list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
