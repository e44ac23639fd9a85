"""Money and prices as integers in 1/10,000 currency unit (suffix `_e4`), rates in basis points.

Not here: any rounding rule of a market or fee (risk.market states those where they apply).
"""

from typing import Final

import numpy as np
import numpy.typing as npt

I64 = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

E4: Final = 10_000  # one currency unit in e4 units
FEN_E4: Final = 100  # one fen (0.01 yuan) in e4 units
PRICE_E4_MAX: Final = 10**10  # 1,000,000.0000 per share
QTY_MAX: Final = 10**8
MONEY_E4_MAX: Final = 9 * 10**18
BP: Final = 10_000  # 100 % in basis points
DECIMALS_MAX: Final = 4
_DIGITS_MAX: Final = 15

assert PRICE_E4_MAX * QTY_MAX < 2**63, "notional must fit int64"


def parse_e4(text: str) -> int:
    """Read decimal text ("10.05", "-3") exactly into e4 units.

    Raises ValueError that names the text and the remedy; never goes through a binary float.
    """
    sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text)
    whole, point, fraction = digits.partition(".")
    plain = digits.isascii() and whole.isdigit() and (fraction.isdigit() or not point)
    if not plain or len(whole) > _DIGITS_MAX:
        raise ValueError(f"must be a decimal number such as 10.05, was {text[:24]!r}")
    if len(fraction) > DECIMALS_MAX:
        raise ValueError(f"may have at most {DECIMALS_MAX} decimals, was {text[:24]!r}")
    return sign * (int(whole) * E4 + int(fraction.ljust(DECIMALS_MAX, "0") or "0"))


def format_e4(amount_e4: int, decimals_min: int = 2) -> str:
    """Return exact decimal text with at least `decimals_min` decimals: 100500 -> "10.05"."""
    sign = "-" if amount_e4 < 0 else ""
    whole, rest = divmod(abs(amount_e4), E4)
    fraction = f"{rest:04d}".rstrip("0").ljust(decimals_min, "0")
    return f"{sign}{whole}.{fraction}" if fraction else f"{sign}{whole}"
