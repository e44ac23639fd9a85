"""The words of scenarios: lines, pairs, keys, and comparisons that say what was found instead.

Not here: what a statement does (scenario.py).
"""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from gateway.branch import wire
from tests.system.world import WebAnswer

Words = list[str]
_ALIAS: Final = re.compile(r"A([1-9])(?![0-9])")


class ScenarioFailed(AssertionError):
    """A statement did not come true, or is none."""


class Line(NamedTuple):
    """One statement and its place."""

    number: int
    text: str
    words: Words


def read_lines(file: Path) -> Iterator[Line]:
    """Yield the statements of a file; `#` begins a comment."""
    for number, text in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        words = shlex.split(text, comments=True)
        if words:
            yield Line(number, text.strip(), words)


def account_no(alias: str) -> str:
    """Return the account number of A1, A2..."""
    if not _ALIAS.fullmatch(alias):
        raise ScenarioFailed(f"an account is A1 to A9, was {alias!r}")
    return f"1000000{alias[1:]}"


def keys(text: str) -> str:
    """Return the keys of `"1 | A1# |"`: blanks are for the eye, A1 is the account's number."""
    return _ALIAS.sub(lambda found: account_no(found[0]), text).replace(" ", "")


def is_prompt(word: str) -> bool:
    return re.fullmatch(r"[a-z_]+\.[a-z_]+", word) is not None


def pairs(words: Words, names: str) -> dict[str, str]:
    """Return `name value name value` as a dict of known names."""
    found = dict(zip(words[::2], words[1::2], strict=False))
    if len(words) % 2 or not found.keys() <= set(names.split()):
        raise ScenarioFailed(f"expected pairs of {names}, was {' '.join(words)!r}")
    return found


def positions(words: Words) -> Iterator[tuple[str, int, int | None]]:
    """Yield (symbol, qty, sellable) of each `position 600000 400 [sellable 0]`."""
    for place, word in enumerate(words):
        if word == "position":
            symbol, qty, *rest = words[place + 1 :]
            is_told = rest[:1] == ["sellable"]
            yield symbol, int(qty), int(rest[1]) if is_told else None


def without_positions(words: Words) -> Words:
    text = re.sub(r"position \d+ \d+( sellable \d+)?", "", " ".join(words))
    return text.split()


def split(words: Words) -> tuple[Words, Words]:
    if "->" not in words:
        return words, []
    place = words.index("->")
    return words[:place], words[place + 1 :]


def after(words: Words, word: str) -> str:
    if words[:1] != [word]:
        raise ScenarioFailed(f"expected {word!r}, was {' '.join(words)!r}")
    return " ".join(words[1:])


def check_answer(answer: WebAnswer, expected: Words) -> None:
    """Compare with `accepted 1`, `requested`, `denied REASON [words]`, `refused field`..."""
    status, body = answer
    told = f"{status} {body}"
    match expected:
        case []:
            pass
        case ["accepted", number]:
            must(status == 201 and body["order_no"] == int(number), told)
        case ["requested"]:
            must(status == 200, told)
        case ["unknown"]:
            must(status == 202, told)
        case ["busy"]:
            must(status == 503 and "reason" not in body, told)
        case ["no", "answer"]:
            must(status == 0, told)
        case ["denied", reason, *parts]:
            must(body.get("reason_name") == reason, told)
            for part in parts:
                must_contain(body["detail"], part)
        case ["refused", field, *parts]:
            must(body.get("field") == field and not body.get("reason_name"), told)
            for part in parts:
                must_contain(str(body), part)
        case _:
            raise ScenarioFailed(f"{' '.join(expected)!r} is no answer")


def check_branch_answer(answer: Any, expected: Words) -> None:
    """Compare with `accepted 1`, `requested`, `denied REASON`, `invalid words`, `no answer`."""
    told = str(answer)
    match expected:
        case ["accepted", number]:
            must(getattr(answer, "order_no", 0) == int(number), told)
        case ["requested"]:
            must(isinstance(answer, wire.CancelTaken), told)
        case ["no", "answer"]:
            must(answer is None, told)
        case ["denied", reason]:
            must(getattr(answer, "name", "") == reason, told)
        case ["invalid", part]:
            must(isinstance(answer, wire.Invalid), told)
            must_contain(answer.text, part)
        case _:
            raise ScenarioFailed(f"{' '.join(expected)!r} is no answer")


def must(is_so: bool, otherwise: str) -> None:
    if not is_so:
        raise ScenarioFailed(otherwise)


def must_equal(found: Any, expected: Any) -> None:
    must(found == expected, f"expected {expected}, was {found}")


def must_contain(text: str, part: str) -> None:
    must(part in text, f"{part!r} is not in {text!r}")
