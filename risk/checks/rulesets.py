"""The checks in force and their order, which is the order in which reasons are told.

FORM_CHECKS come first; an order that breaks one is asked nothing else. Of the others the earliest
broken one is told and all are recorded: bit i of `broken` is the i-th of FORM_CHECKS + RULE_CHECKS.
PACE_BRANCH is a limit shared by many accounts. It is asked last, in the order of the commands and
only of orders that pass everything else (risk.core.decide), and has the bit after the others.
"""

from typing import Final

from risk.checks import exposure, funds, market, pace, shape
from risk.checks.check import Check
from risk.domain.reasons import ReasonCode as R

FORM_CHECKS: Final = (
    Check(R.SIDE_UNKNOWN, shape.side_unknown),
    Check(R.ORD_TYPE_NOT_ALLOWED, shape.ord_type_not_allowed),
    Check(R.TIME_IN_FORCE_NOT_ALLOWED, shape.time_in_force_not_allowed),
    Check(R.QTY_NOT_POSITIVE, shape.qty_not_positive),
    Check(R.QTY_TOO_LARGE, shape.qty_too_large),
    Check(R.PRICE_NOT_POSITIVE, shape.price_not_positive),
    Check(R.PRICE_TOO_LARGE, shape.price_too_large),
    Check(R.ACCOUNT_UNKNOWN, shape.account_unknown),
    Check(R.NOT_YOUR_ACCOUNT, shape.not_your_account),
    Check(R.SYMBOL_UNKNOWN, shape.symbol_unknown),
    Check(R.DAY_NOT_STARTED, shape.day_not_started),
    Check(R.NO_RULES_FOR_DAY, shape.no_rules_for_day),
)
RULE_CHECKS: Final = (
    Check(R.KILL_SWITCH_FIRM, exposure.firm_killed),
    Check(R.KILL_SWITCH_BRANCH, exposure.branch_killed),
    Check(R.KILL_SWITCH_ACCOUNT, exposure.account_killed),
    Check(R.KILL_SWITCH_INSTRUMENT, exposure.instrument_killed),
    Check(R.INSTRUMENT_HALTED, market.halted),
    Check(R.MARKET_CLOSED, market.market_closed),
    Check(R.OFF_TICK, market.price_off_tick, market.tick_detail),
    Check(R.ABOVE_LIMIT_UP, market.above_limit_up, market.limit_up_detail),
    Check(R.BELOW_LIMIT_DOWN, market.below_limit_down, market.limit_down_detail),
    Check(R.OUTSIDE_PRICE_CAGE, market.outside_price_cage, market.cage_detail),
    Check(R.ABOVE_MAX_QTY, market.above_max, market.max_qty_detail),
    Check(R.OFF_LOT, market.off_lot, market.lot_detail),
    Check(R.BELOW_MIN_QTY, market.below_min_qty, market.min_qty_detail),
    Check(R.ODD_LOT_SPLIT, market.odd_lot_split, market.odd_lot_detail),
    Check(R.BUYING_POWER, funds.over_buying_power, funds.buying_power_detail),
    Check(R.SELLABLE_QTY, funds.over_sellable_qty, funds.sellable_qty_detail),
    Check(R.OWN_ORDER_CROSSING, exposure.crosses_own_order),
    Check(R.DUPLICATE_ORDER, exposure.repeats_order, exposure.wait_detail),
    Check(R.PACE_ACCOUNT, pace.account_too_fast, pace.account_pace_detail),
)
CHECKS: Final = FORM_CHECKS + RULE_CHECKS
PACE_BRANCH_BIT: Final = len(CHECKS)

assert len(CHECKS) < 63, "bits of `broken` must fit a signed 64-bit integer"
