"""The initials under which a caller finds a Chinese name by keypad: 浦发银行 -> PFYH.

Not here: searching for them (risk.book.catalogue).
"""

import unicodedata
from typing import Final

CHARS_MAX: Final = 16


def initials_of(name_zh: str) -> str:
    """Return the first letters of a name's syllables; Latin letters and digits stand as they are.

    Full-width characters count as plain ones, all others (as in *ST) are left out.
    """
    # its phrase table takes 50 MB: loaded only when a file leaves the initials to us
    from pypinyin import Style, lazy_pinyin

    plain = unicodedata.normalize("NFKC", name_zh)
    letters = lazy_pinyin(plain, style=Style.FIRST_LETTER)
    kept = [char for char in "".join(letters).upper() if char.isascii() and char.isalnum()]
    return "".join(kept)[:CHARS_MAX]
