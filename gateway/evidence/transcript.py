"""A call in words: who called, what was heard, what was keyed, what came of it.

Not here: where records come from (gateway.evidence.case).
"""

from collections.abc import Iterator

from gateway.ivr.call_record import CallRecord
from risk.domain.ids import NS, china_time


def transcript(record: CallRecord) -> Iterator[str]:
    """Yield the lines of a call; offsets count from the answer."""
    yield f"call        {record.call_no} ({record.sip_call_id})"
    way = "placed by us" if record.is_outbound else "received"
    yield f"began       {_at(record.started_ns)}, {way}"
    yield f"answered    {_at(record.answered_ns) if record.answered_ns else 'never'}"
    lasted = f", {(record.ended_ns - record.started_ns) / NS:.1f} s" if record.ended_ns else ""
    ended = f"{_at(record.ended_ns)}{lasted}: {record.close_reason}" if record.ended_ns else "-"
    yield f"ended       {ended}"
    yield f"from        {record.ani or 'withheld'}"
    trunk = f" by trunk {record.trunk}" if record.trunk else ""
    branch = f", number of branch {record.branch_code}" if record.branch_code else ""
    yield f"to          {record.dnis}{trunk}{branch}"
    yield f"account     {record.account_no or 'none verified'}"
    if record.recording:
        yield f"recording   {record.recording} sha256 {record.recording_sha256}"
    yield f"path        {' > '.join(record.path)}"
    for _, line in sorted(_happened(record), key=lambda each: each[0]):
        yield line
    for told in record.agent:
        yield f"            agent   {told}"


def call_line(record: CallRecord) -> str:
    """Return a call in one line, for a list."""
    # An order that was placed and cancelled in one call is one order.
    orders = ",".join(dict.fromkeys(acted.cl_ord_id for acted in record.acted if acted.cl_ord_id))
    lasted = f"{(record.ended_ns - record.started_ns) / NS:.1f} s" if record.ended_ns else "-"
    return (
        f"{record.call_no:<20} {_at(record.started_ns)} {lasted:>9}  "
        f"{record.ani or 'withheld':<16} {record.account_no or '-':<12} "
        f"{record.close_reason or 'lasts':<14} {orders}"
    ).rstrip()


def _happened(record: CallRecord) -> Iterator[tuple[int, str]]:
    for heard in record.heard:
        cut = f" [cut by a key after {heard.cut_ms - heard.at_ms} ms]" if heard.cut_ms >= 0 else ""
        yield heard.at_ms, f"{_offset(heard.at_ms)} heard   {heard.text}{cut}"
    for keyed in record.keyed:
        yield keyed.at_ms, f"{_offset(keyed.at_ms)} keyed   {keyed.key}   ({keyed.state})"
    for acted in record.acted:
        about = f" {acted.request_id}" if acted.request_id else ""
        order = f" order {acted.cl_ord_id}" if acted.cl_ord_id else ""
        yield (
            acted.at_ms,
            f"{_offset(acted.at_ms)} asked   {acted.action}: {acted.outcome}{about}{order}",
        )


def _at(ns: int) -> str:
    return f"{china_time(ns):%Y-%m-%d %H:%M:%S.%f}"[:-3]


def _offset(ms: int) -> str:
    return f"{ms // 60_000:>5}:{ms % 60_000 / 1000:06.3f}"
