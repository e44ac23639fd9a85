"""The venue's side of the wire: members' FIX 4.4 messages -> the venue's words, and back.

What a member says wrongly but readably (an unknown side, a price off tick) goes to the venue, which
rejects it; what cannot be read is a FieldProblem, answered with BusinessMessageReject(j).
Not here: sessions (fix.simulator.acceptor), matching (fix.simulator.venue).
"""

from collections.abc import Iterator
from typing import Final

from fix import fields as f
from fix.simulator.messages import (
    CancelReject,
    Depth,
    Level,
    Report,
    StatusQuery,
    VenueCancel,
    VenueOrder,
)
from risk.domain.enums import ExecType, OrdType, fix_char
from risk.domain.fixedpoint import format_e4

_HEAD: Final = f"8=FIX.4.4{f.SOH}35="
_ORDER_QTY: Final = "38"
_ORD_TYPE: Final = "40"
_PRICE: Final = "44"
_TIME_IN_FORCE: Final = "59"
_NEW, _CHANGE, _DELETE = "0", "1", "2"  # MDUpdateAction(279)
_BID, _OFFER, _TRADE = "0", "1", "2"  # MDEntryType(269)
_HIGH, _LOW, _VOLUME = "7", "8", "B"


def order(member: str, fields: f.Fields) -> VenueOrder:
    """Return a NewOrderSingle(D). Raises FieldProblem."""
    return VenueOrder(
        sender=member,
        cl_ord_id=f.identifier(fields, f.CL_ORD_ID, is_required=True),
        symbol=f.identifier(fields, f.SYMBOL, is_required=True),
        side=f.code(fields, f.SIDE),
        qty=f.quantity(fields, _ORDER_QTY),
        price_e4=f.price_e4(fields, _PRICE),
        account_no=f.identifier(fields, f.ACCOUNT),
        ord_type=f.code(fields, _ORD_TYPE) if _ORD_TYPE in fields else OrdType.LIMIT,
        time_in_force=f.code(fields, _TIME_IN_FORCE) if _TIME_IN_FORCE in fields else 0,
        poss_resend=f.flag(fields, f.POSS_RESEND),
    )


def cancel(member: str, fields: f.Fields) -> VenueCancel:
    """Return an OrderCancelRequest(F). Raises FieldProblem."""
    return VenueCancel(
        sender=member,
        cl_ord_id=f.identifier(fields, f.CL_ORD_ID, is_required=True),
        orig_cl_ord_id=f.identifier(fields, f.ORIG_CL_ORD_ID, is_required=True),
        symbol=f.identifier(fields, f.SYMBOL),
        side=f.code(fields, f.SIDE) if f.SIDE in fields else 0,
    )


def status_query(member: str, fields: f.Fields) -> StatusQuery:
    """Return an OrderStatusRequest(H). Raises FieldProblem."""
    return StatusQuery(
        sender=member,
        cl_ord_id=f.identifier(fields, f.CL_ORD_ID, is_required=True),
        symbol=f.identifier(fields, f.SYMBOL),
        side=f.code(fields, f.SIDE) if f.SIDE in fields else 0,
    )


def report_text(report: Report, ord_status_req_id: str = "") -> str:
    """Return an ExecutionReport(8); `ord_status_req_id` is repeated from the request it answers."""
    pairs = [
        ("1", report.account_no),
        ("6", format_e4(report.avg_px_e4)),
        ("11", report.cl_ord_id),
        ("14", report.cum_qty),
        ("17", report.exec_id),
        ("37", report.order_id),
        ("38", report.order_qty),
        ("39", fix_char(report.ord_status)),
        ("41", report.orig_cl_ord_id),
        ("44", format_e4(report.price_e4) if report.price_e4 else ""),
        ("54", fix_char(report.side)),
        ("55", report.symbol),
        ("58", report.text),
        ("60", f.timestamp_text(report.transact_ns)),
        ("103", report.ord_rej_reason or ""),
        ("150", fix_char(report.exec_type)),
        ("151", report.leaves_qty),
        ("790", ord_status_req_id),
    ]
    if report.exec_type == ExecType.TRADE:
        pairs += [("31", format_e4(report.last_px_e4)), ("32", report.last_qty)]
    return _text("8", pairs)


def cancel_reject_text(reject: CancelReject) -> str:
    """Return an OrderCancelReject(9); CxlRejResponseTo(434)=1: to an OrderCancelRequest."""
    return _text(
        "9",
        [
            ("11", reject.cl_ord_id),
            ("37", reject.order_id),
            ("39", fix_char(reject.ord_status)),
            ("41", reject.orig_cl_ord_id),
            ("58", reject.text),
            ("60", f.timestamp_text(reject.transact_ns)),
            ("102", reject.cxl_rej_reason),
            ("434", 1),
        ],
    )


def snapshot_text(depth: Depth) -> str:
    """Return a MarketDataSnapshotFullRefresh(W): all levels and the last trade."""
    entries = [
        f"269={kind}{f.SOH}{_level(level)}290={place}{f.SOH}"
        for kind, levels in ((_BID, depth.bids), (_OFFER, depth.asks))
        for place, level in enumerate(levels, 1)
    ]
    if depth.last_e4:
        entries.append(f"269={_TRADE}{f.SOH}270={format_e4(depth.last_e4)}{f.SOH}")
        entries += [f"269={kind}{f.SOH}{figure}" for kind, figure in _figures(depth)]
    body = f"55={depth.symbol}{f.SOH}268={len(entries)}{f.SOH}{''.join(entries)}"
    return f"{_HEAD}W{f.SOH}{body}"


def refresh_text(before: Depth, after: Depth) -> str | None:
    """Return a MarketDataIncrementalRefresh(X) of what changed, None when nothing did."""
    entries = [
        *_level_changes(_BID, after.symbol, before.bids, after.bids),
        *_level_changes(_OFFER, after.symbol, before.asks, after.asks),
    ]
    if after.last_e4 and after.volume != before.volume:
        price = format_e4(after.last_e4)
        qty = max(after.volume - before.volume, 0)
        entries.append(
            f"279={_NEW}{f.SOH}269={_TRADE}{f.SOH}55={after.symbol}{f.SOH}270={price}{f.SOH}"
            f"271={qty}{f.SOH}"
        )
        entries += [
            f"279={_CHANGE}{f.SOH}269={kind}{f.SOH}55={after.symbol}{f.SOH}{figure}"
            for kind, figure in sorted(set(_figures(after)) - set(_figures(before)))
        ]
    if not entries:
        return None
    return f"{_HEAD}X{f.SOH}268={len(entries)}{f.SOH}{''.join(entries)}"


def _level_changes(
    kind: str, symbol: str, before: tuple[Level, ...], after: tuple[Level, ...]
) -> Iterator[str]:
    for place in range(1, max(len(before), len(after)) + 1):
        old = before[place - 1] if place <= len(before) else None
        new = after[place - 1] if place <= len(after) else None
        if old == new:
            continue
        action = _DELETE if new is None else _CHANGE if old is not None else _NEW
        level = _level(new) if new is not None else ""
        yield (f"279={action}{f.SOH}269={kind}{f.SOH}55={symbol}{f.SOH}{level}290={place}{f.SOH}")


def _figures(depth: Depth) -> list[tuple[str, str]]:
    """Return the day's highest and lowest price and its volume as entries."""
    return [
        (_HIGH, f"270={format_e4(depth.high_e4)}{f.SOH}"),
        (_LOW, f"270={format_e4(depth.low_e4)}{f.SOH}"),
        (_VOLUME, f"271={depth.volume}{f.SOH}"),
    ]


def _level(level: Level) -> str:
    return f"270={format_e4(level.price_e4)}{f.SOH}271={level.qty}{f.SOH}"


def _text(kind: str, pairs: list[tuple[str, object]]) -> str:
    body = "".join(f"{tag}={value}{f.SOH}" for tag, value in pairs if value != "")
    return f"{_HEAD}{kind}{f.SOH}{body}"
