"""The logged-in account: cash, holdings, quotes and instruments.

Not here: orders and fills (gateway.web.orders).
"""

from typing import Final

import msgspec

from gateway.web import schemas as s
from gateway.web.answers import account_answer, instrument_answer, position_answer, quote_answer
from gateway.web.asked import Asked
from gateway.web.ports import Reads
from gateway.web.problems import Kind, Problem
from gateway.web.reply import Reply

encode: Final = msgspec.json.Encoder().encode


class AccountRoom:
    """`accounts.*` and `quotes.*` of the route table."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    async def cash(self, asked: Asked) -> Reply:
        """Show cash."""
        view = self._reads.account(asked.login.account_no)
        if view is None:  # a customer whose account the book does not have (yet)
            raise Problem(Kind.NOT_FOUND, field="account_no", value=asked.login.account_no)
        return Reply(200, encode(account_answer(view)))

    async def positions(self, asked: Asked) -> Reply:
        """List holdings."""
        views = self._reads.positions(asked.login.account_no)
        return Reply(200, encode(s.PositionsAnswer([position_answer(view) for view in views])))

    async def latest(self, asked: Asked) -> Reply:
        """List the latest prices of some symbols."""
        query: s.QuotesQuery = asked.query
        found = [own_quote(self._reads, symbol) for symbol in query.symbols.split(",")]
        return Reply(200, encode(s.QuotesAnswer(found)))

    async def search(self, asked: Asked) -> Reply:
        """Find instruments."""
        query: s.InstrumentsQuery = asked.query
        found = self._reads.search(query.search)[: query.limit]
        return Reply(200, encode(s.InstrumentsAnswer([instrument_answer(one) for one in found])))


def own_quote(reads: Reads, symbol: str) -> s.QuoteAnswer:
    """Return the latest prices of a symbol; raises Problem when it is unknown."""
    instrument, quote = reads.instrument(symbol), reads.quote(symbol)
    if instrument is None or quote is None:
        raise Problem(
            Kind.NOT_FOUND,
            field="symbol",
            value=symbol,
            remedy="find the code with GET /v1/instruments?search=",
        )
    return quote_answer(instrument, quote)
