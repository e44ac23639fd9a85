"""What the venue says on the order session -> commands for the book; what it should not say -> j.

Every message that has a number and a meaning becomes one command under that number, in order, so
the last durable number is the last one the venue need not send again. The book judges; here only
reading is decided. Not here: routing (fix.router), which learns from the same messages.
"""

from collections.abc import Callable
from typing import Final

import structlog
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from fix import decode, encode, metrics
from fix import fields as f
from fix.reconcile import is_due
from fix.router import Router
from fix.sessions import FixSession
from risk.domain.commands import Command, RecordInbound
from risk.domain.events import Event

log = structlog.get_logger("fix")

Submit = Callable[[Command], "Deferred[Event]"]

UNSUPPORTED_MESSAGE_TYPE: Final = 3  # BusinessRejectReason(380)
ASK_ALL_INTERVAL_NS: Final = 1_000_000_000


class Recorder:
    """Submits commands nobody waits for; a failure of the heart is logged once."""

    def __init__(self, submit: Submit) -> None:
        self._submit = submit
        self._is_failed = False

    def __call__(self, command: Command) -> None:
        """Submit a command. What is not recorded is sent again by the venue after a restart."""
        self._submit(command).addErrback(self._failed)

    def _failed(self, failure: Failure) -> None:
        if not self._is_failed:
            self._is_failed = True
            log.error("fix.not_recorded", problem=failure.getErrorMessage())


class Inbound:
    """The user of the order session (fix.sessions.SessionUser)."""

    def __init__(
        self,
        session: FixSession,
        router: Router,
        record: Callable[[Command], None],
        now_ns: Callable[[], int],
    ) -> None:
        self._session = session
        self._router = router
        self._record = record
        self._now_ns = now_ns
        self._asked_all_ns = 0

    def session_up(self, fix_session: str) -> None:
        """Reconcile and let parked orders go."""
        self._router.session_up(self._session, fix_session)

    def session_down(self) -> None:
        """Park."""
        self._router.session_down()

    def received(self, fix_session: str, text: str) -> None:
        """Turn a message of the venue into a command, or refuse it with j."""
        fields: dict[str, str] = {}
        try:
            fields = f.split(text)
            self._read(fix_session, fields)
        except f.FieldProblem as e:
            self._unreadable(fix_session, fields, e)

    def refused(self, text: str) -> None:
        """QuickFIX refused a message: whatever it said is asked for."""
        metrics.UNREADABLE.labels("other").inc()
        log.error("fix.refused", text=text[: f.TEXT_CHARS_MAX])
        now_ns = self._now_ns()
        if is_due(self._asked_all_ns, now_ns, ASK_ALL_INTERVAL_NS):
            self._asked_all_ns = now_ns
            self._router.ask_all("refused")

    def _read(self, fix_session: str, fields: f.Fields) -> None:
        kind = fields.get(f.MSG_TYPE, "")
        metrics.RECEIVED.labels(metrics.label(kind)).inc()
        match kind:
            case "8":
                report = decode.execution_report(fix_session, fields)
                answer = decode.status_answer(report, fields)
                self._record(report)
                self._router.reported(report, answer)
            case "9":
                rejected = decode.cancel_reject(fix_session, fields)
                self._record(rejected)
                self._router.cancel_rejected(rejected)
            case "3" | "j":
                number = f.whole(fields, f.REF_SEQ_NUM, f.SEQ_NUM_MAX)
                sent = self._router.sent_under(number)
                refusal = decode.refusal(fix_session, fields, sent)
                log.warning("fix.refusal", cl_ord_id=sent, reason=refusal.reason)
                self._record(refusal)
                self._router.refused(refusal)
            case _:
                raise f.FieldProblem(
                    f.MSG_TYPE, "is not a message for us", UNSUPPORTED_MESSAGE_TYPE
                )

    def _place(self, fix_session: str, fields: f.Fields) -> None:
        number = decode.seq_num(fields)
        self._record(RecordInbound(decode.request_id(fix_session, number), fix_session, number))

    def _unreadable(self, fix_session: str, fields: f.Fields, problem: f.FieldProblem) -> None:
        """Count, answer with j (never a j or Reject with a j), keep the place, ask instead."""
        kind = fields.get(f.MSG_TYPE, "")
        metrics.UNREADABLE.labels(metrics.label(kind)).inc()
        log.warning("fix.unreadable", msg_type=kind[:8], tag=problem.tag, problem=str(problem))
        if kind not in ("3", "j"):
            ref_id = fields.get(f.EXEC_ID, "")[: f.ID_CHARS_MAX]
            self._session.send(
                encode.business_message_reject(
                    decode.seq_num(fields), kind, problem.reason, ref_id, str(problem)
                )
            )
            metrics.SENT.labels("j").inc()
        if decode.seq_num(fields):
            self._place(fix_session, fields)
        self._router.ask_about(fields.get(f.CL_ORD_ID, ""), fields.get(f.ORIG_CL_ORD_ID, ""))
