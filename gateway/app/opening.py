"""Set-up of a data folder: keys, certificates, databases, and the accounts of a file.

Safe to run again: what exists is kept, and accounts are opened once. Not here: reading the file
(gateway.refdata.tables).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import structlog

from gateway.app.foundation import identity_of, locked_heart
from gateway.app.keys import make_pepper
from gateway.app.process import Ready
from gateway.app.settings import Settings
from gateway.branch.certificates import make_certificates
from gateway.core.sequencer import BATCH_MAX
from gateway.identity.customers import Customer
from gateway.refdata.day import commands_of_opening
from gateway.refdata.loader import load_rulebook
from gateway.refdata.tables import OpeningAccount, read_listings
from risk.checks.moment import TradingRules
from risk.domain.commands import Command, ListInstrument
from risk.domain.events import CommandDenied

log = structlog.get_logger("app")


def grouped(wholes: Iterable[list[Command]]) -> Iterator[list[Command]]:
    """Yield groups of at most BATCH_MAX commands (but never part of a whole).

    A group is one batch of the journal, so a crash leaves an account whole or unknown.
    """
    group: list[Command] = []
    for whole in wholes:
        if len(group) + len(whole) > BATCH_MAX and group:
            yield group
            group = []
        group = group + whole
    if group:
        yield group


class Opening:
    """One run of the set-up, as a process of its own."""

    def __init__(
        self,
        settings: Settings,
        accounts: Sequence[OpeningAccount],
        reactor: Any,
        now_ns: Callable[[], int],
        finished: Callable[[int], None],
    ) -> None:
        """`finished(exit_code)` is called when all is durable."""
        data = settings.gateway.data_folder
        data.mkdir(parents=True, exist_ok=True)
        data.chmod(0o700)  # also when another command made it: customers' data will lie there
        make_pepper(data)
        branches = sorted({account.branch_code for account in accounts})
        make_certificates(data / "keys", branches)
        self._accounts = accounts
        self._now_ns = now_ns
        self._finished = finished
        config = settings.gateway.config_folder
        self._listings = read_listings(config / settings.gateway.listings_file)
        self._identity = identity_of(settings, reactor, now_ns)
        rules = TradingRules(load_rulebook(config))
        self._storage, self._heart = locked_heart(
            settings, rules, reactor, now_ns, lambda _error: finished(1)
        )

    async def start(self) -> Ready:
        """Do it all and finish."""
        self._identity.start()
        self._heart.lifecycle.open_doors()
        for account in self._accounts:
            self._identity.enrol(
                Customer(
                    account.account_no,
                    account.name,
                    account.mobile,
                    account.email,
                    account.language,
                    account.branch_code,
                    account.is_elder,
                ),
                account.phone_pin,
                account.web_password,
                self._now_ns(),
            )
        denied = []
        for group in grouped(self._commands()):
            waiting = [self._heart.sequencer.submit(command) for command in group]
            events = [await one for one in waiting]
            denied += [event for event in events if isinstance(event, CommandDenied)]
        for event in denied:
            log.error("init.denied", request_id=event.request_id, reason=event.reason.name)
        self._finished(1 if denied else 0)
        return {}

    def _commands(self) -> Iterator[list[Command]]:
        """Yield what the book does not know yet, listing by listing, then account by account."""
        book = self._heart.book
        for listing in self._listings:
            if book.instruments.get(listing.symbol) is None:
                yield [ListInstrument(f"opening:{listing.symbol}", *listing)]
        cost_e4 = {listing.symbol: listing.prev_close_e4 for listing in self._listings}
        for account in self._accounts:
            if not book.accounts.row_of(account.account_no):
                yield commands_of_opening(account, cost_e4)

    async def stop(self) -> None:
        """Close the files."""
        await self._heart.lifecycle.close()
        self._identity.stop()
        self._storage.unlock()
