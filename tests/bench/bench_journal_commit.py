"""journal_commit: durable orders per second through the journal's thread on the real reactor.

Limit: a bare loop of write and fdatasync of as many bytes in as many syncs as ours, in the
same folder and in turn with ours. Runs in a process of its own: a reactor runs once per process.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from pathlib import Path
from typing import Final

from tests.bench.bench import Row, benchmark

ORDERS_PER_BATCH: Final = (1, 16, 256)
FULL_BATCH: Final = ORDERS_PER_BATCH[-1]
ROUNDS: Final = 7
ROUND_S: Final = 0.6
IN_FLIGHT: Final = 4  # batches; one is synced while the next ones wait


@benchmark("journal_commit")
def journal_commit() -> list[Row]:
    """Return a row per batch size."""
    run = [sys.executable, "-m", "tests.bench.bench_journal_commit"]
    rows = json.loads(subprocess.run(run, check=True, capture_output=True, text=True).stdout)
    return [Row(**row) for row in rows]


def bare_loop(folder: Path, group: bytes, group_count: int) -> float:
    """Return the seconds that writing and syncing `group` so many times takes."""
    fd = os.open(folder / "bare", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    started = time.perf_counter()
    for _ in range(group_count):
        os.write(fd, group)
        os.fdatasync(fd)
    took_s = time.perf_counter() - started
    os.close(fd)
    return took_s


async def measure(folder: Path, order_count: int) -> dict[str, object]:
    """Return the row of one batch size."""
    from twisted.internet import reactor
    from twisted.internet.defer import Deferred

    from gateway.core.ports import Batch
    from gateway.journal.codec import encode_batch
    from gateway.journal.record import HEADER
    from gateway.journal.segment import open_end
    from gateway.journal.storage import DiskStorage
    from gateway.journal.writer import Framed, GroupWriter, JournalWriter
    from tests.builders.core import accepted, an_order

    orders = [an_order(f"branch:10001:20261123:{n}") for n in range(order_count)]
    events = [[accepted(order, n)] for n, order in enumerate(orders)]
    storage = DiskStorage(folder / f"journal{order_count}")
    storage.lock()
    sync_count = [0]

    class CountingWriter(GroupWriter):
        def commit(self, group: list[Framed]) -> int:
            sync_count[0] += 1
            return super().commit(group)

    group_writer = CountingWriter(storage, open_end(storage), 1 << 30)
    writer = JournalWriter(group_writer, reactor, reactor, group_bytes_max=1)
    seq, ours, bare, latencies, groups = 1, [], [], [], []
    for _ in range(ROUNDS):
        pending: deque[tuple[float, Deferred[None]]] = deque()
        started, count, sync_count[0] = time.perf_counter(), 0, 0
        while time.perf_counter() - started < ROUND_S or pending:
            while len(pending) < IN_FLIGHT and time.perf_counter() - started < ROUND_S:
                batch = Batch(seq, time.time_ns(), orders, events)
                pending.append((time.perf_counter(), writer.append(batch)))
                seq = batch.next_seq
            appended, durable = pending.popleft()
            await durable
            latencies.append((time.perf_counter() - appended) * 1e3)
            count += 1
        ours.append(count * order_count / (time.perf_counter() - started))
        groups.append(count * order_count / sync_count[0])
        written_bytes = count * (len(encode_batch(batch)) + HEADER.size)
        group = (encode_batch(batch) * 40)[: written_bytes // sync_count[0]]
        bare.append(count * order_count / bare_loop(folder, group, sync_count[0]))
    await writer.close()
    cuts = statistics.quantiles(latencies, n=100)
    return {
        "name": f"journal_commit_{order_count}" if order_count < FULL_BATCH else "journal_commit",
        "value": statistics.median(ours),
        "unit": "orders/s",
        "limit": statistics.median(bare),
        "ratio": statistics.median(a / b for a, b in zip(ours, bare, strict=True)),
        "extras": {
            "orders_per_batch": order_count,
            "orders_per_sync": statistics.median(groups),
            "p50_ms": cuts[49],
            "p99_ms": cuts[98],
            "goal_ratio": 0.75,
        },
    }


def main() -> None:
    """Measure every batch size on the gateway's kind of reactor; print the rows as JSON."""
    import uvloop
    from twisted.internet import asyncioreactor

    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    asyncioreactor.install(loop)
    from twisted.internet import reactor
    from twisted.internet.defer import Deferred

    async def run(folder: Path) -> None:
        try:
            print(json.dumps([await measure(folder, count) for count in ORDERS_PER_BATCH]))
        finally:
            reactor.stop()

    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        reactor.callWhenRunning(lambda: Deferred.fromCoroutine(run(Path(folder))))
        reactor.run()


if __name__ == "__main__":
    main()
