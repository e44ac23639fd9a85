"""What the outbox knows of one order, as lines of its life: planned, sent, delivered.

For `hotline replay --order`. Not here: the journal's own lines (gateway.journal.story).
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from gateway.evidence.case import Kept, notices_of
from gateway.journal.story import LineSource, StoryLine
from notify.notices import NoticeTrace


def notice_lines(data_folder: Path) -> Sequence[LineSource]:
    """Return the outbox of a data folder as a source of lines."""
    kept = Kept(data_folder)
    return (lambda keys: [line for trace in notices_of(kept, keys) for line in _lines_of(trace)],)


def _lines_of(trace: NoticeTrace) -> Iterator[StoryLine]:
    part = trace.route.name.lower()
    what = f"notice {trace.notice_id} ({trace.kind.value})"
    yield StoryLine(trace.planned_ns, part, f"{what} planned to {trace.recipient_tail}")
    if trace.sent_ns:
        ids = f", message id {', '.join(trace.message_ids)}" if trace.message_ids else ""
        yield StoryLine(trace.sent_ns, part, f"{what} sent{ids}, attempt {trace.attempts}")
    if trace.receipt_ns and trace.receipt_state is not None:
        told = trace.receipt_state.name.lower()
        yield StoryLine(trace.receipt_ns, part, f"{what} receipt: {told}")
