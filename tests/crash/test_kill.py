"""SIGKILL at random moments under order load from every door, and the truth after each restart.

What must hold: every answered order exists exactly once at the exchange, with the quantity filled
that our book says; a request has one outcome however often it is asked; the journal proves itself;
each event worth a notice has exactly one notice per route.
"""

import os
import random
import sqlite3
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from gateway.app.stage import Stage
from gateway.journal.heart import journal_storage
from gateway.journal.reader import events_after
from gateway.journal.settings import JournalSettings
from gateway.journal.verify import verify
from risk.domain.events import (
    CancelRejected,
    FillBusted,
    Filled,
    OrderAccepted,
    OrderCanceled,
    OrderRejected,
)
from risk.domain.fixedpoint import parse_e4
from tests.crash.branch_customer import BranchCustomer
from tests.crash.doors import WebCustomer, start_call, venue_orders, venue_told

KILLS = int(os.environ.get("HOTLINE_KILLS", "30"))
SEED = 20261122
CONFIG = Path(__file__).parents[2] / "config"
ACCOUNTS = """\
account_no,name,branch_code,mobile,email,language,phone_pin,web_password,cash,positions
10000001,张伟,31001,+8613800000001,zhang.wei@example.com,ZH,135790,Demo-Zhang-2026,90000000.00,
10000002,Alice,44002,+8613800000002,alice@example.com,EN,246801,Demo-Alice-2026,90000000.00,
10000003,李娜,44002,+8613800000003,li.na@example.com,ZH,975310,Demo-LiNa-2026,90000000.00,
"""
SETTLE_S_MAX = 60.0
CALL_EVERY = 8
LONG_S = (24.0, 30.0)
SHORT_S = (0.05, 1.5)


class _Round:
    """The stage and its customers."""

    def __init__(self, folder: Path) -> None:
        self.stage = Stage(folder, CONFIG)
        accounts = folder / "accounts.csv"
        accounts.write_text(ACCOUNTS, encoding="utf-8")
        self.stage.start_far_ends()
        self.stage.write_settings(
            {
                "house": {"duplicate_window_s": 0, "account_per_s": 1000},
                "web": {
                    "port": 0,
                    "cookie_secure": False,
                    "requests_per_login_s": 10_000.0,
                    "requests_per_login_burst": 10_000,
                    "requests_per_ip_s": 10_000.0,
                    "requests_per_ip_burst": 10_000,
                },
                "fix": {"status_per_s": 5_000},
                "notify": {"first_wait_s": 0.2, "unknown_wait_s": 1.0},
            }
        )
        self.stage.init(accounts)
        keys = folder / "data" / "keys"
        self.web = WebCustomer("10000001", "Demo-Zhang-2026", "600000", SEED)
        self.branch = BranchCustomer("44002", "10000002", keys, "600000", SEED + 1)
        self.calls: list[subprocess.Popen[bytes]] = []
        self.web.start()
        self.branch.start()

    def ring(self, price: str) -> None:
        """One more customer calls and orders."""
        keys = f"110000003#975310#1600036#{price.replace('.', '*')}#100#|1|1|"
        log = self.stage.folder / "calls.log"
        port = self.stage.ports["gateway.sip_port"]
        self.calls.append(start_call(port, "+8613800000003", keys, log))

    def resume(self) -> None:
        self.web.resume(self.stage.ports["gateway.web_port"])
        self.branch.resume(self.stage.ports["gateway.branch_port"])

    def close(self) -> None:
        for call in self.calls:
            call.kill()
            call.wait()
        self.stage.stop()


@pytest.mark.timeout(900)
def test_thirty_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    random_ = random.Random(SEED)
    run = _Round(tmp_path)
    try:
        for number in range(KILLS):
            run.stage.start_gateway()
            run.resume()
            if number % 2 == 0:
                run.ring(random_.choice(("41.20", "41.30")))
            # some lives are long enough for a whole call, the others end at any point of one
            is_long = number % CALL_EVERY == 0
            time.sleep(random_.uniform(*(LONG_S if is_long else SHORT_S)))
            run.stage.kill_gateway()
        run.stage.start_gateway()
        run.resume()
        run.web.finish()
        run.branch.finish()
        for symbol in ("600000", "600036"):  # a trade between the two looks would part them
            venue_told(run.stage.ports["venue.control_port"], f"halt {symbol}")
        _settled(run.stage)
        time.sleep(1.0)  # the last reports before the halt
        orders = venue_orders(run.stage.ports["venue.control_port"])
        code = run.stage.processes.pop("gateway").stop()
        assert code == 0, (tmp_path / "gateway.log").read_text()[-3000:]
        _check(run, orders)
    finally:
        run.close()


def _settled(stage: Stage) -> None:
    """Wait until the venue has answered for every order and every notice is out."""
    outbox = stage.folder / "data" / "outbox.sqlite"
    until = time.monotonic() + SETTLE_S_MAX
    while time.monotonic() < until:
        status, _ = stage.readiness()
        with sqlite3.connect(outbox) as database:
            (open_count,) = database.execute(
                "select count(*) from notices where sent_ns = 0"
            ).fetchone()
        storage = journal_storage(stage.folder / "data", JournalSettings())
        accepted = {e.cl_ord_id for _, e in events_after(storage) if isinstance(e, OrderAccepted)}
        at_venue = {row["cl_ord_id"] for row in venue_orders(stage.ports["venue.control_port"])}
        if status == 200 and open_count == 0 and accepted <= at_venue:
            return
        time.sleep(0.5)
    pytest.fail(f"not settled: ready {status}, {open_count} notices open")


def _check(run: _Round, at_venue: list[dict[str, Any]]) -> None:
    stage = run.stage
    storage = journal_storage(stage.folder / "data", JournalSettings())
    proven = verify(storage)  # chain, fingerprints of every life, invariants of the book
    events = list(events_after(storage))
    accepted = {e.request_id: e for _, e in events if isinstance(e, OrderAccepted)}
    ids = [e.cl_ord_id for _, e in events if isinstance(e, OrderAccepted)]
    assert len(ids) == len(set(ids)) == len(accepted), "a request was accepted twice"
    assert {order.channel.name for order in accepted.values()} == {"WEB", "BRANCH", "PHONE"}

    # every order once at the venue, and with the fills we booked
    assert Counter(row["cl_ord_id"] for row in at_venue) == Counter(ids)
    cum_qty = Counter[str]()
    for _, event in events:
        if isinstance(event, Filled):
            cum_qty[event.cl_ord_id] += event.last_qty
    for row in at_venue:
        assert row["cum_qty"] == cum_qty[row["cl_ord_id"]], row

    # every answer a customer got names one order, and that order exists
    for customer in (run.web, run.branch):
        assert customer.answers, f"{customer} placed nothing"
        for key, answers in customer.answers.items():
            assert len(answers) == 1, f"{key} was answered with {answers}"
    placed = {
        cl_ord_id
        for customer in (run.web, run.branch)
        for key, answers in customer.answers.items()
        if not key.endswith("x")
        for cl_ord_id in answers
    }
    assert placed <= set(ids)

    _check_cash(proven.book, events)
    _check_notices(stage, events)


def _check_cash(book: Any, events: list[tuple[int, Any]]) -> None:
    """Cash of each account from its fills alone, in plain Python."""
    cash = {line.split(",")[0]: parse_e4(line.split(",")[8]) for line in ACCOUNTS.split()[1:]}
    for _, event in events:
        if isinstance(event, Filled):
            fees_e4 = event.commission_e4 + event.stamp_duty_e4 + event.transfer_fee_e4
            cash[event.account_no] -= event.last_qty * event.last_px_e4 + fees_e4
    for account_no, cash_e4 in cash.items():
        row = book.accounts.row_of(account_no)
        assert book.accounts.at.cash_e4[row] == cash_e4


def _check_notices(stage: Stage, events: list[tuple[int, Any]]) -> None:
    worth_one = (Filled, FillBusted, OrderCanceled, OrderRejected, CancelRejected)
    wanted = Counter(
        (seq, route) for seq, event in events if isinstance(event, worth_one) for route in (1, 2)
    )
    with sqlite3.connect(stage.folder / "data" / "outbox.sqlite") as database:
        planned = Counter(database.execute("select event_seq, route from notices").fetchall())
        unsent = database.execute("select count(*) from notices where sent_ns = 0").fetchone()
    assert planned == wanted
    assert unsent == (0,)
    # at least once each: a crash between sending and noting it may send one twice, never none
    reached = Counter(row["route"] for row in stage.messages())
    assert reached["sms"] >= len(wanted) // 2
    assert reached["mail"] >= len(wanted) // 2
