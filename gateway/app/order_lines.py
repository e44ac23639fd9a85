"""What the outbox knows of one order, as lines of its life: planned, sent, delivered.

For `hotline replay --order`. Not here: the journal's own lines (gateway.journal.story).
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from gateway.journal.story import LineSource, OrderKeys, StoryLine
from notify.letters import trace_of_events
from notify.notices import NoticeTrace
from notify.outbox import Outbox
from notify.settings import NotifySettings
from notify.tables import open_outbox


def notice_lines(data_folder: Path) -> Sequence[LineSource]:
    """Return the outbox of a data folder as a source of lines; none when there is no outbox."""
    file = data_folder / NotifySettings().file
    if not file.exists():
        return ()

    def lines(keys: OrderKeys) -> list[StoryLine]:
        outbox = Outbox(open_outbox(file))
        try:
            traces = trace_of_events(outbox, sorted(keys.event_seqs))
        finally:
            outbox.close()
        return [line for trace in traces for line in _lines_of(trace)]

    return (lines,)


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
