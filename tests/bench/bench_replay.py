"""replay: events per second from journal files to a book, checksums and decoding included.

Limit: reading the same files and decoding their bytes with msgpack into plain lists, without any
check, type or book.
"""

import gc
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from gateway.core.ports import Batch
from gateway.core.replies import Replies
from gateway.journal.codec import pack_event, unpack_event
from gateway.journal.record import HEADER
from gateway.journal.recovery import recover
from gateway.journal.segment import HEADER_BYTES, End, open_end, segment_names
from gateway.journal.storage import DiskStorage
from gateway.journal.verify import verify
from gateway.journal.writer import GroupWriter, framed
from risk.book.account_book import AccountBook
from risk.domain.commands import Command, MoveCash, OpenAccount, RecordRouted
from risk.domain.enums import ExecType, OrdStatus
from risk.domain.events import OrderAccepted
from tests.bench.bench import Row, benchmark
from tests.builders.heart import DAY, MORNING_NS, SETUP, a_buy, a_fill, step_of

ACCOUNT_COUNT: Final = 5_000
ORDER_COUNT: Final = 60_000
BATCH: Final = 64
PATIENCE_NS: Final = 1_000_000_000
ROUNDS: Final = 3
GOAL: Final = 200_000


@benchmark("replay")
def replay() -> list[Row]:
    """Return rows for proving from the start, and for a start after a crash (replies too)."""
    with tempfile.TemporaryDirectory() as folder:
        storage = DiskStorage(Path(folder) / "journal")
        storage.lock()
        event_count = _write_day(storage)
        gc.collect()
        gc.freeze()
        bare_s = min(_timed(lambda: _bare(storage)) for _ in range(ROUNDS))
        verify_s = min(_timed(lambda: verify(storage)) for _ in range(ROUNDS))
        start_s = min(
            _timed(lambda: recover(storage, Replies(pack_event, unpack_event)))
            for _ in range(ROUNDS)
        )
        gc.unfreeze()
        storage.unlock()
    limit = event_count / bare_s
    return [
        _row("replay", event_count / verify_s, limit),
        _row("replay_start", event_count / start_s, limit),
    ]


def _row(name: str, value: float, limit: float) -> Row:
    return Row(name, value, "events/s", limit, value / limit, {"goal": GOAL})


def _timed(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def _bare(storage: DiskStorage) -> int:
    decode = msgspec.msgpack.Decoder().decode
    count = 0
    for name in segment_names(storage):
        data = storage.read(name)
        view, at = memoryview(data), HEADER_BYTES
        while at < len(data):
            (size, *_) = HEADER.unpack_from(data, at)
            at += HEADER.size + size
            count += len(decode(view[at - size : at])[4])
    return count


def _write_day(storage: DiskStorage) -> int:
    """Record a day of orders, routed and filled, decided by the real step; return its events."""
    book = AccountBook()
    step = step_of(book)
    writer = GroupWriter(storage, open_end(storage), 1 << 26)
    now_ns, end = MORNING_NS, writer.end
    for commands in _day():
        now_ns += PATIENCE_NS
        events = step(commands, now_ns)
        accepted = [e for caused in events for e in caused if isinstance(e, OrderAccepted)]
        end = _commit(writer, Batch(end.next_event_seq, now_ns, commands, events))
        if accepted:
            follow: list[Command] = []
            for order in accepted:
                number = order.order_no
                follow.append(RecordRouted(f"r{number}", order.cl_ord_id, "GW-SSE", now_ns))
                opened = a_fill(order, 2 * number, exec_type=ExecType.NEW, ord_status=OrdStatus.NEW)
                follow.append(opened._replace(last_qty=0, cum_qty=0, leaves_qty=order.qty))
                follow.append(a_fill(order, 2 * number + 1))
            batch = Batch(end.next_event_seq, now_ns, follow, step(follow, now_ns))
            end = _commit(writer, batch)
    assert book.orders.count > ORDER_COUNT, "the day has not become what it should"
    return end.next_event_seq - 1


def _commit(writer: GroupWriter, batch: Batch) -> End:
    item = framed(writer.end, batch)
    writer.commit([item])
    return item.end


def _day() -> Iterator[list[Command]]:
    """Yield the set-up, then batches of orders from all accounts in turn."""
    accounts = [f"{30_000_000 + n}" for n in range(ACCOUNT_COUNT)]
    yield SETUP
    for at in range(0, ACCOUNT_COUNT, BATCH):
        some = accounts[at : at + BATCH]
        yield [OpenAccount(f"open:{no}", no, "30001") for no in some]
        yield [MoveCash(f"cash:{no}", no, 10**10) for no in some]
    for at in range(0, ORDER_COUNT, BATCH):
        yield [
            a_buy(f"branch:30001:{DAY}:{n}")._replace(
                account_no=accounts[n % ACCOUNT_COUNT], branch_code="30001"
            )
            for n in range(at, min(at + BATCH, ORDER_COUNT))
        ]
