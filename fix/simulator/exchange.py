"""The simulated exchange as one running thing: acceptor, venue, moods, background flow, control.

One turn reads members' messages, lets the venue answer and time pass, and sends what the mood lets
out. The venue's orders live in memory: after a restart it knows none, its FIX numbers and unsent
reports it does. Not here: matching (fix.simulator.venue), the process (`hotline venue`).
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final

import structlog
from twisted.internet.defer import Deferred

from fix import decode, encode
from fix import fields as f
from fix.application import guarded
from fix.simulator import wire
from fix.simulator.acceptor import FromMember, VenueAcceptor
from fix.simulator.messages import Answer, Depth, OrderState, Report
from fix.simulator.temper import DropLink, Mood, Temper
from fix.simulator.venue import Venue
from risk.domain.enums import ExecType

log = structlog.get_logger("venue")

BUSY_POLL_S: Final = 0.001
IDLE_POLL_S: Final = 0.002
ADVANCE_NS: Final = 50_000_000
SNAPSHOTS_PER_TURN: Final = 100
REQ_IDS_MAX: Final = 100_000  # answers to status requests that a mood may hold back
_NS: Final = 1_000_000_000


class Exchange:
    """Runs on the reactor of its process."""

    def __init__(
        self,
        venue: Venue,
        temper: Temper,
        acceptor: VenueAcceptor,
        symbols: list[str],
        reactor: Any,  # IReactorTime
        now_ns: Callable[[], int],
    ) -> None:
        self._venue = venue
        self._temper = temper
        self._acceptor = acceptor
        self._symbols = symbols
        self._reactor = reactor
        self._now_ns = now_ns
        self._req_ids: OrderedDict[str, str] = OrderedDict()  # ExecID(17) -> OrdStatusReqID(790)
        self._told: dict[str, Depth] = {}
        self._snapshots: dict[str, list[str]] = {}  # member -> symbols still to be told whole
        self._advance_ns = 0
        self._busy_until_ns = 0
        self._stopped: Deferred[None] | None = None
        self._stop_ns = 0

    @property
    def port(self) -> int:
        """TCP port of the acceptor."""
        return self._acceptor.port

    def start(self) -> None:
        """Begin to turn."""
        self._reactor.callLater(0, self._turn)

    def stop(self) -> "Deferred[None]":
        """Log members out and close; fires when closed."""
        assert self._stopped is None, "stop once"
        self._stopped = Deferred()
        self._stop_ns = self._now_ns() + _NS
        self._acceptor.log_out()
        return self._stopped

    def set_mood(self, mood: Mood, delay_ns: int) -> None:
        """Change how answers reach the members. Raises ValueError for an impossible delay."""
        self._temper.set_mood(mood, delay_ns, self._now_ns())
        log.info("venue.mood", mood=mood.value, delay_ns=delay_ns)

    def drop_links(self) -> None:
        """Close every order session's connection now."""
        for member in self._acceptor.members:
            self._acceptor.drop(member)

    def halt(self, symbol: str, is_halted: bool) -> None:
        """Halt an instrument or let it trade again. Raises KeyError when it is not listed."""
        self._venue.halt(symbol, is_halted)

    def orders(self) -> list[OrderState]:
        """Return every order of the day."""
        return self._venue.orders()

    def depth(self, symbol: str) -> Depth | None:
        """Return an instrument's market data, None when it is not listed."""
        return self._venue.depth(symbol)

    def _turn(self) -> None:
        now_ns = self._now_ns()
        came = self._acceptor.poll()
        for message in came:
            if message.text:
                guarded(lambda message: self._received(message, now_ns), message)
            elif message.member in self._acceptor.market_data_members:
                self._snapshots[message.member] = list(self._symbols)
        if now_ns - self._advance_ns >= ADVANCE_NS:
            self._advance_ns = now_ns
            reports, depths = self._venue.advance(now_ns)
            self._temper.push(reports, now_ns)
            self._tell_depths(depths)
        self._tell_snapshots()
        sent = self._send_due(now_ns)
        if self._stopped is not None and now_ns >= self._stop_ns:
            self._acceptor.close()
            self._stopped.callback(None)
            return
        if came or sent:
            self._busy_until_ns = now_ns + _NS
        delay_s = 0.0 if came else BUSY_POLL_S if now_ns < self._busy_until_ns else IDLE_POLL_S
        self._reactor.callLater(delay_s, self._turn)

    def _received(self, message: FromMember, now_ns: int) -> None:
        fields: dict[str, str] = {}
        try:
            fields = f.split(message.text)
            self._temper.push(self._answers(message.member, fields, now_ns), now_ns)
        except f.FieldProblem as e:
            number = decode.seq_num(fields)
            kind, ref_id = fields.get(f.MSG_TYPE, ""), fields.get(f.CL_ORD_ID, "")
            log.warning("venue.unreadable", msg_type=kind, problem=str(e))
            if kind != "j":
                self._acceptor.send(
                    message.member,
                    encode.business_message_reject(number, kind, e.reason, ref_id, str(e)),
                )

    def _answers(self, member: str, fields: f.Fields, now_ns: int) -> list[Answer]:
        match fields.get(f.MSG_TYPE, ""):
            case "D":
                order = wire.order(member, fields)
                if not self._temper.takes_orders:
                    return list(self._venue.refuse(order, "the venue takes no orders now", now_ns))
                return list(self._venue.submit(order, now_ns))
            case "F":
                return list(self._venue.cancel(wire.cancel(member, fields), now_ns))
            case "H":
                answers = self._venue.status(wire.status_query(member, fields), now_ns)
                self._remember_request(answers, fields.get(f.ORD_STATUS_REQ_ID, ""))
                return list(answers)
            case "j":
                return []
            case _:
                raise f.FieldProblem(f.MSG_TYPE, "is not a message for the venue", reason=3)

    def _remember_request(self, answers: list[Report], req_id: str) -> None:
        for answer in answers:
            if answer.exec_type == ExecType.ORDER_STATUS and req_id:
                self._req_ids[answer.exec_id] = req_id[: f.ID_CHARS_MAX]
        while len(self._req_ids) > REQ_IDS_MAX:
            self._req_ids.popitem(last=False)

    def _send_due(self, now_ns: int) -> int:
        due = self._temper.due(now_ns)
        for answer in due:
            if isinstance(answer, DropLink):
                self.drop_links()
            elif isinstance(answer, Report):
                req_id = self._req_ids.get(answer.exec_id, "")
                self._acceptor.send(answer.sender, wire.report_text(answer, req_id))
            else:
                self._acceptor.send(answer.sender, wire.cancel_reject_text(answer))
        return len(due)

    def _tell_depths(self, depths: list[Depth]) -> None:
        members = [m for m in self._acceptor.market_data_members if self._acceptor.is_up(m)]
        for depth in depths:
            before = self._told.get(depth.symbol)
            self._told[depth.symbol] = depth
            text = wire.refresh_text(before, depth) if before else wire.snapshot_text(depth)
            for member in members if text is not None else []:
                self._acceptor.send_market_data(member, text or "")

    def _tell_snapshots(self) -> None:
        for member, symbols in list(self._snapshots.items()):
            if not symbols or not self._acceptor.is_up(member):
                del self._snapshots[member]
                continue
            for symbol in symbols[:SNAPSHOTS_PER_TURN]:
                depth = self._venue.depth(symbol)
                if depth is not None:
                    self._told[symbol] = depth
                    self._acceptor.send_market_data(member, wire.snapshot_text(depth))
            del symbols[:SNAPSHOTS_PER_TURN]
