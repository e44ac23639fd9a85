"""A reason of the rules as values of a prompt. Not here: its words (config/prompts)."""

from collections.abc import Mapping
from typing import Final

import structlog

from gateway.ivr.variants import OTHER_REASON
from gateway.media.prompts import PromptBook
from risk.domain.reasons import ReasonCode, prompt_key

log = structlog.get_logger("ivr")

NOT_ACCEPTING: Final[Mapping[str, object]] = {"reason": ReasonCode.NOT_ACCEPTING.name.lower()}


def reason_values(
    book: PromptBook, reason: ReasonCode, detail: Mapping[str, int]
) -> Mapping[str, object]:
    """Reason and figures; without a figure that its words need, only "try again later"."""
    key = prompt_key(reason)
    needed = {slot.name for slot in book.slots(key)} if book.has(key) else {"words"}
    if not needed <= detail.keys():
        log.error("ivr.figures_missing", reason=reason.name, detail=dict(detail))
        return {"reason": OTHER_REASON}
    return {"reason": reason.name.lower(), **detail}
