"""Random calls by SIPp, all at once, against the whole gateway: every order is one that was meant.

The scripts come of a seed: orders, questions, stray keys, pauses, and a hang-up at any point. Each
call has an account of its own, so that what it meant to order is known without the gateway. Not
here: ten thousand of them on a virtual clock (tests/property/test_calls.py).
"""

import hashlib
import os
import random
import sqlite3
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from gateway.app.stage import Stage
from gateway.evidence.call_log import decode
from gateway.ivr.call_record import CallRecord
from gateway.journal.heart import journal_storage
from gateway.journal.reader import events_after
from gateway.journal.settings import JournalSettings
from gateway.media.speech import Code, Name, Price, Qty, Value
from gateway.media.voice import text_of
from risk.domain.enums import Language, Side
from risk.domain.events import Event, OrderAccepted, OrderDenied
from risk.domain.fixedpoint import parse_e4
from tests.builders.short_prompts import record_short_prompts
from tests.builders.voice import a_book
from tests.crash.doors import venue_orders
from tests.peers.sipp_caller import sipp

pytestmark = pytest.mark.peer("sipp")

CONFIG = Path(__file__).parents[2] / "config"
SEED = int(os.environ.get("HOTLINE_SIPP_SEED", "20261122"))
CALLS = 12
WAIT_S_MAX = 60.0
SYMBOL, NAME = "600036", "招商银行"
HEADER = "account_no,name,branch_code,mobile,email,language,phone_pin,web_password,cash,positions\n"
CUSTOMER = (
    "{account_no},张伟,31001,{mobile},a@example.com,ZH,{pin},Demo-Zhang-2026,"
    "900000.00,600036:9000\n"
)
PIN = "135790"


class Meant(NamedTuple):
    """An order that a script keys."""

    side: Side
    symbol: str
    qty: int
    price_e4: int


class Script(NamedTuple):
    """What one caller does."""

    account_no: str
    ani: str
    steps: list[str | float]
    meant: set[Meant]

    @property
    def key_count(self) -> int:
        return sum(len(step) for step in self.steps if isinstance(step, str))

    @property
    def sure_key_count(self) -> int:
        """Keys that SIPp has pressed for sure before it hangs up: the last ones may be late."""
        pressed = [len(step) for step in self.steps if isinstance(step, str)]
        return sum(pressed[:-1])


def a_script(rng: random.Random, number: int) -> Script:
    """Log in, do some errands well or badly, hang up somewhere."""
    account_no, meant = f"100000{number:02d}", set[Meant]()
    pin = PIN if rng.random() < 0.9 else "112233"
    steps: list[str | float] = [1.0, f"{account_no}#{pin}#"]
    for _ in range(rng.randrange(1, 4)):
        match rng.randrange(6):
            case 0 | 1 | 2 | 3:
                order = Meant(
                    rng.choice((Side.BUY, Side.SELL)),
                    SYMBOL,
                    100 * rng.randrange(1, 10),
                    parse_e4(rng.choice(("41.20", "40.95", "41.5"))),
                )
                meant.add(order)
                price = f"{order.price_e4 / 10_000:.2f}".replace(".", "*")
                keys = f"{'1' if order.side is Side.BUY else '2'}{SYMBOL}{price}#{order.qty}#"
                answer = rng.choice(("1", "1", "1", "11", "2", "9", "*", "71"))
                steps += [keys, rng.uniform(5.0, 8.0), answer, rng.uniform(1.0, 4.0)]
            case 4:
                steps += [rng.choice("456"), rng.uniform(0.0, 3.0)]
            case _:
                steps += ["".join(rng.choices("0123456789*#", k=rng.randrange(1, 8)))]
    if rng.random() < 0.3:
        del steps[rng.randrange(2, len(steps)) :]
    return Script(account_no, f"1360000{number:04d}", steps, meant)


class RandomCalls(TestCase):
    timeout = 170

    async def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.stage = Stage(self.folder / "stage", CONFIG)
        self.addCleanup(self.stage.stop)
        rng = random.Random(SEED)
        self.scripts = {f"+86{s.ani}": s for s in (a_script(rng, n) for n in range(CALLS))}
        await deferToThread(self.prepare)

    def prepare(self) -> None:
        record_short_prompts(self.folder / "studio")
        accounts = self.folder / "accounts.csv"
        rows = [
            CUSTOMER.format(account_no=s.account_no, mobile=f"+86138000000{n:02d}", pin=PIN)
            for n, s in enumerate(self.scripts.values())
        ]
        accounts.write_text(HEADER + "".join(rows), encoding="utf-8")
        voice = {
            "recorded_path": str(self.folder / "studio"),
            "speaker": "none",
            "slow_percent": 100,
        }
        self.stage.start_far_ends()
        self.stage.write_settings(
            {
                "house": {"duplicate_window_s": 0},
                "phone": {"lines": [{"number": "95500", "languages": ["zh"]}], "voice": voice},
            }
        )
        self.stage.init(accounts)
        self.stage.start_gateway()

    async def test_random_calls_order_what_they_meant_and_leave_a_record(self) -> None:
        ended = await gatherResults(
            [Deferred.fromCoroutine(self.call(script)) for script in self.scripts.values()],
            consumeErrors=True,
        )
        await self.until(self.is_settled, "all calls are over, recorded and bound")
        self.check_orders()
        self.check_records(dict(zip(self.scripts, ended, strict=True)))
        told = (self.stage.folder / "gateway.log").read_text(encoding="utf-8").splitlines()
        assert [line for line in told if '"level":"error"' in line or "raceback" in line] == []

    async def call(self, script: Script) -> str:
        """Play a script; return SIPp's complaint when the gateway hung up before its end."""
        folder = self.folder / script.ani
        folder.mkdir()
        port = self.stage.ports["gateway.sip_port"]
        try:
            await sipp("keys_then_bye.xml", port, folder, steps=script.steps, ani=script.ani)
        except AssertionError as e:
            return str(e)
        return ""

    async def until(self, is_true: Callable[[], bool], what: str) -> None:
        end_s = time.monotonic() + WAIT_S_MAX
        while not is_true():
            assert time.monotonic() < end_s, f"waited {WAIT_S_MAX} s until {what}"
            await deferLater(reactor, 0.1)

    def is_settled(self) -> bool:
        url = f"http://127.0.0.1:{self.stage.ports['gateway.health_port']}/metrics"
        with urllib.request.urlopen(url, timeout=30) as answer:
            figures = answer.read().decode().splitlines()
        rows = self.rows()
        at_venue = {row["cl_ord_id"] for row in self.at_venue()}
        return (
            "hotline_calls_active 0.0" in figures
            and "hotline_ivr_calls 0.0" in figures
            and len(rows) == CALLS
            and all(is_bound for _, is_bound in rows)
            and {order.cl_ord_id for order in self.accepted()} <= at_venue
        )

    def at_venue(self) -> list[dict[str, object]]:
        return venue_orders(self.stage.ports["venue.control_port"])

    def events(self) -> list[Event]:
        storage = journal_storage(self.stage.folder / "data", JournalSettings())
        return [event for _, event in events_after(storage)]

    def accepted(self) -> list[OrderAccepted]:
        return [event for event in self.events() if isinstance(event, OrderAccepted)]

    def rows(self) -> list[tuple[bytes, int]]:
        with sqlite3.connect(self.stage.folder / "data" / "store.sqlite") as store:
            return store.execute("select record, is_bound from calls").fetchall()

    def records(self) -> list[CallRecord]:
        return [decode(record) for record, _ in self.rows()]

    def check_orders(self) -> None:
        """Every order was meant, read back as it is, and confirmed once; none is doubled."""
        records = {record.call_no: record for record in self.records()}
        outcomes = [e for e in self.events() if isinstance(e, OrderAccepted | OrderDenied)]
        asked = Counter(
            acted.request_id
            for record in records.values()
            for acted in record.acted
            if acted.action == "submit_order"
        )
        assert Counter(outcome.request_id for outcome in outcomes) == asked
        assert not asked or max(asked.values()) == 1
        orders = self.accepted()
        assert Counter(row["cl_ord_id"] for row in self.at_venue()) == Counter(
            order.cl_ord_id for order in orders
        )
        for order in orders:
            record = records[order.trace_id]
            script = self.scripts[record.ani]
            assert order.account_no == script.account_no
            assert Meant(order.side, order.symbol, order.qty, order.price_e4) in script.meant
            assert read_back(order) in [
                heard.text for heard in record.heard if heard.cut_ms == -1
            ], "it was not read back to its end"
        for record in records.values():
            yes = [k for k in record.keyed if (k.state, k.key) == ("order.confirm", "1")]
            assert sum(o.trace_id == record.call_no for o in outcomes) <= len(yes)
        assert len(orders) >= CALLS // 4, "calls that hardly order show nothing"

    def check_records(self, complaints: dict[str, str]) -> None:
        """Each call left one record, complete, and no key that was not pressed."""
        records = self.records()
        assert {record.ani for record in records} == set(self.scripts)
        for record in records:
            script = self.scripts[record.ani]
            assert record.ended_ns > record.answered_ns >= record.started_ns > 0
            by_us = record.close_reason == "local_bye"
            assert by_us or not complaints[record.ani], complaints[record.ani]
            assert record.close_reason in ("local_bye", "remote_bye")
            assert record.account_no in ("", script.account_no)
            assert record.heard
            assert record.ladder
            taken = record.figures["digit_count"]
            assert taken <= script.key_count, "a key was doubled"
            assert by_us or taken >= script.sure_key_count, "a key was lost"
            assert len(record.keyed) == taken
            sound = self.stage.folder / "data" / "recordings" / record.recording
            assert hashlib.sha256(sound.read_bytes()).hexdigest() == record.recording_sha256


def read_back(order: OrderAccepted) -> str:
    """Return what must have been said before an order was confirmed."""
    values: dict[str, Value] = {
        "security": Name(NAME),
        "symbol": Code(order.symbol),
        "qty": Qty(order.qty),
        "price": Price(order.price_e4),
    }
    side = "buy" if order.side is Side.BUY else "sell"
    return text_of(a_book(), f"order.readback_{side}", values, Language.ZH)
