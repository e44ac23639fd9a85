"""Figures, times and reasons as text in the customer's language.

Everything comes from integers: a price never passes through a binary float.
Not here: sentences (config/templates).
"""

from typing import Final, NamedTuple

from risk.domain.enums import Language, OrdStatus, Side
from risk.domain.fixedpoint import format_e4
from risk.domain.ids import INDEX_SYMBOL, china_time

_ZH, _EN = Language.ZH, Language.EN
_ACCOUNT_TAIL: Final = 4

SIDES: Final = {
    (_ZH, Side.BUY): "买入",
    (_ZH, Side.SELL): "卖出",
    (_EN, Side.BUY): "buy",
    (_EN, Side.SELL): "sell",
}

# OrdRejReason(103): what the venue's number means to a customer
ORD_REJ_REASONS: Final = {
    1: ("证券代码有误", "unknown security"),
    2: ("市场未开放交易", "market closed"),
    3: ("超出限额", "limit exceeded"),
    4: ("申报时间已过", "too late to enter"),
    5: ("委托不存在", "unknown order"),
    6: ("委托重复", "duplicate order"),
    11: ("不支持的委托类型", "order type not supported"),
    13: ("数量有误", "incorrect quantity"),
}
# CxlRejReason(102)
CXL_REJ_REASONS: Final = {
    0: ("撤单过迟", "too late to cancel"),
    1: ("委托不存在", "unknown order"),
    3: ("撤单已在处理中", "cancel already pending"),
}
# OrdStatus(39) in a statement
ORD_STATUSES: Final = {
    OrdStatus.PENDING_NEW: ("已报", "sent"),
    OrdStatus.NEW: ("未成交", "open"),
    OrdStatus.PARTIALLY_FILLED: ("部分成交", "partly filled"),
    OrdStatus.FILLED: ("全部成交", "filled"),
    OrdStatus.CANCELED: ("已撤单", "cancelled"),
    OrdStatus.REJECTED: ("未被接受", "rejected"),
    OrdStatus.EXPIRED: ("已失效", "expired"),
    OrdStatus.PENDING_CANCEL: ("撤单中", "being cancelled"),
}
_IN_HAND: Final = ("处理中", "in hand")
_OTHER: Final = ("交易所未接受", "not accepted by the exchange")


class SecurityNames(NamedTuple):
    """Names of a listing; empty when unknown."""

    zh: str
    en: str


def quantity(language: Language, qty: int) -> str:
    """Return a quantity: "12000" in Chinese, "12,000" in English."""
    return str(qty) if language is _ZH else f"{qty:,}"


def price(price_e4: int) -> str:
    """Return a price with two decimals or as many as it needs: 100500 -> "10.05"."""
    return format_e4(price_e4)


def moment(language: Language, at_ns: int) -> str:
    """Return the time in China: "11月22日09:31:05" or "22 Nov 09:31:05"."""
    at = china_time(at_ns)
    if language is _ZH:
        return f"{at.month}月{at.day}日{at:%H:%M:%S}"
    return f"{at.day} {_MONTHS[at.month - 1]} {at:%H:%M:%S}"


def day(language: Language, at_ns: int) -> str:
    """Return the day in China: "2026年11月22日" or "22 Nov 2026"."""
    at = china_time(at_ns)
    if language is _ZH:
        return f"{at.year}年{at.month}月{at.day}日"
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}"


def security(language: Language, symbol: str, names: SecurityNames | None) -> str:
    """Return a listing as customers know it: "平安银行(000001)", or the code alone."""
    name = "" if names is None else (names.zh if language is _ZH else names.en)
    return f"{name}({symbol})" if name else symbol


def reject_reason(language: Language, is_cancel: bool, reason: int, venue_text: str) -> str:
    """Return why the venue said no: our words for its number, else its own text if readable."""
    words = (CXL_REJ_REASONS if is_cancel else ORD_REJ_REASONS).get(reason)
    is_readable = bool(venue_text) and (language is _ZH or venue_text.isascii())
    if words is None and is_readable:
        return venue_text
    zh, en = words or _OTHER
    return zh if language is _ZH else en


def price_unit(language: Language, symbol: str) -> str:
    """Return what follows a price in Chinese: yuan, or points of an index; empty in English."""
    if language is not _ZH:
        return ""
    return "点" if INDEX_SYMBOL.fullmatch(symbol) else "元"


def ord_status(language: Language, status: OrdStatus) -> str:
    """Return an order's state."""
    zh, en = ORD_STATUSES.get(status, _IN_HAND)
    return zh if language is _ZH else en


def account_tail(account_no: str) -> str:
    """Return the last digits of an account number, which is all that leaves the house."""
    return account_no[-_ACCOUNT_TAIL:]


# not strftime: its month names follow the process's locale
_MONTHS: Final = (
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
)
