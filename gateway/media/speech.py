"""Typed values as spoken words: which grammar, which language (reference: number reading rules).

A speech engine never gets digits and never guesses what a number is: each value has a type, and
its grammar returns the words, each of which is one recorded or synthesised fragment.
Not here: sound (gateway.media.voice), sentences around the values (gateway.media.prompts).
"""

from typing import Final, NamedTuple, Protocol

from gateway.media import speech_en, speech_zh
from risk.domain.enums import Board, Language


class Code(NamedTuple):
    """Digits spoken one by one: a security code or an account number."""

    digits: str


class OrderNo(NamedTuple):
    """The number of an order, spoken digit by digit so that it can be noted."""

    number: int


class Number(NamedTuple):
    """A plain number that stands alone."""

    number: int


class Count(NamedTuple):
    """A plain number; a word of measure follows it in the sentence."""

    number: int


class Qty(NamedTuple):
    """A quantity with its word of measure: share, unit (fund) or bond."""

    number: int
    measure: str = "share"


class Price(NamedTuple):
    """A price per unit in yuan, with two decimals or as many as it has."""

    price_e4: int


class Money(NamedTuple):
    """An amount of yuan; may be negative."""

    amount_e4: int


class Name(NamedTuple):
    """The name of a security, in the language it is spoken in."""

    text: str


Value = Code | OrderNo | Number | Count | Qty | Price | Money | Name

# How a slot of a prompt, written {slot:kind}, makes a value of a plain figure or text.
SLOT_KINDS: Final[dict[str, type[Value]]] = {
    "code": Code,
    "order_no": OrderNo,
    "number": Number,
    "count": Count,
    "qty": Qty,
    "price": Price,
    "money": Money,
    "name": Name,
}
_MEASURES: Final = {
    Board.SSE_FUND: "unit",
    Board.SZSE_FUND: "unit",
    Board.SSE_CONVERTIBLE: "bond",
    Board.SZSE_CONVERTIBLE: "bond",
}


class _Grammar(Protocol):
    """What each language's module offers; every function returns words in order."""

    def code(self, digits: str) -> list[str]: ...
    def cardinal(self, number: int) -> list[str]: ...
    def count(self, number: int) -> list[str]: ...
    def qty(self, number: int, measure: str) -> list[str]: ...
    def price(self, price_e4: int) -> list[str]: ...
    def money(self, amount_e4: int) -> list[str]: ...
    def name(self, text: str) -> str: ...


_GRAMMARS: Final[dict[Language, _Grammar]] = {Language.ZH: speech_zh, Language.EN: speech_en}


def measure_of(board: Board) -> str:
    """Return the word of measure of a board's quantities."""
    return _MEASURES.get(board, "share")


def words(value: Value, language: Language) -> list[str]:
    """Return what is said, word by word; a Name is one word, digits spelled out."""
    grammar = _GRAMMARS[language]
    match value:
        case Code(digits):
            return grammar.code(digits)
        case OrderNo(number):
            return grammar.code(str(number))
        case Number(number):
            return grammar.cardinal(number)
        case Count(number):
            return grammar.count(number)
        case Qty(number, measure):
            return grammar.qty(number, measure)
        case Price(price_e4):
            return grammar.price(price_e4)
        case Money(amount_e4):
            return grammar.money(amount_e4)
        case Name(text):
            return [grammar.name(text)]


def vocabulary(language: Language) -> list[str]:
    """Return every word that values other than names are made of, for rendering ahead."""
    return list(speech_zh.WORDS if language is Language.ZH else speech_en.WORDS)
