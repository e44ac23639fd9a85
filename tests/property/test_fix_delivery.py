"""The router against a model of venue, session and book, through lost links, kills and silence.

What must hold, whatever happens: the venue is never given an order twice, and once the line is
quiet every accepted order is there exactly once and every cancel request has had its effect.
The model session keeps order, loses what is under way when the link drops (our side answers a
resend request by gap fill) and never loses a report (the venue sends those again).
"""

from collections import deque
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fix import decode
from fix.fields import split
from fix.router import Router
from fix.settings import FixSettings
from risk.domain.commands import RecordExecution
from risk.domain.enums import ExecType
from risk.domain.events import OrderAccepted, OrderCanceled
from tests.builders.fix_edges import a_cancel_requested, an_accepted, an_open
from tests.builders.fix_messages import a_cancel_reject, a_report, as_dict

S = 1_000_000_000
OPEN = {"_150": "0", "_39": "0", "_14": 0, "_31": None, "_32": None, "_151": 100}
CANCELLED = OPEN | {"_39": "4", "_151": 0}
UNKNOWN = OPEN | {"_39": "8", "_103": 5, "_37": "NONE", "_151": 0}


class Market:
    """Venue, line, book and the router between them."""

    def __init__(self, echoes: bool) -> None:
        self.echoes = echoes  # whether the venue repeats OrdStatusReqID(790)
        self.now_ns = 1_000 * S
        self.next_number = 1
        self.count = 0
        self.is_up = self.is_silent = False
        self.line: deque[dict[str, str]] = deque()  # ours, under way
        self.reports: deque[dict[str, str]] = deque()  # the venue's, not yet read
        self.at_venue: dict[str, str] = {}  # ClOrdID -> OrdStatus(39)
        self.accepted: dict[str, OrderAccepted] = {}
        self.answered: set[str] = set()
        self.ended: set[str] = set()
        self.cancels: dict[str, str] = {}  # unanswered cancel request -> order
        self.router = self._recovered()

    def send(self, text: str) -> int:
        self.line.append(split(text))
        self.next_number += 1
        return self.next_number - 1

    # what may happen

    def accept(self) -> None:
        self.count += 1
        order = an_accepted(self.count, at_ns=self.now_ns)
        self.accepted[order.cl_ord_id] = order
        self.router.on_events([(1, order)])

    def cancel(self) -> None:
        free = [c for c in self.accepted if c not in self.ended and c not in self.cancels.values()]
        if free:
            self.count += 1
            request = a_cancel_requested(self.count, self.accepted[free[0]])
            self.cancels[request.cl_ord_id] = free[0]
            self.router.on_events([(1, request)])

    def log_on(self) -> None:
        if not self.is_up:
            self.is_up = True
            for report in self.reports:
                report["43"] = "Y"
            self.router.session_up(self, "S")

    def drop(self) -> None:
        if self.is_up:
            self.is_up = False
            self.line.clear()
            self.router.session_down()

    def kill(self) -> None:
        self.is_up = False
        self.line.clear()
        self.router = self._recovered()

    def arrive(self) -> None:
        """The venue reads one message of ours."""
        if self.is_up and self.line:
            self._venue_reads(self.line.popleft())

    def report(self) -> None:
        """We read one message of the venue; the book records it."""
        if self.is_up and self.reports and not self.is_silent:
            self._we_read(self.reports.popleft())

    def silence(self) -> None:
        self.is_silent = not self.is_silent

    def wait(self) -> None:
        self.now_ns += 3 * S
        self.router.turn()

    def settle(self) -> None:
        """Let everything come to rest over a good line."""
        self.is_silent = False
        for _ in range(60):
            self.log_on()
            for _ in range(20):
                self.arrive()
                self.report()
            self.wait()

    # how it happens

    def _recovered(self) -> Router:
        live = [
            an_open(
                order,
                is_answered=cl_ord_id in self.answered,
                cancel_ids=tuple(c for c, of in self.cancels.items() if of == cl_ord_id),
            )
            for cl_ord_id, order in self.accepted.items()
            if cl_ord_id not in self.ended
        ]
        shape = FixSettings(report_timeout_s=5, status_per_s=10_000)
        return Router(shape, lambda command: None, live, lambda: self.now_ns)

    def _venue_reads(self, message: dict[str, str]) -> None:
        cl_ord_id, kind = message["11"], message["35"]
        if kind == "D":
            assert cl_ord_id not in self.at_venue, f"{cl_ord_id} was given to the venue twice"
            self.at_venue[cl_ord_id] = "0"
            self._tell(cl_ord_id, OPEN)
        elif kind == "H":
            status = self.at_venue.get(cl_ord_id)
            body = {"0": OPEN, "4": CANCELLED, None: UNKNOWN}[status] | {"_150": "I"}
            self._tell(cl_ord_id, body | {"_790": message["790"] if self.echoes else None})
        elif self.at_venue.get(message["41"]) == "0":
            self.at_venue[message["41"]] = "4"
            self._tell(cl_ord_id, CANCELLED | {"_150": "4", "_41": message["41"]})
        else:
            self.reports.append(as_dict(a_cancel_reject(_11=cl_ord_id, _41=message["41"]), "9"))

    def _tell(self, cl_ord_id: str, body: dict[str, Any]) -> None:
        self.reports.append(as_dict(a_report(cl_ord_id, **body), "8"))

    def _we_read(self, body: dict[str, str]) -> None:
        if body["35"] == "9":
            rejected = decode.cancel_reject("S", body)
            self.cancels.pop(rejected.cl_ord_id, None)
            self.router.cancel_rejected(rejected)
            return
        said = decode.execution_report("S", body)
        answer = decode.status_answer(said, body)
        self.router.reported(said, answer)
        if answer is None or not answer.is_unknown:
            self._book(said)

    def _book(self, said: RecordExecution) -> None:
        cl_ord_id = said.orig_cl_ord_id or said.cl_ord_id
        self.answered.add(cl_ord_id)
        if said.ord_status == 4 and cl_ord_id not in self.ended:
            self.ended.add(cl_ord_id)
            for request in [c for c, of in self.cancels.items() if of == cl_ord_id]:
                del self.cancels[request]
            order = self.accepted[cl_ord_id]
            ended = OrderCanceled(
                0, cl_ord_id, order.account_no, order.symbol, order.side, 0, 100, 0, "", "", "",
                "S", 1, order.order_no, order.channel,
            )  # fmt: skip
            self.router.on_events([(1, ended)])
        assert said.exec_type != ExecType.TRADE


STEPS = st.sampled_from(
    ["accept", "cancel", "log_on", "log_on", "drop", "kill", "silence", "wait", "wait", "wait"]
    + ["arrive"] * 3
    + ["report"] * 3
)


@settings(max_examples=1_000, deadline=None)
@given(st.booleans(), st.lists(STEPS, min_size=20, max_size=80))
def test_every_order_reaches_the_venue_exactly_once(echoes: bool, steps: list[str]) -> None:
    market = Market(echoes)
    for step in steps:
        getattr(market, step)()
    market.settle()
    assert market.at_venue.keys() == market.accepted.keys()
    assert market.cancels == {}
    assert {c for c, status in market.at_venue.items() if status == "4"} == market.ended
    assert market.router.is_reconciled
