"""Checks a bundle of evidence anywhere: one file, standard library only, no gateway needed.

    python verify.py BUNDLE.zip

The manifest names every file with its SHA-256 and links each line to the one before; what the files
say must agree: stored calls with the digests in the journal, recordings with the calls, the order
with the key presses and with what went to the exchange. Whoever noted the journal's chain value of
the first line can prove the whole journal of that time with `hotline replay --verify`.
A copy of this file lies in every bundle. Not here: how a bundle is made (gateway.evidence.bundle).
"""

import hashlib
import json
import sys
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

MANIFEST = "MANIFEST.txt"
JOURNAL = "journal.jsonl"
FIX = "fix.txt"
FILE_BYTES_MAX = 1 << 30
FIRST_LINK = "0" * 64
PHONE = 1  # an event's channel


def link(before: str, line: str) -> str:
    """Return the chain value of a manifest line that follows the one with `before`."""
    return hashlib.sha256(f"{before}\n{line}".encode()).hexdigest()


def manifest_lines(files: Mapping[str, bytes], head: str) -> Iterator[str]:
    """Yield the manifest: a head line, one line per file in order of name, each with its link."""
    before = FIRST_LINK
    rows = [f"head {head}"]
    for name in sorted(files):
        data = files[name]
        rows.append(f"file {hashlib.sha256(data).hexdigest()} {len(data)} {name}")
    for row in rows:
        before = link(before, row)
        yield f"{before} {row}"


def problems(bundle: str) -> list[str]:
    """Return what is wrong with a bundle, as sentences; none when it is whole and agrees."""
    try:
        with zipfile.ZipFile(bundle) as archive:
            names = archive.namelist()
            too_big = [i.filename for i in archive.infolist() if i.file_size > FILE_BYTES_MAX]
            if too_big or len(set(names)) != len(names):
                return [f"{bundle}: a file is too big or there twice: not a bundle of ours"]
            files = {name: archive.read(name) for name in names}
    except (OSError, zipfile.BadZipFile) as e:
        return [f"{bundle}: cannot be read: {e}"]
    if MANIFEST not in files:
        return [f"{bundle}: has no {MANIFEST}"]
    manifest = files.pop(MANIFEST).decode(errors="replace").splitlines()
    found = list(_manifest_problems(manifest, files))
    return found or list(_disagreements(_order_of(manifest), files))


def _manifest_problems(manifest: list[str], files: Mapping[str, bytes]) -> Iterator[str]:
    before = FIRST_LINK
    listed: set[str] = set()
    for number, line in enumerate(manifest, 1):
        said, _, row = line.partition(" ")
        if link(before, row) != said:
            yield f"{MANIFEST} line {number}: does not follow the line before: it was changed"
            return
        before = said
        kind, _, rest = row.partition(" ")
        if kind != "file":
            continue
        digest, _, name = [*rest.split(" ", 2), "", ""][:3]
        listed.add(name)
        if name not in files:
            yield f"{name}: is missing"
        elif hashlib.sha256(files[name]).hexdigest() != digest:
            yield f"{name}: was changed after it was put into the bundle"
    for name in sorted(files.keys() - listed):
        yield f"{name}: was added to the bundle later"


def _order_of(manifest: list[str]) -> str:
    """Return the order that the head line names, "" when there is none."""
    words = [*" ".join(manifest[:1]).split(" "), "", "", ""]
    return words[2] if words[1] == "head" else ""


def _disagreements(cl_ord_id: str, files: Mapping[str, bytes]) -> Iterator[str]:
    events = [json.loads(line) for line in files.get(JOURNAL, b"").splitlines()]
    calls = {
        name: json.loads(data)
        for name, data in files.items()
        if name.startswith("calls/") and name.endswith(".json")
    }
    for name, call in calls.items():
        yield from _call_problems(name, call, files, events)
    for name in (f"calls/{e['call_no']}.json" for e in events if e["type"] == "CallRecorded"):
        if name not in calls:
            yield f"{name}: is missing, the journal has its digest"
    orders = [e for e in events if e["type"] == "OrderAccepted"]
    if cl_ord_id not in [order["cl_ord_id"] for order in orders]:
        yield f"{JOURNAL}: does not have order {cl_ord_id}, which this is about"
    for order in orders:
        yield from _order_problems(order, list(calls.values()), files.get(FIX, b""))


def _call_problems(
    name: str, call: Mapping[str, Any], files: Mapping[str, bytes], events: list[dict[str, Any]]
) -> Iterator[str]:
    bound = [e for e in events if e["type"] == "CallRecorded" and e["call_no"] == call["call_no"]]
    if not bound:
        yield f"{name}: the journal has no digest of this call"
        return
    if bound[-1]["record_sha256"] != hashlib.sha256(files[name]).hexdigest():
        yield f"{name}: is not the record whose digest is in the journal"
    if bound[-1]["recording_sha256"] != call["recording_sha256"]:
        yield f"{name}: names another recording than the journal"
    if call["recording"]:
        sound = files.get(f"recordings/{call['recording']}")
        if sound is None:
            yield f"recordings/{call['recording']}: is missing"
        elif hashlib.sha256(sound).hexdigest() != call["recording_sha256"]:
            yield f"recordings/{call['recording']}: is not the sound that was recorded"


def _order_problems(
    order: Mapping[str, Any], calls: list[dict[str, Any]], fix: bytes
) -> Iterator[str]:
    who = f"order {order['cl_ord_id']}"
    placed_in = [call for call in calls if call["call_no"] == order["trace_id"]]
    if order["channel"] == PHONE and not placed_in:
        yield f"{who}: was placed by telephone, its call {order['trace_id']} is missing"
    for call in placed_in:
        asked = [acted for acted in call["acted"] if acted["request_id"] == order["request_id"]]
        if call["acted"] and not asked:
            yield f"{who}: the call did not ask for it ({order['request_id']})"
        for account_no in [acted.get("account_no") or call["account_no"] for acted in asked]:
            if account_no != order["account_no"]:
                yield f"{who}: is of account {order['account_no']}, was asked for by {account_no}"
    sent = [_fields(line) for line in fix.splitlines()]
    for message in sent:
        if message.get("35") == "D" and message.get("11") == order["cl_ord_id"]:
            said = (message.get("55"), message.get("54"), message.get("38"), message.get("44"))
            meant = (order["symbol"], str(order["side"]), str(order["qty"]), order["price_e4"])
            if said[:3] != meant[:3] or _e4(said[3]) != meant[3]:
                yield f"{who}: went to the exchange as {said}, was accepted as {meant}"


def _fields(line: bytes) -> dict[str, str]:
    text = line.decode(errors="replace").split(" ", 2)[-1]
    pairs = (field.partition("=") for field in text.split("\x01") if "=" in field)
    return {tag: value for tag, _, value in pairs}


def _e4(price: str | None) -> int:
    whole, _, decimals = (price or "0").partition(".")
    return int(whole or 0) * 10_000 + int((decimals + "0000")[:4])


def main(arguments: list[str]) -> int:
    """Print what is wrong, or "bundle: ok" and the chain value; return the exit code."""
    if len(arguments) != 1:
        sys.stderr.write("usage: verify.py BUNDLE.zip\n")
        return 2
    found = problems(arguments[0])
    sys.stdout.writelines(f"{problem}\n" for problem in found)
    if found:
        return 1
    with zipfile.ZipFile(arguments[0]) as archive:
        last = archive.read(MANIFEST).decode().splitlines()[-1]
    sys.stdout.write(f"bundle: ok, chain {last.split(' ')[0]}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
