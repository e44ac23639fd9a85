"""Evidence of PIN changes: written with the new hash, then told to the journal until it has them.

A change that a crash kept from the journal is told at the next start under the same request id, so
the customer gets exactly one notice of it. Not here: who may change a PIN (gateway.identity.pins).
"""

from collections.abc import Callable
from typing import Final

import structlog
from sqlalchemy import Connection, insert, select, update
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from gateway.core.tasks import Tasks
from gateway.store.database import Database
from gateway.store.tables import PIN_CHANGES
from risk.domain.commands import Command, RecordPinChange
from risk.domain.enums import Channel
from risk.domain.errors import TemporaryFailure
from risk.domain.events import Event
from risk.domain.service_events import PinChanged

log = structlog.get_logger("identity")

RETRY_S: Final = 5.0
TOLD_AT_ONCE_MAX: Final = 100

Submit = Callable[[Command], "Deferred[Event]"]


class PinChanges:
    """Tells the journal of PIN changes. Every method runs on the reactor thread."""

    def __init__(self, database: Database, clock: IReactorTime) -> None:
        self._database = database
        self._tasks = Tasks(clock)
        self._submit: Submit | None = None
        self._is_telling = False

    def start(self, submit: Submit) -> None:
        """Tell what an earlier life left untold, and from now on every change."""
        self._submit = submit
        self._tasks.every("pin_changes", RETRY_S, self._tell)
        self.tell()

    def stop(self) -> None:
        """Tell no more; what is left is told by the next life."""
        self._submit = None
        self._tasks.stop()

    def tell(self) -> None:
        """Tell at once what is written and not in the journal yet; what fails is tried again."""
        if self._submit is not None:
            self._tasks.spawn("pin_changes", self._tell())

    async def _tell(self) -> None:
        if self._is_telling:
            return
        self._is_telling = True
        try:
            await self._tell_untold()
        except TemporaryFailure as error:
            log.warning("identity.pin_change_not_told", code=error.code)
        finally:
            self._is_telling = False

    async def _tell_untold(self) -> None:
        recorded = []
        for change_no, command in await self._database.read(_untold):
            if self._submit is None:
                return
            if isinstance(await self._submit(command), PinChanged):
                recorded.append(change_no)
        if recorded:
            await self._database.write(lambda connection: _mark(connection, recorded))


def put_change(
    connection: Connection, account_no: str, changed_ns: int, channel: Channel, trace_id: str
) -> None:
    """Write a change in the transaction of the new hash."""
    connection.execute(
        insert(PIN_CHANGES).values(
            account_no=account_no,
            changed_ns=changed_ns,
            channel=channel,
            trace_id=trace_id[:96],
            is_recorded=0,
        )
    )


def _untold(connection: Connection) -> list[tuple[int, RecordPinChange]]:
    wanted = (
        select(PIN_CHANGES)
        .where(PIN_CHANGES.c.is_recorded == 0)
        .order_by(PIN_CHANGES.c.change_no)
        .limit(TOLD_AT_ONCE_MAX)
    )
    return [
        (
            row.change_no,
            RecordPinChange(
                f"pin:{row.change_no}:{row.changed_ns}",
                row.account_no,
                Channel(row.channel),
                row.changed_ns,
                row.trace_id,
            ),
        )
        for row in connection.execute(wanted)
    ]


def _mark(connection: Connection, change_nos: list[int]) -> None:
    its = PIN_CHANGES.c.change_no.in_(change_nos)
    connection.execute(update(PIN_CHANGES).where(its).values(is_recorded=1))
