"""The project's own rulebook, read once, and shorthands for arrays of one order."""

from datetime import date
from functools import cache
from pathlib import Path

import numpy as np

from gateway.refdata.loader import load_rulebook
from risk.domain.fixedpoint import I64
from risk.market.rulebook import DayRules, Rulebook

CONFIG = Path(__file__).parents[2] / "config"


@cache
def the_rulebook() -> Rulebook:
    """Return the rulebook of config/."""
    return load_rulebook(CONFIG)


def rules_of(day: date = date(2026, 7, 6)) -> DayRules:
    """Return the rules of a day inside the horizon."""
    rules = the_rulebook().on(day)
    assert rules is not None
    return rules


def one(*values: int) -> list[I64]:
    """Return each value as an int64 array of shape (1,)."""
    return [np.array([value], np.int64) for value in values]
