"""Reads and plays a scenario: one statement a line, words that a dealer knows.

Lines before the first act are givens (market, account, day). `->` is followed by what must come of
an act. README.md in this folder lists the statements. A failure names file, line and statement, and
what each call heard and each mailbox got.
"""

import re
import shlex
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, Final, NamedTuple, NoReturn

from fix.simulator.temper import Mood
from gateway.refdata.tables import OpeningAccount, OpeningPosition, read_listings
from risk.domain.enums import KillScope, Language, Side
from risk.domain.fixedpoint import format_e4, parse_e4
from risk.domain.ids import china_time
from risk.domain.instrument import Instrument
from tests.builders.rulebooks import CONFIG
from tests.system.life import PASSWORD
from tests.system.telephone import ScriptCall
from tests.system.world import WebAnswer, World, at

Words = list[str]
FIRST_DAY: Final = date(2026, 11, 23)  # a Monday
OPEN_AT: Final = "10:00:00"
SCOPES: Final = {
    "firm": KillScope.FIRM,
    "branch": KillScope.BRANCH,
    "account": KillScope.ACCOUNT,
    "instrument": KillScope.INSTRUMENT,
}
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


class Scenario:
    """One file under way."""

    def __init__(self, file: Path, folder: Path) -> None:
        self._file, self._folder = file, folder
        known = read_listings(CONFIG / "demo" / "instruments.csv")
        self._known = {listing.symbol: listing for listing in known}
        self._listings: dict[str, Instrument] = {}
        self._accounts: dict[str, OpeningAccount] = {}
        self._start = at(FIRST_DAY, OPEN_AT)
        self._world: World | None = None
        self._asked_about: set[int] = set()  # places of messages
        self._is_reconciled = True
        self.pins: set[str] = set()

    def play(self) -> None:
        """Play every line, then ask whether the whole world is sound."""
        line = Line(0, "(the end)", [])
        try:
            for line in read_lines(self._file):
                self._say(line.words)
            line = Line(0, "(the end)", [])
            problems = self.world.problems(is_reconciled=self._is_reconciled)
            if problems:
                raise ScenarioFailed("; ".join(problems))
        except Exception as e:
            place = f"{self._file.name}:{line.number}: {line.text}"
            raise ScenarioFailed(f"{place}\n    {e!r}\n{self._account_of_world()}") from e
        finally:
            if self._world is not None:
                self._world.close()

    @property
    def world(self) -> World:
        """The world; it begins with the first act."""
        if self._world is None:
            accounts = list(self._accounts.values())
            self._world = World(self._folder, list(self._listings.values()), accounts, self._start)
        return self._world

    def _say(self, words: Words) -> None:
        verb: Callable[[Words], None] | None = getattr(self, f"_{words[0]}", None)
        if verb is None or words[0] not in VERBS:
            raise ScenarioFailed(f"{words[0]!r} is no statement; known are {', '.join(VERBS)}")
        verb(words[1:])

    # Givens

    def _market(self, words: Words) -> None:
        """`market 600000 last 10.00`: a listing of the demo table with its last close."""
        if self._world is not None:
            raise ScenarioFailed("the market must be given before the first act")
        listing = self._known[words[0]]
        said = _pairs(words[1:], "last")
        self._listings[words[0]] = listing._replace(prev_close_e4=parse_e4(said["last"]))

    def _account(self, words: Words) -> None:
        """The first time a given, later what must be so."""
        if words[0] in self._accounts:
            self._check_account(words[0], words[1:])
            return
        if self._world is not None:
            raise ScenarioFailed("accounts must be given before the first act")
        positions = tuple(_positions(words))
        said = _pairs(_without_positions(words[1:]), "cash pin phone lang branch mail")
        number = account_no(words[0])
        is_zh = said.get("lang", "zh") == "zh"
        pin = said.get("pin", "135724")
        self.pins.add(pin)
        self._accounts[words[0]] = OpeningAccount(
            account_no=number,
            name="张三" if is_zh else "Alice Brown",
            branch_code=said.get("branch", "31001"),
            mobile=f"+86{said['phone']}" if "phone" in said else "",
            email=said.get("mail", ""),
            language=Language.ZH if is_zh else Language.EN,
            phone_pin=pin,
            web_password=PASSWORD,
            cash_e4=parse_e4(said["cash"]),
            positions=tuple(OpeningPosition(symbol, qty) for symbol, qty, _ in positions),
        )

    # Time and lives

    def _time(self, words: Words) -> None:
        self._go(china_time(self.world.time_ns).date() if self._world else FIRST_DAY, words[0])

    def _day(self, words: Words) -> None:
        clock = words[1] if len(words) > 1 else OPEN_AT
        self._go(date.fromisoformat(words[0]), clock)

    def _go(self, day: date, clock: str) -> None:
        if self._world is None:
            self._start = at(day, clock)
        else:
            self._world.go_to(at(day, clock))

    def _wait(self, words: Words) -> None:
        self.world.wait(float(words[0]))

    def _crash(self, words: Words) -> None:
        if words:
            self.world.life.crash_when(_after(words, "when"))
        else:
            self.world.crash()

    def _recover(self, words: Words) -> None:
        self.world.recover()

    def _restart(self, words: Words) -> None:
        self.world.restart()

    # Telephone

    def _call(self, words: Words) -> None:
        """`call c1 from 13800000001 keys "..."`, or `call c1 is over`."""
        if words[1:] == ["is", "over"]:
            _must(self.world.calls[words[0]].is_closed, "the call goes on")
            return
        said = _pairs(words[1:], "from keys")
        call = self.world.call(words[0], said["from"])
        self.world.press(call, _keys(said.get("keys", "")))

    def _presses(self, words: Words) -> None:
        """`presses c1 "1 |"`: go on in a call."""
        self.world.press(self.world.calls[words[0]], _keys(words[1]))

    def _hangs(self, words: Words) -> None:
        """`hangs up c1`."""
        self.world.calls[words[1]].hang_up()
        self.world.settle()

    def _hears(self, words: Words) -> None:
        """`hears c1 order.readback_buy "三百股"`: these prompts, in this order, since last asked."""
        call = self.world.calls[words[0]]
        for word in words[1:]:
            if _is_prompt(word):
                self._heard_prompt(call, word)
            else:
                _must_contain(call.heard[call.told - 1].text, word)

    def _heard_prompt(self, call: ScriptCall, key: str) -> None:
        later = [spoken.key for spoken in call.heard[call.told :]]
        _must(key in later, f"{key} was not heard, but {', '.join(later) or 'nothing'}")
        call.told += later.index(key) + 1

    # Web, desk, market

    def _web(self, words: Words) -> None:
        words, expected = _split(words)
        account, verb, *rest = words
        number = account_no(account)
        if verb in ("buys", "sells"):
            symbol, qty, _at, price = rest[:4]
            key = _pairs(rest[4:], "key").get("key", "")
            side = verb.removesuffix("s")
            answer = self.world.web_submit(number, symbol, side, int(qty), price, key)
        elif verb == "cancels":
            answer = self.world.web_cancel(number, int(rest[0]))
        elif verb == "asks":
            answer = self.world.web_ask(number, rest[0])
        else:
            raise ScenarioFailed(f"web {verb!r} is none of buys, sells, cancels, asks")
        _check_answer(answer, expected)

    def _desk(self, words: Words) -> None:
        """`desk stops firm`, `desk releases account A1`."""
        verb, scope, *rest = words
        key = rest[0] if rest else ""
        key = account_no(key) if scope == "account" else key
        self.world.set_kill_switch(SCOPES[scope], key, verb == "stops")

    def _others(self, words: Words) -> None:
        """`others sell 600000 300 at 10.02`: the rest of the market enters an order."""
        verb, symbol, qty, _at, price = words
        self.world.others(Side[verb.upper()], symbol, int(qty), price)

    def _venue(self, words: Words) -> None:
        """`venue is silent`, `venue is slow 500`, `venue holds 1`, `venue halts 600000`."""
        verb, *rest = words
        world = self.world
        if verb == "is":
            delay_ms = int(rest[1]) if len(rest) > 1 else 0
            world.set_mood(Mood(rest[0]), delay_ms * 1_000_000)
            self._is_reconciled = rest[0] in ("calm", "duplicate", "partial")
        elif verb in ("halts", "resumes"):
            world.exchange.halt(rest[0], verb == "halts")
        elif verb == "holds":
            orders = world.orders_at_venue()
            _must(len(orders) == int(rest[0]), f"the venue holds {orders}")
        else:
            raise ScenarioFailed(f"venue {verb!r} is none of is, holds, halts, resumes")

    def _link(self, words: Words) -> None:
        """`link cut`, `link mended`, `link swallows` (what we send is lost, unnoticed)."""
        venue = self.world.venue
        match words:
            case ["cut"]:
                venue.is_cut = True
                venue.drop("HOTLINE")
            case ["mended"]:
                venue.is_cut = False
                self.world.wait(5)
            case ["drops"]:
                venue.drop("HOTLINE")
                self.world.wait(5)
            case ["swallows"]:
                venue.is_deaf = True
            case _:
                raise ScenarioFailed("a link is cut, mended, drops or swallows")
        self.world.settle()

    # What must be so

    def _order(self, words: Words) -> None:
        """`order 1 partially_filled 100 of 300 fees 5.01`."""
        number, status, *rest = words
        view = self.world.life.heart.queries.order(self.world.cl_ord_id(int(number)))
        if view is None:
            raise ScenarioFailed(f"there is no order {number} today")
        _must_equal(view.ord_status.name.lower(), status)
        if len(rest) >= 3 and rest[1] == "of":
            _must_equal(f"{view.cum_qty} of {view.qty}", " ".join(rest[:3]))
            rest = rest[3:]
        if rest:
            _must_equal(format_e4(view.fees_e4), _pairs(rest, "fees")["fees"])

    def _check_account(self, account: str, words: Words) -> None:
        queries, number = self.world.life.heart.queries, account_no(account)
        view = queries.account(number)
        _must(view is not None, f"{account} does not exist")
        said = _pairs(_without_positions(words), "cash frozen free unsettled withdrawable")
        for name, value in said.items():
            found = format_e4(getattr(view, f"{name}_e4"))
            _must(found == value, f"{name} of {account} is {found}, not {value}")
        held = {view.symbol: view for view in queries.positions(number)}
        for symbol, qty, sellable in _positions(words):
            position = held.get(symbol)
            found_qty = position.qty if position else 0
            _must(found_qty == qty, f"{account} has {found_qty} of {symbol}, not {qty}")
            found_sellable = position.sellable_qty if position else 0
            if sellable is not None:
                _must(found_sellable == sellable, f"{found_sellable} of them are sellable")

    def _quote(self, words: Words) -> None:
        """`quote 600000 bid 10.00 ask 10.02 last 10.01`."""
        quote = self.world.life.heart.queries.quote(words[0])
        for name, value in _pairs(words[1:], "bid ask last").items():
            _must_equal(format_e4(getattr(quote, f"{name}_e4")), value)

    def _sms(self, words: Words) -> None:
        """`sms 13800000001 contains ...`: an SMS that no earlier line asked about."""
        self._message("SMS", f"+86{words[0]}", words[1:])

    def _mail(self, words: Words) -> None:
        """`mail a1@example.com contains ...`."""
        self._message("MAIL", words[0], words[1:])

    def _message(self, route: str, recipient: str, words: Words) -> None:
        mine = [
            (place, message)
            for place, message in enumerate(self.world.messages)
            if (message.route.name, message.recipient) == (route, recipient)
        ]
        unread = [one for one in mine if one[0] not in self._asked_about]
        if words == ["nothing"]:
            _must(not unread, f"there is more: {[one[1].text for one in unread]}")
            return
        _must(bool(unread), "nothing more has come")
        place, message = unread[0]
        for word in words[1:]:
            _must_contain(f"{message.subject}\n{message.text}", word)
        self._asked_about.add(place)

    def _account_of_world(self) -> str:
        """Return what happened, for the reader of a failure."""
        if self._world is None:
            return ""
        lines = [f"    it is {china_time(self._world.time_ns):%Y-%m-%d %H:%M:%S}"]
        for call in self._world.calls.values():
            lines += [f"    {call.name} heard {spoken}" for spoken in call.heard]
        for message in self._world.messages:
            told = (message.subject or message.text).splitlines()[0]
            lines.append(f"    {message.route.name} {message.recipient}: {told}")
        return "\n".join(lines)


VERBS: Final = (
    *("market", "account", "day", "time", "wait", "crash", "recover", "restart"),
    *("call", "presses", "hangs", "hears", "web", "desk", "others", "venue", "link"),
    *("order", "quote", "sms", "mail"),
)


def _keys(text: str) -> str:
    """Return the keys of `"1 | A1# |"`: blanks are for the eye, A1 is the account's number."""
    return _ALIAS.sub(lambda found: account_no(found[0]), text).replace(" ", "")


def _is_prompt(word: str) -> bool:
    return re.fullmatch(r"[a-z_]+\.[a-z_]+", word) is not None


def _pairs(words: Words, names: str) -> dict[str, str]:
    """Return `name value name value` as a dict of known names."""
    found = dict(zip(words[::2], words[1::2], strict=False))
    if len(words) % 2 or not found.keys() <= set(names.split()):
        raise ScenarioFailed(f"expected pairs of {names}, was {' '.join(words)!r}")
    return found


def _positions(words: Words) -> Iterator[tuple[str, int, int | None]]:
    """Yield (symbol, qty, sellable) of each `position 600000 400 [sellable 0]`."""
    for place, word in enumerate(words):
        if word == "position":
            symbol, qty, *rest = words[place + 1 :]
            is_told = rest[:1] == ["sellable"]
            yield symbol, int(qty), int(rest[1]) if is_told else None


def _without_positions(words: Words) -> Words:
    text = re.sub(r"position \d+ \d+( sellable \d+)?", "", " ".join(words))
    return text.split()


def _split(words: Words) -> tuple[Words, Words]:
    if "->" not in words:
        return words, []
    place = words.index("->")
    return words[:place], words[place + 1 :]


def _after(words: Words, word: str) -> str:
    if words[:1] != [word]:
        raise ScenarioFailed(f"expected {word!r}, was {' '.join(words)!r}")
    return " ".join(words[1:])


def _check_answer(answer: WebAnswer, expected: Words) -> None:
    """Compare with `accepted 1`, `requested`, `denied REASON [words]`, `refused field`..."""
    status, body = answer
    told = f"{status} {body}"
    match expected:
        case []:
            pass
        case ["accepted", number]:
            _must(status == 201 and body["order_no"] == int(number), told)
        case ["requested"]:
            _must(status == 200, told)
        case ["unknown"]:
            _must(status == 202, told)
        case ["no", "answer"]:
            _must(status == 0, told)
        case ["denied", reason, *parts]:
            _must(body.get("reason_name") == reason, told)
            for part in parts:
                _must_contain(body["detail"], part)
        case ["refused", field, *parts]:
            _must(body.get("field") == field and not body.get("reason_name"), told)
            for part in parts:
                _must_contain(str(body), part)
        case _:
            raise ScenarioFailed(f"{' '.join(expected)!r} is no answer")


def _must(is_so: bool, otherwise: str) -> None:
    if not is_so:
        _fail(otherwise)


def _must_equal(found: Any, expected: Any) -> None:
    _must(found == expected, f"expected {expected}, was {found}")


def _must_contain(text: str, part: str) -> None:
    _must(part in text, f"{part!r} is not in {text!r}")


def _fail(why: str) -> NoReturn:
    raise ScenarioFailed(why)
