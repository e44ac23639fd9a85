"""How to say what a speech engine misreads: config/prompts/lexicon.toml, text -> respelling.

    [zh]
    重庆 = "崇庆"
    [en]
    ICBC = "I C B C"

It changes only what an engine is given, never a recording nor a transcript. Without the file
nothing is respelt. Not here: numbers (gateway.media.speech).
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from risk.domain.enums import Language
from risk.domain.errors import ConfigError

FILE_NAME: Final = "lexicon.toml"
FILE_BYTES_MAX: Final = 1 << 20
ENTRY_CHARS_MAX: Final = 100


class Lexicon:
    """Respellings of both languages."""

    def __init__(self, respellings: Mapping[Language, Mapping[str, str]]) -> None:
        self._respellings = respellings
        self._patterns = {
            language: _pattern(list(entries), language)
            for language, entries in respellings.items()
            if entries
        }

    def respell(self, text: str, language: Language) -> str:
        """Return the text as the engine is to get it; the longest entry that fits wins.

        English entries are whole words, Chinese ones any part of the text.
        """
        pattern = self._patterns.get(language)
        if pattern is None:
            return text
        return pattern.sub(lambda found: self._respellings[language][found[0]], text)


def load(folder: Path) -> Lexicon:
    """Read the lexicon of a folder of prompts. Raises ConfigError for what is wrong in it."""
    path = folder / FILE_NAME
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Lexicon({})
    if len(data) > FILE_BYTES_MAX:
        raise ConfigError(str(path), f"may have {FILE_BYTES_MAX} bytes, was {len(data)}")
    try:
        tables = tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        raise ConfigError(str(path), f"is not TOML in UTF-8: {e}") from e
    by_name = {language.name.lower(): language for language in Language}
    for name in tables:
        if name not in by_name:
            raise ConfigError(f"{path}:{name}", f"must be a table of {sorted(by_name)}")
    return Lexicon({by_name[name]: _entries(path, name, table) for name, table in tables.items()})


def _entries(path: Path, name: str, table: object) -> dict[str, str]:
    if not isinstance(table, dict):
        raise ConfigError(f"{path}:{name}", f"must be a table of texts, was {table!r}")
    for text, respelling in table.items():
        fits = isinstance(respelling, str) and 0 < len(respelling) <= ENTRY_CHARS_MAX
        if not fits or not 0 < len(text) <= ENTRY_CHARS_MAX:
            raise ConfigError(
                f"{path}:{name}.{text[:40]}",
                f"both sides need 1..{ENTRY_CHARS_MAX} characters, was {respelling!r}",
            )
    return dict(table)


def _pattern(texts: list[str], language: Language) -> re.Pattern[str]:
    longest_first = sorted(texts, key=len, reverse=True)
    either = "|".join(re.escape(text) for text in longest_first)
    return re.compile(either if language is Language.ZH else rf"(?<!\w)(?:{either})(?!\w)")
