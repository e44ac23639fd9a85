"""Reads and plays a scenario: one statement a line, words that a dealer knows.

Lines before the first act are givens (market, account, day). `->` is followed by what must come of
an act. README.md in this folder lists the statements. A failure names file, line and statement, and
what each call heard and each mailbox got.
"""

from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Final

from fix.simulator.temper import Mood
from gateway.branch import wire
from gateway.refdata.tables import OpeningAccount, OpeningPosition, read_listings
from notify.notices import Route
from risk.domain.enums import KillScope, Language, Side
from risk.domain.fixedpoint import format_e4, parse_e4
from risk.domain.ids import china_time
from risk.domain.instrument import Instrument
from tests.builders.rulebooks import CONFIG
from tests.system import staff
from tests.system.branch_desk import BranchDesk
from tests.system.checks import Checks
from tests.system.life import PASSWORD
from tests.system.telephone import ScriptCall
from tests.system.words import (
    Line,
    ScenarioFailed,
    Words,
    account_no,
    after,
    check_answer,
    check_branch_answer,
    is_prompt,
    keys,
    must,
    must_contain,
    must_equal,
    pairs,
    positions,
    read_lines,
    split,
    without_positions,
)
from tests.system.world import HOTLINE_NO, WebAnswer, World, at

Request = wire.Order | wire.Cancel
FIRST_DAY: Final = date(2026, 11, 23)  # a Monday
OPEN_AT: Final = "10:00:00"
SCOPES: Final = {
    "firm": KillScope.FIRM,
    "branch": KillScope.BRANCH,
    "account": KillScope.ACCOUNT,
    "instrument": KillScope.INSTRUMENT,
}


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
                self.say(line.words)
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
    def has_begun(self) -> bool:
        """Whether the givens are over."""
        return self._world is not None

    @property
    def world(self) -> World:
        """The world; it begins with the first act."""
        if self._world is None:
            accounts = list(self._accounts.values())
            self._world = World(self._folder, list(self._listings.values()), accounts, self._start)
        return self._world

    def say(self, words: Words) -> None:
        """Carry out one statement."""
        verb: Callable[[Words], None] | None = getattr(self, f"do_{words[0]}", None)
        if verb is None:
            raise ScenarioFailed(f"{words[0]!r} is no statement; known are {', '.join(VERBS)}")
        verb(words[1:])

    def ask(self, request: Callable[[], WebAnswer]) -> WebAnswer:
        """Make a request over HTTP."""
        return request()

    # Givens

    def do_market(self, words: Words) -> None:
        """`market 600000 last 10.00`: a listing of the demo table with its last close."""
        if self._world is not None:
            raise ScenarioFailed("the market must be given before the first act")
        listing = self._known[words[0]]
        said = pairs(words[1:], "last")
        self._listings[words[0]] = listing._replace(prev_close_e4=parse_e4(said["last"]))

    def do_account(self, words: Words) -> None:
        """The first time a given, later what must be so."""
        if words[0] in self._accounts:
            Checks(self.world).account(words[0], words[1:])
            return
        if self._world is not None:
            raise ScenarioFailed("accounts must be given before the first act")
        held = tuple(positions(words))
        said = pairs(without_positions(words[1:]), "cash pin phone lang branch mail elder")
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
            positions=tuple(OpeningPosition(symbol, qty) for symbol, qty, _ in held),
            is_elder=said.get("elder") == "yes",
        )

    # Time and lives

    def do_time(self, words: Words) -> None:
        self._go(china_time(self.world.time_ns).date() if self._world else FIRST_DAY, words[0])

    def do_day(self, words: Words) -> None:
        clock = words[1] if len(words) > 1 else OPEN_AT
        self._go(date.fromisoformat(words[0]), clock)

    def _go(self, day: date, clock: str) -> None:
        if self._world is None:
            self._start = at(day, clock)
        else:
            self._world.go_to(at(day, clock))

    def do_wait(self, words: Words) -> None:
        self.world.wait(float(words[0]))

    def do_crash(self, words: Words) -> None:
        if words:
            self.world.life.crash_when(after(words, "when"))
        else:
            self.world.crash()

    def do_recover(self, words: Words) -> None:
        self.world.recover()

    def do_restart(self, words: Words) -> None:
        self.world.restart()

    # Telephone

    def do_call(self, words: Words) -> None:
        """`call c1 from 13800000001 to 02161234567 keys "..."`, or `call c1 is over`."""
        if words[1:] == ["is", "over"]:
            must(self.world.calls[words[0]].is_closed, "the call goes on")
            return
        said = pairs(words[1:], "from to keys")
        call = self.world.call(words[0], said["from"], said.get("to", HOTLINE_NO))
        self.world.press(call, keys(said.get("keys", "")))

    def do_presses(self, words: Words) -> None:
        """`presses c1 "1 |"`: go on in a call."""
        self.world.press(self.world.calls[words[0]], keys(words[1]))

    def do_hangs(self, words: Words) -> None:
        """`hangs up c1`."""
        self.world.calls[words[1]].hang_up()
        self.world.settle()

    def do_hears(self, words: Words) -> None:
        """`hears c1 order.readback_buy "三百股"`: these prompts, in order, since last asked."""
        call = self.world.calls[words[0]]
        for word in words[1:]:
            if is_prompt(word):
                self._heard_prompt(call, word)
            else:
                must_contain(call.heard[call.told - 1].text, word)

    def _heard_prompt(self, call: ScriptCall, key: str) -> None:
        later = [spoken.key for spoken in call.heard[call.told :]]
        must(key in later, f"{key} was not heard, but {', '.join(later) or 'nothing'}")
        call.told += later.index(key) + 1

    # Web, desk, market

    def do_web(self, words: Words) -> None:
        words, expected = split(words)
        account, verb, *rest = words
        number = account_no(account)
        if verb in ("buys", "sells"):
            symbol, qty, _at, price = rest[:4]
            key = pairs(rest[4:], "key").get("key") or self.world.new_key()
            what = (number, symbol, verb.removesuffix("s"), int(qty), price, key)
            answer = self.ask(lambda: self.world.web_submit(*what))
        elif verb == "cancels":
            key = self.world.new_key()
            answer = self.ask(lambda: self.world.web_cancel(number, int(rest[0]), key))
        elif verb == "asks":
            answer = self.ask(lambda: self.world.web_ask(number, rest[0]))
        else:
            raise ScenarioFailed(f"web {verb!r} is none of buys, sells, cancels, asks")
        check_answer(answer, expected)

    def do_branch(self, words: Words) -> None:
        """`branch 31001 buys for A1 600000 300 at 10.00 seq 7 -> accepted 1`; told, hurries."""
        words, expected = split(words)
        code, verb, *rest = words
        desk = self.world.branch(code)
        if verb == "told":
            self._branch_told(desk, rest)
            return
        if verb == "hurries":
            self._branch_hurries(code, rest, expected)
            return
        number = account_no(rest[1])
        if verb == "cancels":
            order_id = self.world.cl_ord_id(int(rest[2]))
            request: Request = wire.Cancel(desk.day, desk.next_seq(), number, order_id)
        else:
            symbol, qty, _at, price, *more = rest[2:]
            client_seq = int(pairs(more, "seq").get("seq", 0)) or desk.next_seq()
            side: wire.Side = 1 if verb == "buys" else 2
            request = wire.Order(desk.day, client_seq, number, symbol, side, int(qty), price)
        check_branch_answer(self.world.branch_ask(code, request), expected)

    def _branch_hurries(self, code: str, words: Words, expected: Words) -> None:
        """`... hurries for A1 25 buys 600000 100 at 9.50 -> 20 accepted 5 PACE_ACCOUNT`.

        All at once, each a fen dearer than the one before.
        """
        _for, account, count, _buys, symbol, qty, _at, price = words
        desk, first_e4 = self.world.branch(code), parse_e4(price)
        orders = [
            wire.Order(
                *(desk.day, desk.next_seq(), account_no(account), symbol, 1, int(qty)),
                format_e4(first_e4 + number * 100),
            )
            for number in range(int(count))
        ]
        answers = self.world.branch_ask_all(code, orders)
        told = Counter(getattr(answer, "name", "accepted") for answer in answers)
        found = " ".join(f"{told[name]} {name}" for name in sorted(told, reverse=True))
        must_equal(found, " ".join(expected))

    def _branch_told(self, desk: BranchDesk, words: Words) -> None:
        """`branch 31001 told accepted opened filled`: these events, in order, since last asked."""
        new = [event.kind for event in desk.events[desk.told :]]
        must_equal(" ".join(new) or "nothing", " ".join(words))
        desk.told = len(desk.events)

    def do_desk(self, words: Words) -> None:
        """`desk stops firm`, `desk releases account A1`."""
        verb, scope, *rest = words
        key = rest[0] if rest else ""
        key = account_no(key) if scope == "account" else key
        self.world.set_kill_switch(SCOPES[scope], key, verb == "stops")

    def do_binds(self, words: Words) -> None:
        """`binds A1 13800000009 query_only any refuse`: what these numbers may do with A1."""
        staff.bind(self.world, words)

    def do_notice(self, words: Words) -> None:
        """`notice margin to A1 "担保比例偏低。" "Your ratio is low."`: to be heard by A1."""
        staff.give_notice(self.world, words)

    def do_others(self, words: Words) -> None:
        """`others sell 600000 300 at 10.02`: the rest of the market enters an order."""
        verb, symbol, qty, _at, price = words
        self.world.others(Side[verb.upper()], symbol, int(qty), price)

    def do_venue(self, words: Words) -> None:
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
            must(len(orders) == int(rest[0]), f"the venue holds {orders}")
        else:
            raise ScenarioFailed(f"venue {verb!r} is none of is, holds, halts, resumes")

    def do_link(self, words: Words) -> None:
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

    def do_route(self, words: Words) -> None:
        """`route sms down`, `route sms up`."""
        places = {"sms": 0, "mail": 1}
        self.world.life.mailboxes[places[words[0]]].set_ready(words[1] == "up")
        self.world.settle()

    def do_disk(self, words: Words) -> None:
        """`disk full`: the next thing written to the journal fails; `disk free`."""
        self.world.life.disks.is_full = words == ["full"]

    # What must be so

    def do_order(self, words: Words) -> None:
        """`order 1 partially_filled 100 of 300 fees 5.01`."""
        Checks(self.world).order(words)

    def do_quote(self, words: Words) -> None:
        """`quote 600000 bid 10.00 ask 10.02 last 10.01`."""
        Checks(self.world).quote(words)

    def do_sms(self, words: Words) -> None:
        """`sms 13800000001 contains ...`: an SMS that no earlier line asked about."""
        self._asked_about |= Checks(self.world).message(
            Route.SMS, f"+86{words[0]}", words[1:], self._asked_about
        )

    def do_mail(self, words: Words) -> None:
        """`mail a1@example.com contains ...`."""
        self._asked_about |= Checks(self.world).message(
            Route.MAIL, words[0], words[1:], self._asked_about
        )

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


VERBS: Final = [name[3:] for name in dir(Scenario) if name.startswith("do_")]
