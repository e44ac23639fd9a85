"""What the words in braces of a prompt key may be, and the words a Fork goes by.

Not here: the greetings of the lines, which are settings (gateway.ivr.dialplan).
"""

from collections.abc import Mapping
from typing import Final

from risk.domain.reasons import REASONS

OTHER_REASON: Final = "other"
VARIANTS: Final[Mapping[str, tuple[str, ...]]] = {
    "line_languages": ("both", "one"),
    "caller_kind": ("usual", "elder"),
    "side_word": ("buy", "sell"),
    "item_side": ("buy", "sell"),
    "item_state": (
        *("sent", "open", "part", "canceling", "filled", "ended", "part_ended", "rejected"),
    ),
    "item_kind": ("above", "below"),
    "kind_word": ("above", "below"),
    "item_value": ("gain", "loss", "gain_old", "loss_old", "unpriced"),
    "item_moved": ("up", "down", "flat", "up_old", "down_old", "flat_old"),
    "moved": ("up", "down", "flat"),
    "range_known": ("known", "unknown"),
    "opens": ("today", "on_day", "later"),
    "form_word": ("sms", "mail"),
    "pin_rule": (*("length", "repeated", "run", "account", "mobile", "birthday", "unchanged"),),
    "reason": (OTHER_REASON, *(reason.name.lower() for reason in REASONS)),
}
