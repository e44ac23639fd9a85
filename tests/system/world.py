"""Everything around the gateway, on one virtual clock: venue, customers, telephones, mailboxes.

`World` is what a scenario acts upon and looks at. One step of time is a hundredth of a second; a
long wait goes by in one leap, since nothing happens in it. Not here: the words of a scenario.
"""

import asyncio
import itertools
from collections import Counter
from collections.abc import Coroutine, Sequence
from datetime import date, datetime
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any, Final, NamedTuple

import msgspec

from fix.simulator.exchange import Exchange
from fix.simulator.messages import OrderState
from fix.simulator.temper import Mood, Temper
from fix.simulator.venue import Venue
from gateway.branch import wire
from gateway.core.replies import Replies
from gateway.identity.logins import Login, LoginKind
from gateway.journal.codec import pack_event, unpack_event
from gateway.journal.recovery import recover, replay
from gateway.refdata.tables import OpeningAccount
from gateway.web import schemas
from gateway.web.asked import Asked
from gateway.web.decode import body_decoder
from gateway.web.problems import Problem, bounded, problem_of
from gateway.web.reply import Reply
from notify.notices import Route
from notify.transports.port import Outgoing
from risk.book.invariants import broken_invariants
from risk.domain.commands import SetKillSwitch
from risk.domain.enums import KillScope, Side
from risk.domain.ids import CHINA, NS, china_time, cl_ord_id, trading_day
from risk.domain.instrument import Instrument
from tests.builders.rulebooks import the_rulebook
from tests.system.branch_desk import BranchDesk
from tests.system.life import Disks, Life, Reactor
from tests.system.link import GATEWAY, OTHERS, VenueEnd
from tests.system.telephone import ScriptCall

STEP_NS: Final = 10_000_000
SETTLE_STEPS: Final = 12
LEAP_S: Final = 60  # longer waits go by at once
QUIET_STEPS: Final = 6  # a call is quiet when nothing sounds for so long
CALL_S_MAX: Final = 120
HOTLINE_NO: Final = "95500"
_submit_body = body_decoder(schemas.OrderRequest)


class Message(NamedTuple):
    """An SMS or mail as it reached its recipient."""

    route: Route
    recipient: str
    subject: str
    text: str
    key: str


class WebAnswer(NamedTuple):
    """What the web door answered: the status, 0 when no answer came, and the body."""

    status: int
    body: dict[str, Any]


class World:
    """The gateway and all its far ends."""

    def __init__(
        self,
        folder: Path,
        listings: Sequence[Instrument],
        accounts: Sequence[OpeningAccount],
        start: datetime,
    ) -> None:
        """Open at `start`, China time."""
        self.time_ns = round(start.timestamp()) * NS
        self.listings = list(listings)
        self._reactor = Reactor()
        self.venue = VenueEnd(self.now_ns)
        self.exchange = Exchange(
            Venue(the_rulebook(), listings, self.time_ns),
            Temper(Random(1)),
            self.venue,  # type: ignore[arg-type]  # the acceptor without QuickFIX
            [each.symbol for each in listings],
            self._reactor,
            self.now_ns,
        )
        self.exchange.start()
        self.messages: list[Message] = []
        self.calls: dict[str, ScriptCall] = {}
        self._branches: dict[str, BranchDesk] = {}
        self._numbers = itertools.count(1)
        self.crash_count = 0
        self.life: Life = self._born(Disks(folder / "life1"))
        self.life.start(accounts)
        self.settle()

    def now_ns(self) -> int:
        """The wall clock of everybody."""
        return self.time_ns

    # Time

    def settle(self) -> None:
        """Let a moment pass in which everything that was set off comes to rest."""
        self.run(SETTLE_STEPS * STEP_NS)

    def run(self, ns: int) -> None:
        """Let time pass step by step."""
        for _ in range(ns // STEP_NS):
            self._step(STEP_NS)

    def wait(self, seconds: float) -> None:
        """Let time pass, a long one in a leap."""
        if seconds > LEAP_S:
            self._step(round(seconds * NS))
            self.settle()
        else:
            self.run(round(seconds * NS))

    def go_to(self, moment: datetime) -> None:
        """Let time pass until a moment in China; it must not be over."""
        seconds = moment.timestamp() - self.time_ns / NS
        assert seconds >= 0, f"{moment} is over: it is {china_time(self.time_ns)}"
        self.wait(seconds)
        self.settle()

    def _step(self, ns: int) -> None:
        self.time_ns += ns
        self._reactor.advance(ns / NS)
        if not self.life.is_dead:
            self.life.advance(ns / NS)

    # Lives

    def crash(self) -> None:
        """Kill the gateway now."""
        self.life.crash()

    def recover(self) -> None:
        """Start the gateway again with what is on its disks."""
        assert self.life.is_dead, "the gateway runs"
        self._follow()

    def restart(self) -> None:
        """Stop the gateway cleanly and start it again."""
        assert not self.life.is_dead, "the gateway is dead: recover it"
        self._cut_calls()
        self._follow()

    def _follow(self) -> None:
        self.life.stop()
        assert self.life.saved is not None
        self.life = self._born(self.life.saved)
        self.life.start()
        self.settle()

    def _born(self, disks: Disks) -> Life:
        return Life(disks, self.listings, self.now_ns, self.venue, self._arrived, self._crashed)

    def _crashed(self) -> None:
        self.crash_count += 1
        self._cut_calls()

    def _cut_calls(self) -> None:
        for call in self.calls.values():
            if not call.is_closed:
                call.cut()

    def close(self) -> None:
        """End everything."""
        self.life.stop()

    # Telephone

    def call(self, name: str, ani: str, dnis: str = HOTLINE_NO) -> ScriptCall:
        """Dial the hotline, or a branch's own number."""
        life = self.life
        call_no = f"{self.time_ns}-{name}"
        call = self.calls[name] = ScriptCall(name, f"+86{ani}", dnis, call_no, life.media)
        if not life.is_dead:
            life.phone.call_received(call)  # type: ignore[arg-type]  # a call without SIP
        self.settle()
        return call

    def press(self, call: ScriptCall, keys: str) -> None:
        """Press keys; at `|` listen first until nothing more is said."""
        for key in keys:
            if key == "|":
                self.listen(call)
            elif call.leg is not None:
                call.leg.press(key, self.time_ns)
                self.run(5 * STEP_NS)
        self.settle()

    def listen(self, call: ScriptCall) -> None:
        """Wait until the call is quiet or over."""
        quiet = 0
        for _ in range(CALL_S_MAX * NS // STEP_NS):
            if call.is_closed or call.leg is None or quiet >= QUIET_STEPS:
                return
            self._step(STEP_NS)
            quiet = 0 if call.leg.is_playing else quiet + 1
        raise AssertionError(f"call {call.name} was never quiet")

    # Web

    def new_key(self) -> str:
        """Return an Idempotency-Key that was not used before."""
        return f"k{next(self._numbers)}"

    def web_submit(
        self, account_no: str, symbol: str, side: str, qty: int, price: str, key: str
    ) -> WebAnswer:
        """Order over HTTP."""
        body = {"symbol": symbol, "side": side, "qty": qty, "price": price}
        asked = self._asked(account_no, key)
        try:
            asked.body = _submit_body(msgspec.json.encode(body))
        except Problem as problem:
            return _answer(problem_of(problem, asked))
        return self._web(self.life.web.submit(asked), asked)

    def web_cancel(self, account_no: str, order_no: int, key: str) -> WebAnswer:
        """Cancel over HTTP."""
        asked = self._asked(account_no, key)
        asked.arg = self.cl_ord_id(order_no)
        return self._web(self.life.web.cancel(asked), asked)

    def web_ask(self, account_no: str, key: str) -> WebAnswer:
        """Ask what became of an earlier request."""
        asked = self._asked(account_no, "")
        asked.arg = key
        return self._web(self.life.web.ask_again(asked), asked)

    def _asked(self, account_no: str, key: str) -> Asked:
        customer = self.life.finish(_awaited(self.life.identity.customers.find(account_no)))
        login = Login(b"", account_no, LoginKind.BEARER, customer.language, 0, 0)
        request: Any = SimpleNamespace(headers={"Idempotency-Key": key} if key else {})
        trace_id = f"w-{next(self._numbers)}"
        asked = Asked(request, trace_id, customer.language, self.time_ns)
        asked.belongs_to(login, "")
        return asked

    def _web(self, work: Coroutine[Any, Any, Reply], asked: Asked) -> WebAnswer:
        life = self.life
        if life.is_dead:
            work.close()
            return WebAnswer(0, {})
        task = life.loop.create_task(bounded(work, asked))
        for _ in range(10 * NS // STEP_NS):
            life.loop.run_until_complete(asyncio.sleep(0))
            if task.done() or life.is_dead:
                break
            self._step(STEP_NS)
        if life.is_dead:  # what the dead gateway might have said reaches nobody
            task.cancel()
            life.loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
            return WebAnswer(0, {})
        self.settle()
        return _answer(task.result())

    # Branch

    def branch(self, branch_code: str) -> BranchDesk:
        """Return a branch's program, connected if the gateway runs."""
        desk = self._branches.setdefault(branch_code, BranchDesk(branch_code))
        desk.connect(self.life)
        return desk

    def branch_ask(self, branch_code: str, request: wire.Order | wire.Cancel) -> Any:
        """Return what a branch is answered, None when no answer came."""
        return self.branch_ask_all(branch_code, [request])[0]

    def branch_ask_all(
        self, branch_code: str, requests: Sequence[wire.Order | wire.Cancel]
    ) -> list[Any]:
        """Return the answers to requests that are sent in one moment."""
        desk = self.branch(branch_code)
        for request in requests:
            desk.ask(request)
        self.settle()
        return [desk.answer_to(request.client_seq) for request in requests]

    # The firm

    def set_kill_switch(self, scope: KillScope, key: str, is_on: bool) -> None:
        """Stop or release trading."""
        request_id = f"desk:{next(self._numbers)}"
        command = SetKillSwitch(request_id, scope, key, is_on, "dealer", "scenario")
        self.life.finish(_awaited(self.life.heart.sequencer.submit(command)))

    def cl_ord_id(self, order_no: int, day: date | None = None) -> str:
        """Return the ClOrdID(11) of an order number of today."""
        return cl_ord_id(day or trading_day(self.time_ns), order_no)

    # Venue

    def others(self, side: Side, symbol: str, qty: int, price: str) -> None:
        """Let the rest of the market enter an order at the venue."""
        number = next(self._numbers)
        text = (
            f"8=FIX.4.4|35=D|11=O{number}|21=1|38={qty}|40=2|44={price}|54={int(side)}|55={symbol}|"
            f"59=0|60={china_time(self.time_ns):%Y%m%d-%H:%M:%S}|"
        )
        self.venue.take(OTHERS, number, text.replace("|", "\x01"))
        self.settle()

    def set_mood(self, mood: Mood, delay_ns: int) -> None:
        """Change how the venue behaves."""
        self.exchange.set_mood(mood, delay_ns)
        self.settle()

    def orders_at_venue(self) -> list[OrderState]:
        """Return what the venue has of the gateway's orders of the day."""
        return [order for order in self.exchange.orders() if order.sender == GATEWAY]

    # What must always hold

    def problems(self, *, is_reconciled: bool = True) -> list[str]:
        """Return what is wrong in the whole world; compares with the venue if reconciled."""
        found: list[str] = []
        life = self.life
        if not life.is_dead:
            book = life.heart.book
            found += [f"{text}: rows {rows}" for text, rows in broken_invariants(book).items()]
            live = book.fingerprint()
            storage = life.disks.journal
            for name, again in (
                ("recovery", recover(storage, Replies(pack_event, unpack_event))),
                ("replay from the first event", replay(storage)),
            ):
                if again.book.fingerprint() != live:
                    found.append(f"{name} gives another book than the living one")
            if is_reconciled:
                found += self._venue_differences()
        found += [f"stopped by {failure}" for failure in life.failures]
        found += [
            f"order {order_id} was sent {count} times as new"
            for (order_id, is_resend), count in self.venue.received.items()
            if count > 1 and not is_resend
        ]
        sent = Counter((message.key, message.route) for message in self.messages)
        repeats = sum(sent.values()) - len(sent)
        if repeats > self.crash_count:
            found.append(f"{repeats} messages were repeated in {self.crash_count} crashes")
        return found

    def _venue_differences(self) -> list[str]:
        found = []
        for theirs in self.orders_at_venue():
            ours = self.life.heart.queries.order(theirs.cl_ord_id)
            if ours is None:
                found.append(f"the venue has {theirs.cl_ord_id}, which the book does not know")
            elif (ours.cum_qty, ours.leaves_qty) != (theirs.cum_qty, theirs.leaves_qty):
                found.append(f"{theirs.cl_ord_id} is {ours} in the book, {theirs} at the venue")
        return found

    def _arrived(self, route: Route, message: Outgoing) -> None:
        self.messages.append(
            Message(route, message.recipient, message.subject, message.text, message.message_key)
        )


async def _awaited(work: Any) -> Any:
    return await work


def _answer(reply: Reply) -> WebAnswer:
    return WebAnswer(reply.status, msgspec.json.decode(reply.body))


def at(day: date, clock: str) -> datetime:
    """Return a moment in China: "9:30:00" or "09:30"."""
    hour, minute, second = (int(part) for part in f"{clock}:0".split(":")[:3])
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=CHINA)
