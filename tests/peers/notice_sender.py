"""A process that only sends notices: to be killed and started again.

Its journal is a file that counts how many of a fixed list of fills are durable; each is counted
before it is published, as the gateway does. Arguments: folder, SMPP port, number of fills.
"""

import random
import sys
import time
from pathlib import Path

import uvloop
from twisted.internet import asyncioreactor

LOOP = uvloop.new_event_loop()
asyncioreactor.install(LOOP)

from twisted.internet import reactor  # noqa: E402
from twisted.internet.defer import Deferred  # noqa: E402
from twisted.internet.task import deferLater  # noqa: E402

from notify.edge import NoticeEdge, transports_of  # noqa: E402
from notify.settings import MailSettings, NotifySettings, SMSSettings  # noqa: E402
from tests.builders.notices import AContact, a_fill, the_templates  # noqa: E402

BATCH = 5
MOBILES = 20


class CountedJournal:
    """The first `count` of the fills are durable."""

    def __init__(self, file: Path, total: int) -> None:
        self._file = file
        self._fills = [
            a_fill(account_no=f"{n:08}", exec_id=f"E{n}", order_no=n, cl_ord_id=f"261122{n:06}")
            for n in range(1, total + 1)
        ]
        self.count = int(file.read_text()) if file.exists() else 0

    def grow(self):
        """Make the next batch durable; returns it numbered."""
        first, self.count = self.count, min(self.count + BATCH, len(self._fills))
        fresh = self._file.with_suffix(".new")
        fresh.write_text(str(self.count))
        fresh.rename(self._file)
        return list(enumerate(self._fills[first : self.count], first + 1))

    def events_after(self, seq):
        yield from enumerate(self._fills[seq : self.count], seq + 1)


async def main(folder: Path, port: int, total: int) -> None:
    journal = CountedJournal(folder / "journal", total)
    rng = random.Random(5)
    edge = NoticeEdge(
        NotifySettings(keep_s=604_800, first_wait_s=0.1, unknown_wait_s=1, attempts_max=100),
        transports_of(
            SMSSettings(port=port, window=8, reconnect_s_max=0.2),
            MailSettings(is_enabled=False),
            reactor,
            LOOP,
            time.time_ns,
            rng,
        ),
        data_folder=folder,
        contact_of=lambda account_no: AContact(mobile=f"+8613800{int(account_no) % MOBILES:06}"),
        events_after=journal.events_after,
        reactor=reactor,
        now_ns=time.time_ns,
        rng=rng,
        templates=the_templates(),
    )
    await edge.start()
    print("started", flush=True)  # noqa: T201
    while journal.count < total:
        edge.on_events(journal.grow())
        await deferLater(reactor, 0.02)
    while any(depth.open_count for depth in (await edge.depths()).values()):
        await deferLater(reactor, 0.05)
    await edge.stop()
    reactor.stop()


if __name__ == "__main__":
    Deferred.fromCoroutine(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))).addErrback(
        lambda failure: (failure.printTraceback(), reactor.stop())
    )
    reactor.run()
