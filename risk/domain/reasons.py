"""Every denial: its code, what kind it is, what FIX and HTTP say, and its words in zh and en.

Codes are grouped by stage (1xx shape, 2xx market, 3xx funds, 4xx exposure, 5xx pace, 6xx account,
9xx system). The order in which a batch's reasons are told is the order of the rule list
(risk.checks.rulesets), not of this table. The words serve SMS, HTTP and docs; the phone speaks
the prompt `reason.<NAME in lower case>`. Not here: reasons a venue gives (those are its text).
"""

import enum
from collections.abc import Mapping
from typing import NamedTuple

from risk.domain.enums import Language
from risk.domain.fixedpoint import format_e4


class ReasonCode(enum.IntEnum):
    """Why we said no. Stable: journals, branches and customers' records hold these numbers."""

    NONE = 0
    QTY_NOT_POSITIVE = 101
    QTY_TOO_LARGE = 102
    PRICE_NOT_POSITIVE = 103
    PRICE_TOO_LARGE = 104
    SIDE_UNKNOWN = 105
    ORD_TYPE_NOT_ALLOWED = 106
    TIME_IN_FORCE_NOT_ALLOWED = 107
    AMOUNT_TOO_LARGE = 108
    ALERT_KIND_UNKNOWN = 109
    ALERT_PRICE_NOT_VALID = 110
    SYMBOL_UNKNOWN = 201
    INSTRUMENT_HALTED = 202
    MARKET_CLOSED = 203
    CANCEL_FORBIDDEN_NOW = 204
    OFF_TICK = 205
    ABOVE_LIMIT_UP = 206
    BELOW_LIMIT_DOWN = 207
    OUTSIDE_PRICE_CAGE = 208
    OFF_LOT = 209
    BELOW_MIN_QTY = 210
    ODD_LOT_SPLIT = 211
    ABOVE_MAX_QTY = 212
    NO_RULES_FOR_DAY = 213
    ALERT_REACHED = 214
    BUYING_POWER = 301
    SELLABLE_QTY = 302
    WITHDRAWABLE_CASH = 303
    OWN_ORDER_CROSSING = 401
    DUPLICATE_ORDER = 402
    KILL_SWITCH_FIRM = 403
    KILL_SWITCH_BRANCH = 404
    KILL_SWITCH_ACCOUNT = 405
    KILL_SWITCH_INSTRUMENT = 406
    ALERT_LIMIT = 407
    ALERT_EXISTS = 408
    PACE_ACCOUNT = 501
    PACE_BRANCH = 502
    STATEMENT_TOO_SOON = 503
    ACCOUNT_UNKNOWN = 601
    ORDER_UNKNOWN = 602
    ORDER_CLOSED = 603
    CANCEL_PENDING = 604
    ACCOUNT_EXISTS = 605
    NOT_YOUR_ACCOUNT = 606
    ALERT_UNKNOWN = 607
    REQUEST_ID_REUSED = 901
    NOT_ACCEPTING = 902
    DAY_NOT_STARTED = 903
    DAY_NOT_LATER = 904


class ReasonText(NamedTuple):
    """What each door says for a reason. `{name}` in a text is a figure of the event's detail."""

    ord_rej_reason: int  # OrdRejReason(103)
    http_status: int
    zh: str
    en: str


def prompt_key(reason: ReasonCode) -> str:
    """Return the key of the spoken prompt: BUYING_POWER -> "reason.buying_power"."""
    return f"reason.{reason.name.lower()}"


_R = ReasonCode
REASONS: dict[ReasonCode, ReasonText] = {
    _R.QTY_NOT_POSITIVE: ReasonText(
        13, 422, "委托数量必须大于零", "the quantity must be above zero"
    ),
    _R.QTY_TOO_LARGE: ReasonText(
        13, 422, "委托数量过大", "the quantity is larger than any order may be"
    ),
    _R.PRICE_NOT_POSITIVE: ReasonText(
        99, 422, "委托价格必须大于零", "the price must be above zero"
    ),
    _R.PRICE_TOO_LARGE: ReasonText(99, 422, "委托价格过高", "the price is larger than any may be"),
    _R.SIDE_UNKNOWN: ReasonText(99, 422, "买卖方向不明", "the side must be buy or sell"),
    _R.ORD_TYPE_NOT_ALLOWED: ReasonText(
        11, 422, "暂不支持该委托类型,请用限价委托", "only limit orders are taken: give a price"
    ),
    _R.TIME_IN_FORCE_NOT_ALLOWED: ReasonText(
        11, 422, "只接受当日有效委托", "only day orders are taken"
    ),
    _R.AMOUNT_TOO_LARGE: ReasonText(
        99, 422, "金额过大", "the amount is larger than an account may hold"
    ),
    _R.ALERT_KIND_UNKNOWN: ReasonText(
        99, 422, "提醒方向必须是涨到或跌到", "an alert waits for a rise or for a fall"
    ),
    _R.ALERT_PRICE_NOT_VALID: ReasonText(
        99,
        422,
        "提醒价格必须大于零且不超过一百万元",
        "the alert price must be above zero and at most one million",
    ),
    _R.SYMBOL_UNKNOWN: ReasonText(
        1, 422, "没有这个证券代码,请核对后重输", "no such security code: check the six digits"
    ),
    _R.INSTRUMENT_HALTED: ReasonText(
        2, 422, "该证券停牌,复牌后再委托", "trading in this security is halted"
    ),
    _R.MARKET_CLOSED: ReasonText(
        2, 422, "现在不是委托时间", "the market takes no orders at this time"
    ),
    _R.CANCEL_FORBIDDEN_NOW: ReasonText(
        2, 422, "现在是不可撤单时段", "orders cannot be cancelled in this part of the day"
    ),
    _R.OFF_TICK: ReasonText(
        99,
        422,
        "价格不符合最小变动单位{tick_e4}",
        "the price must be a multiple of {tick_e4}",
    ),
    _R.ABOVE_LIMIT_UP: ReasonText(
        99, 422, "价格高于涨停价{limit_up_e4}", "the price is above the daily limit {limit_up_e4}"
    ),
    _R.BELOW_LIMIT_DOWN: ReasonText(
        99,
        422,
        "价格低于跌停价{limit_down_e4}",
        "the price is below the daily limit {limit_down_e4}",
    ),
    _R.OUTSIDE_PRICE_CAGE: ReasonText(
        99,
        422,
        "价格超出有效申报范围,界限为{cage_e4}",
        "the price is outside the valid range, whose bound is {cage_e4}",
    ),
    _R.OFF_LOT: ReasonText(
        13, 422, "数量必须是{lot}的整数倍", "the quantity must be a multiple of {lot}"
    ),
    _R.BELOW_MIN_QTY: ReasonText(
        13, 422, "数量不得少于{min_qty}", "the quantity must be at least {min_qty}"
    ),
    _R.ODD_LOT_SPLIT: ReasonText(
        13,
        422,
        "零股必须一次性卖出,您的零股为{odd_qty}",
        "an odd lot must be sold in one order: yours is {odd_qty}",
    ),
    _R.ABOVE_MAX_QTY: ReasonText(
        13, 422, "数量不得超过{max_qty}", "the quantity may be at most {max_qty}"
    ),
    _R.NO_RULES_FOR_DAY: ReasonText(
        99, 503, "该市场当日规则尚未载入", "no rulebook is loaded for this market and day"
    ),
    _R.ALERT_REACHED: ReasonText(
        99,
        422,
        "最新价{last_e4}已到提醒价格",
        "the price is there already: it is {last_e4}",
    ),
    _R.BUYING_POWER: ReasonText(
        3,
        422,
        "可用资金不足,需要{need_e4},可用{free_e4}",
        "not enough cash: {need_e4} is needed, {free_e4} is free",
    ),
    _R.SELLABLE_QTY: ReasonText(
        3,
        422,
        "可卖数量不足,可卖{sellable_qty}",
        "not enough sellable shares: {sellable_qty} may be sold",
    ),
    _R.WITHDRAWABLE_CASH: ReasonText(
        3,
        422,
        "可取资金不足,可取{withdrawable_e4}",
        "not enough settled cash: {withdrawable_e4} may be taken out",
    ),
    _R.OWN_ORDER_CROSSING: ReasonText(
        99,
        422,
        "将与您自己的委托成交,请先撤单",
        "the order would trade with your own: cancel that one first",
    ),
    _R.DUPLICATE_ORDER: ReasonText(
        6,
        422,
        "与刚才的委托完全相同,如需再次委托请{wait_s}秒后重试",
        "the same order was just placed: if you mean it again, wait {wait_s} seconds",
    ),
    _R.KILL_SWITCH_FIRM: ReasonText(
        99, 503, "交易已暂停,请稍后再试", "trading is stopped for the moment"
    ),
    _R.KILL_SWITCH_BRANCH: ReasonText(
        99, 403, "您所属营业部的交易已暂停", "trading of this branch is stopped"
    ),
    _R.KILL_SWITCH_ACCOUNT: ReasonText(
        99,
        403,
        "您的账户已暂停交易,请联系客服",
        "trading of this account is stopped: please ask for an agent",
    ),
    _R.KILL_SWITCH_INSTRUMENT: ReasonText(
        99, 422, "该证券已暂停委托", "we take no orders in this security for the moment"
    ),
    _R.ALERT_LIMIT: ReasonText(
        99,
        422,
        "价格提醒最多{most}个,请先删除不需要的",
        "at most {most} alerts: remove one first",
    ),
    _R.ALERT_EXISTS: ReasonText(99, 409, "同样的价格提醒已存在", "the same alert is set already"),
    _R.PACE_ACCOUNT: ReasonText(
        99,
        429,
        "委托过于频繁,每秒最多{per_s}笔",
        "too many orders: at most {per_s} a second for one account",
    ),
    _R.PACE_BRANCH: ReasonText(
        99,
        429,
        "营业部委托过于频繁,每秒最多{per_s}笔",
        "too many orders: at most {per_s} a second for one branch",
    ),
    _R.STATEMENT_TOO_SOON: ReasonText(
        99,
        429,
        "对账单刚刚发送过,请{wait_s}秒后再试",
        "a statement was just sent: ask again in {wait_s} seconds",
    ),
    _R.ACCOUNT_UNKNOWN: ReasonText(15, 404, "没有这个资金账号", "no such account"),
    _R.ORDER_UNKNOWN: ReasonText(5, 404, "没有这笔委托", "no such order"),
    _R.ORDER_CLOSED: ReasonText(99, 409, "该委托已经结束,无需撤单", "the order has already ended"),
    _R.CANCEL_PENDING: ReasonText(
        99, 409, "撤单已在处理中", "a cancel request for this order is already under way"
    ),
    _R.ACCOUNT_EXISTS: ReasonText(99, 409, "账号已存在", "the account already exists"),
    _R.NOT_YOUR_ACCOUNT: ReasonText(
        99, 403, "无权操作该账号", "this account may not be used through this door"
    ),
    _R.ALERT_UNKNOWN: ReasonText(99, 404, "没有这个价格提醒", "no such alert"),
    _R.REQUEST_ID_REUSED: ReasonText(
        6,
        409,
        "同一请求号已用于另一笔请求",
        "this request id was used for another request: choose a new one",
    ),
    _R.NOT_ACCEPTING: ReasonText(
        99, 503, "系统暂停受理委托,请稍后再试", "the gateway takes no orders at the moment"
    ),
    _R.DAY_NOT_STARTED: ReasonText(
        99, 503, "交易日尚未开始", "the trading day has not been started"
    ),
    _R.DAY_NOT_LATER: ReasonText(
        99, 409, "交易日必须晚于{day}", "the trading day must be later than {day}"
    ),
}

assert set(REASONS) == set(ReasonCode) - {ReasonCode.NONE}, "every reason needs its words"


def figures(detail: Mapping[str, int]) -> dict[str, int | str]:
    """Return the figures of a denial as people read them: need_e4=10050000 -> need_e4="1005.00"."""
    return {key: format_e4(n) if key.endswith("_e4") else n for key, n in detail.items()}


def reason_words(reason: ReasonCode, detail: Mapping[str, int], language: Language) -> str:
    """Return what a door tells a person: the reason's text with the event's figures in it."""
    row = REASONS[reason]
    text = row.zh if language is Language.ZH else row.en
    return text.format_map(_Figures(figures(detail)))


class _Figures(dict[str, int | str]):
    """A figure that an older event did not carry is left open, never an error."""

    def __missing__(self, key: str) -> str:
        return "…"
