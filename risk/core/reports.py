"""What a venue's message leads to: the table of ExecType(150) against the order's state.

Venues repeat, delay and reorder reports (FIX 4.4 volume 4, appendix D). The rules here: a trade is
known by its ExecID(17) and booked once, whatever the order's state was thought to be; a state
never goes back; what changes nothing is InboundIgnored with its reason, so that its place on the
session is kept. Each event must be applied before the next is asked for.
Not here: figures of trades (risk.core.fills), or asking the venue again (fix.reconcile).
"""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from risk.book.account_book import AccountBook, OrderPlace
from risk.checks.moment import TradingRules
from risk.core.apply_trades import STATUS_EXEC_ID
from risk.core.endings import cancel_rejected, ignored, order_canceled, order_rejected
from risk.core.fills import Trade, busted, filled, open_status
from risk.domain.commands import RecordExecution
from risk.domain.enums import ExecType, OrdStatus, Side
from risk.domain.events import Event, InboundIgnored, OrderOpened, StatusNoted

REJ_UNKNOWN_ORDER: Final = 5  # OrdRejReason(103)
REJ_DUPLICATE_ORDER: Final = 6
CXL_REJ_OTHER: Final = 99  # CxlRejReason(102)
UNKNOWN_ORDER: Final = "unknown_order"
_ENDS: Final = frozenset({OrdStatus.CANCELED, OrdStatus.EXPIRED, OrdStatus.DONE_FOR_DAY})
_STATES: Final = frozenset(
    {
        OrdStatus.PENDING_NEW,
        OrdStatus.PENDING_CANCEL,
        OrdStatus.STOPPED,
        OrdStatus.SUSPENDED,
        OrdStatus.CALCULATED,
    }
)


class Report(NamedTuple):
    """An execution report with the order it is about."""

    book: AccountBook
    rules: TradingRules
    at_ns: int
    said: RecordExecution
    place: OrderPlace

    @property
    def is_open(self) -> bool:
        """Whether we hold the order for open."""
        return bool(self.place.orders.at.leaves_qty[self.place.row])

    @property
    def status(self) -> int:
        """Return OrdStatus(39) as we know it."""
        return int(self.place.orders.at.ord_status[self.place.row])

    def ignored(self, why: str) -> InboundIgnored:
        """Return the event of a report that changes nothing."""
        return ignored(self.at_ns, self.said, why, self.said.cl_ord_id, self.said.exec_id)


def decide_execution(
    book: AccountBook, rules: TradingRules, said: RecordExecution, at_ns: int
) -> Iterator[Event]:
    """Return what an ExecutionReport(8) leads to, at least one event."""
    place = book.find_order(said.cl_ord_id) or book.find_order(said.orig_cl_ord_id)
    if place is None:
        return iter((ignored(at_ns, said, UNKNOWN_ORDER, said.cl_ord_id, said.exec_id),))
    report = Report(book, rules, at_ns, said, place)
    if _is_mismatch(report):
        return iter((report.ignored("mismatch"),))
    if place.is_cancel and said.exec_type == ExecType.REJECTED:
        return iter((cancel_rejected(book, place, at_ns, said, CXL_REJ_OTHER),))
    return BY_EXEC_TYPE[said.exec_type](report)


def _is_mismatch(report: Report) -> bool:
    said, own, row = report.said, report.place.orders.at, report.place.row
    symbol = report.book.instruments.symbol[own.instrument_row[row]]
    return bool((said.symbol and said.symbol != symbol) or said.side != own.side[row])


def _trade(report: Report) -> Iterator[Event]:
    """Book a trade unless its ExecID is known, a status answer told it, or it cannot be."""
    said, own, row = report.said, report.place.orders.at, report.place.row
    is_consistent = said.last_qty <= said.cum_qty <= own.qty[row]
    if report.place.orders.executions.row_of(row, said.exec_id):
        yield report.ignored("duplicate_exec_id")
    elif said.last_qty <= 0 or said.last_px_e4 <= 0:
        yield report.ignored("no_effect")
    elif 0 < said.cum_qty <= own.status_cum_qty[row]:
        yield report.ignored("already_counted")
    elif own.cum_qty[row] + said.last_qty > own.qty[row]:
        yield report.ignored("overfill")
    elif not report.is_open and not is_consistent:
        yield report.ignored("closed_order")
    else:
        trade = Trade(said.exec_id, said.last_qty, said.last_px_e4)
        yield filled(report.book, report.rules, report.place, said, trade, report.at_ns)


def _trade_cancel(report: Report) -> Iterator[Event]:
    """Take a fill back, once."""
    said, row, executions = report.said, report.place.row, report.place.orders.executions
    fill_row = executions.row_of(row, said.exec_ref_id)
    if executions.row_of(row, said.exec_id):
        yield report.ignored("duplicate_exec_id")
    elif not fill_row:
        yield report.ignored("unknown_exec_ref_id")
    elif executions.at.is_busted[fill_row]:
        yield report.ignored("no_effect")
    else:
        yield busted(report.book, report.rules, report.place, said, fill_row, report.at_ns)


def _trade_correct(report: Report) -> Iterator[Event]:
    """Take a fill back and book it with its new quantity and price."""
    said, own, row = report.said, report.place.orders.at, report.place.row
    executions = report.place.orders.executions
    fill_row = executions.row_of(row, said.exec_ref_id)
    old_qty = executions.at.last_qty[fill_row] if fill_row else 0
    if said.last_qty <= 0 or said.last_px_e4 <= 0:
        yield from _trade_cancel(report)
    elif fill_row and own.cum_qty[row] - old_qty + said.last_qty > own.qty[row]:
        yield report.ignored("overfill")
    else:
        is_booked = False
        reopened = said._replace(leaves_qty=said.leaves_qty + said.last_qty)
        for event in _trade_cancel(report._replace(said=reopened)):
            is_booked = not isinstance(event, InboundIgnored)
            yield event
        if is_booked:
            trade = Trade(said.exec_id, said.last_qty, said.last_px_e4)
            yield filled(report.book, report.rules, report.place, said, trade, report.at_ns)


def _new(report: Report) -> Iterator[Event]:
    """The venue has the order, or trades it again after a halt."""
    if not report.is_open:
        yield report.ignored("closed_order")
    elif report.status == OrdStatus.PENDING_NEW:
        yield _opened(report, OrdStatus.NEW)
    elif report.status in (OrdStatus.SUSPENDED, OrdStatus.STOPPED, OrdStatus.CALCULATED):
        yield _noted(report, open_status(report.place))
    else:
        yield report.ignored("no_effect")


def _pending_new(report: Report) -> Iterator[Event]:
    is_reported = report.place.orders.at.is_reported[report.place.row]
    if report.is_open and report.status == OrdStatus.PENDING_NEW and not is_reported:
        yield _opened(report, OrdStatus.PENDING_NEW)
    else:
        yield report.ignored("no_effect" if report.is_open else "closed_order")


def _canceled(report: Report) -> Iterator[Event]:
    yield _ended(report, is_expired=False)


def _expired(report: Report) -> Iterator[Event]:
    yield _ended(report, is_expired=True)


def _rejected(report: Report) -> Iterator[Event]:
    """The venue refused the order, perhaps after some of it had traded."""
    own, row = report.place.orders.at, report.place.row
    if not report.is_open:
        yield report.ignored("closed_order")
    elif own.is_resent[row] and report.said.ord_rej_reason == REJ_DUPLICATE_ORDER:
        yield report.ignored("resent_order")
    elif own.leaves_qty[row] != own.qty[row]:
        yield _ended(report, is_expired=False)
    else:
        said = report.said
        reason = said.ord_rej_reason
        yield order_rejected(report.book, report.place, report.at_ns, said, reason)


def _state_of_type(report: Report) -> Iterator[Event]:
    """ExecTypes that are also an OrdStatus: pending cancel, stopped, suspended, calculated."""
    yield _state(report, OrdStatus(int(report.said.exec_type)))


def _restated(report: Report) -> Iterator[Event]:
    """An unsolicited restatement: an end is an end, anything else moves no money."""
    said = report.said
    if said.ord_status in _ENDS and said.leaves_qty == 0:
        yield _ended(report, is_expired=said.ord_status != OrdStatus.CANCELED)
    else:
        yield _state(report, open_status(report.place))


def _no_effect(report: Report) -> Iterator[Event]:
    """Replacing orders is nothing we ask for."""
    yield report.ignored("no_effect")


def _order_status(report: Report) -> Iterator[Event]:
    """Bring us up to date with the answer to a status request (ExecType I).

    Fills whose reports we lack become one fill at their average price with an ExecID of our own,
    the same whenever the same is told; their own reports are then `already_counted`.
    """
    said, own, row = report.said, report.place.orders.at, report.place.row
    missing_qty = said.cum_qty - own.cum_qty[row]
    is_refused = said.ord_status == OrdStatus.REJECTED
    if is_refused and said.ord_rej_reason == REJ_UNKNOWN_ORDER:
        yield report.ignored("unknown_at_venue")
        return
    if said.cum_qty > own.qty[row]:
        yield report.ignored("overfill")
        return
    if missing_qty > 0:
        exec_id = f"{STATUS_EXEC_ID}{said.order_id or said.cl_ord_id}.{said.cum_qty}"
        trade = Trade(exec_id, missing_qty, _average_e4(report, missing_qty))
        yield filled(report.book, report.rules, report.place, said, trade, report.at_ns)
    if is_refused and report.is_open:
        yield from _rejected(report)
        return
    event = _state_told(report)
    if event is not None:
        yield event
    elif missing_qty <= 0:
        yield report.ignored("no_effect")


def _state_told(report: Report) -> Event | None:
    """Return the event of the state in a status answer, None when it is no news."""
    status = report.said.ord_status
    if not report.is_open:
        return None
    if status in _ENDS:
        return _ended(report, is_expired=status != OrdStatus.CANCELED)
    state = status if status in _STATES else open_status(report.place)
    if report.status == OrdStatus.PENDING_NEW:
        is_reported = report.place.orders.at.is_reported[report.place.row]
        is_news = state != OrdStatus.PENDING_NEW or not is_reported
        return _opened(report, state) if is_news else None
    if state in (OrdStatus.PENDING_NEW, report.status):
        return None
    return _noted(report, state)


def _average_e4(report: Report, missing_qty: int) -> int:
    """Return the average price of fills we lack: as told, no worse than the order's price."""
    said, own, row = report.said, report.place.orders.at, report.place.row
    limit_e4 = own.price_e4[row]
    px_e4 = said.last_px_e4 or limit_e4
    if said.avg_px_e4:
        missing_e4 = said.avg_px_e4 * said.cum_qty - own.turnover_e4[row]
        px_e4 = (2 * missing_e4 + missing_qty) // (2 * missing_qty)
    best = min if own.side[row] == Side.BUY else max
    return max(1, int(best(px_e4, limit_e4)))


def _state(report: Report, status: OrdStatus) -> Event:
    if not report.is_open:
        return report.ignored("closed_order")
    if report.status == status:
        return report.ignored("no_effect")
    return _noted(report, status)


def _opened(report: Report, status: OrdStatus) -> OrderOpened:
    said, place = report.said, report.place
    own, row = place.orders.at, place.row
    return OrderOpened(
        report.at_ns,
        place.orders.cl_ord_id(own.order_no[row]),
        report.book.accounts.account_no[own.account_row[row]],
        said.order_id,
        said.exec_id,
        status,
        said.fix_session,
        said.msg_seq_num,
    )


def _noted(report: Report, status: OrdStatus) -> StatusNoted:
    said, place = report.said, report.place
    own, row = place.orders.at, place.row
    return StatusNoted(
        report.at_ns,
        place.orders.cl_ord_id(own.order_no[row]),
        report.book.accounts.account_no[own.account_row[row]],
        OrdStatus(status),
        said.text,
        said.fix_session,
        said.msg_seq_num,
    )


def _ended(report: Report, is_expired: bool) -> Event:
    if not report.is_open:
        return report.ignored("closed_order")
    said = report.said
    return order_canceled(
        report.book,
        report.place,
        report.at_ns,
        is_expired=is_expired,
        order_id=said.order_id,
        exec_id=said.exec_id,
        text=said.text,
        fix_session=said.fix_session,
        msg_seq_num=said.msg_seq_num,
    )


BY_EXEC_TYPE: Final[dict[ExecType, Callable[[Report], Iterator[Event]]]] = {
    ExecType.NEW: _new,
    ExecType.PENDING_NEW: _pending_new,
    ExecType.TRADE: _trade,
    ExecType.TRADE_CANCEL: _trade_cancel,
    ExecType.TRADE_CORRECT: _trade_correct,
    ExecType.CANCELED: _canceled,
    ExecType.EXPIRED: _expired,
    ExecType.DONE_FOR_DAY: _expired,
    ExecType.REJECTED: _rejected,
    ExecType.PENDING_CANCEL: _state_of_type,
    ExecType.STOPPED: _state_of_type,
    ExecType.SUSPENDED: _state_of_type,
    ExecType.CALCULATED: _state_of_type,
    ExecType.RESTATED: _restated,
    ExecType.ORDER_STATUS: _order_status,
    ExecType.REPLACED: _no_effect,
    ExecType.PENDING_REPLACE: _no_effect,
}

assert set(BY_EXEC_TYPE) == set(ExecType), "every ExecType needs its row"
