"""Replay: fold recorded events over a book, comparing every recorded fingerprint.

Not here: reading the journal (gateway.journal), or commands, which replay does not decide again.
"""

from collections.abc import Iterable

from risk.book.account_book import SCHEMA, AccountBook
from risk.core.apply import APPLY
from risk.domain.errors import InvariantBroken
from risk.domain.events import Event, FingerprintTaken


class FingerprintDiffers(InvariantBroken):
    """Replay came to another book than the one that was recorded."""

    code = "hotline.fingerprint_differs"


def fold(book: AccountBook, events: Iterable[Event], verify: bool = True) -> int:
    """Apply events in order and return how many there were.

    With `verify` raises FingerprintDiffers, which names the place, when a recorded fingerprint is
    not the book's own.
    """
    count = 0
    for event in events:
        count += 1
        if verify and type(event) is FingerprintTaken:
            if event.schema > SCHEMA:
                raise FingerprintDiffers(
                    f"event {count} of this replay: its fingerprint is of book schema "
                    f"{event.schema}, this release knows up to {SCHEMA}: use the release that "
                    "wrote it"
                )
            found = book.fingerprint(event.schema)
            if found != event.fingerprint:
                raise FingerprintDiffers(
                    f"event {count} of this replay: the book's fingerprint must be "
                    f"{event.fingerprint.hex()}, was {found.hex()}"
                )
        APPLY[type(event)](book, event)
    return count
