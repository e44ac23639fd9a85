"""What an agent's phone shows of a caller before it is answered: display name and headers.

The account number goes masked: SIP in an office is read by many. The whole card goes to the desk
page as an event. Not here: the page.
"""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from gateway.sip.desk_port import CallerCard
from risk.domain.enums import Language

ANONYMOUS: Final = "anonymous"  # RFC 3323 §4.1.1.3
VALUE_CHARS_MAX: Final = 200
STATES_SHOWN: Final = 3  # the last ones: an INVITE is to fit one datagram
_UNSAFE: Final = re.compile(r"[\x00-\x1f\x7f\"\\]")

_WORDS: Final[Mapping[Language, Mapping[str, str]]] = {
    Language.ZH: {
        "verified": "已验证 尾号{tail}",
        "unknown": "未验证",
        "buy": "买入",
        "sell": "卖出",
    },
    Language.EN: {
        "verified": "verified, account ending {tail}",
        "unknown": "not verified",
        "buy": "was buying",
        "sell": "was selling",
    },
}
DRAFT_SHOWN: Final = ("symbol", "qty", "price")  # after the side, as keyed


class Introduction(NamedTuple):
    """From number, From display name and further headers of the INVITE to the agent."""

    ani: str
    display: str
    headers: tuple[tuple[str, str], ...]


def introduction(card: CallerCard, language: Language) -> Introduction:
    """Return how a caller is shown to an agent who reads this language."""
    words = _WORDS[language]
    tail = card.account_no[-4:]
    parts = [words["verified" if card.is_verified else "unknown"].format(tail=tail)]
    if card.draft:
        side = str(card.draft.get("side_word", ""))
        parts.append(words.get(side, side))
        parts += [str(card.draft[name]) for name in DRAFT_SHOWN if name in card.draft]
    draft = "; ".join(f"{name}={value}" for name, value in card.draft.items())
    headers = [
        ("X-Hotline-Call", card.call_no),
        ("X-Hotline-Queue", card.queue),
        ("X-Hotline-Dialled", card.dnis),
        ("X-Hotline-Language", card.language.name.lower()),
        ("X-Hotline-Verified", "yes" if card.is_verified else "no"),
        ("X-Hotline-Account", f"****{tail}" if tail else ""),
        ("X-Hotline-Branch", card.branch_code),
        ("X-Hotline-Draft", draft),
        ("X-Hotline-Path", " ".join(card.path[-STATES_SHOWN:])),
    ]
    return Introduction(
        card.ani or ANONYMOUS,
        _safe(" ".join(part for part in parts if part)),
        tuple((name, _safe(value)) for name, value in headers if value),
    )


def _safe(text: str) -> str:
    """Return it without what would end a header or a quoted string, and not too long."""
    return _UNSAFE.sub(" ", text)[:VALUE_CHARS_MAX]
