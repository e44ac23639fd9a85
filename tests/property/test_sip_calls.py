"""Whatever comes in whatever order: every call ends, once, and leaves nothing behind.

Both sides' messages, repeats, losses, time and wishes come at random; what must hold is said
without looking inside: each call tells one end, and soon after a hang-up, or after the longest
time a call may last, there is no timer, no transaction and no call left.
"""

from collections.abc import Callable

from hypothesis import given, note, settings
from hypothesis import strategies as st

from gateway.sip.calls import Call
from gateway.sip.incoming import IncomingCall
from gateway.sip.message import Request, Response
from gateway.sip.uri import Uri
from gateway.sip.wire import Hop
from tests.builders.sip import CALLER, OFFER, RTP, Exchange

CALL_S_MAX = 700.0
SETTLES_S = 110.0  # timers B, D, H, and 64 x T1 of a CANCEL and a BYE
HELD = OFFER + "a=sendonly\r\n"
NO_CODEC = OFFER.replace("AVP 8 0", "AVP 9")
CONTACT = ("Contact: <sip:alice@192.0.2.1:5060>",)
BODIES = st.sampled_from(["", OFFER, HELD, NO_CODEC, "v=0\r\nnonsense"])

THEIR_REQUESTS = st.tuples(
    st.sampled_from(
        ["INVITE", "UPDATE", "ACK", "BYE", "INFO", "PRACK", "REFER", "NOTIFY", "OPTIONS"]
    ),
    BODIES,
    st.integers(-1, 2),  # how much CSeq rises
)
STATUSES = st.sampled_from([100, 180, 183, 200, 202, 302, 401, 408, 422, 481, 486, 491, 500, 603])
STEPS = st.one_of(
    st.tuples(st.just("request"), THEIR_REQUESTS),
    st.tuples(st.just("reply"), st.tuples(st.integers(0, 5), STATUSES, BODIES, st.integers(0, 3))),
    st.tuples(st.just("again"), st.integers(0, 5)),
    st.tuples(st.just("cancel"), st.none()),
    st.tuples(st.just("we"), st.sampled_from(
        ["ringing", "early", "answer", "refuse", "hold", "unhold", "move", "refer", "hangup"]
    )),
    st.tuples(st.just("wait"), st.sampled_from([0.1, 0.6, 3.0, 33.0, 70.0])),
    st.tuples(st.just("cut"), st.none()),
)  # fmt: skip


class Play:
    """One call with a far end that does what the steps say."""

    def __init__(self, is_ours: bool, is_tcp: bool, invite: tuple[str, ...], body: str) -> None:
        self.house = Exchange(call_s_max=CALL_S_MAX, session_expires_s=300, unanswered_s=60.0)
        self.hop = Hop(CALLER.host, CALLER.port, "TCP" if is_tcp else "UDP")
        if is_tcp:
            self.house.wire.connections.add(self.hop)
        self.ends: list[list[str]] = []
        self.arrived: list[str] = []
        self.cseq = 1
        self.branches = 0
        self.ours: list[Request] = []
        self.invite = self.house.request("INVITE", body=body, extra=invite)
        self.call: Call | None = None
        if is_ours:
            to = Uri("sip", "b", "192.0.2.1")
            self._begin(self.house.agent.place(to, "95500", self.hop, RTP))
        else:
            self.house.on_call = self._begin
            self.arrive(self.invite)

    def _begin(self, call: Call) -> None:
        """A call begins; an INVITE repeated after a long time begins another one."""
        self.call = call
        ends: list[str] = []
        self.ends.append(ends)
        call.on_closed(lambda reason: ends.append(reason.value))

    def establish(self) -> None:
        """Let the far end or us answer, and the other acknowledge."""
        if isinstance(self.call, IncomingCall):
            self.call.answer(RTP)
            self.look()
            self.request("ACK", OFFER if self.call.session.awaits_answer else "", 0)
        else:
            self.reply(0, 200, OFFER, 0)

    def arrive(self, text: str) -> None:
        self.arrived.append(text)
        self.house.wire.arrive(text, self.hop)
        self.look()

    def look(self) -> None:
        """Note what we sent."""
        self.ours += [m for m, _ in self.house.wire.sent if isinstance(m, Request)]
        self.answers = [m for m, _ in self.house.wire.sent if isinstance(m, Response)]
        self.house.wire.sent.clear()

    def request(self, method: str, body: str, rise: int) -> None:
        call = self.call
        if call is None or call.dialog is None:
            return
        self.cseq = max(1, self.cseq + rise)
        self.branches += 1
        dialog = call.dialog
        extra = CONTACT if method in ("UPDATE", "REFER") else ()
        if method == "PRACK":
            rseqs = [a.headers.get("RSeq") for a in self.answers if a.headers.get("RSeq")]
            extra = (f"RAck: {rseqs[-1] if rseqs else 1} 1 INVITE",)
        if method == "REFER":
            extra = (*extra, "Refer-To: <sip:x@192.0.2.9>")
        text = self.house.request(
            method, branch=f"z9hG4bKr{self.branches}", cseq=self.cseq, call_id=call.sip_call_id,
            sender=str(dialog.remote), to=f"<{dialog.local.uri}>", to_tag=dialog.local.tag,
            body=body, extra=extra,
        )  # fmt: skip
        self.arrive(text)

    def reply(self, at: int, status: int, body: str, rseq: int) -> None:
        if not self.ours:
            return
        request = self.ours[-1 - at % len(self.ours)]
        extra = (
            "WWW-Authenticate: Digest realm=x", "Min-SE: 120", "Session-Expires: 250;refresher=uac",
        )  # fmt: skip
        if rseq and status in (180, 183):
            extra += ("Require: 100rel", f"RSeq: {rseq}")
        if request.method != "ACK":
            self.house.reply(status, request, body=body, extra=extra)
            self.look()

    def we(self, what: str) -> None:
        call = self.call
        if call is None:
            return
        wishes: dict[str, Callable[[], object]] = {
            "hold": call.hold, "unhold": call.unhold, "hangup": call.hangup,
            "refer": lambda: call.refer(Uri("sip", "x", "192.0.2.9")),
        }  # fmt: skip
        if call.session.local is not None:
            wishes["move"] = lambda: call.reinvite(("192.0.2.10", 40_002))
        if isinstance(call, IncomingCall):
            wishes |= {
                "ringing": call.ringing, "early": lambda: call.early_media(RTP),
                "answer": lambda: call.answer(RTP), "refuse": lambda: call.refuse(486),
            }  # fmt: skip
        wishes.get(what, lambda: None)()
        self.look()

    def step(self, kind: str, what: object) -> None:
        if kind == "request":
            self.request(*what)  # type: ignore[misc]
        elif kind == "reply":
            self.reply(*what)  # type: ignore[misc]
        elif kind == "again" and self.arrived:
            self.arrive(self.arrived[-1 - what % len(self.arrived)])  # type: ignore[operator]
        elif kind == "cancel":
            self.arrive(self.house.request("CANCEL"))
        elif kind == "we":
            self.we(str(what))
        elif kind == "wait":
            self.wait(float(str(what)))
        elif kind == "cut":
            self.house.wire.cut(self.hop)
            self.look()

    def wait(self, seconds: float) -> None:
        self.house.advance(seconds, step=0.5 if seconds > 3 else 0.1)
        self.look()


@settings(max_examples=200, deadline=None)
@given(
    is_ours=st.booleans(),
    is_tcp=st.booleans(),
    invite=st.sampled_from([
        (), ("Supported: 100rel, timer",), ("Require: 100rel", "Allow: INVITE, UPDATE"),
        ("Supported: timer", "Session-Expires: 240;refresher=uac"),
    ]),
    body=st.sampled_from(["", OFFER]),
    is_established=st.booleans(),
    is_hung_up=st.booleans(),
    steps=st.lists(STEPS, max_size=25),
)  # fmt: skip
def test_every_call_ends_once_and_leaves_nothing(
    is_ours: bool, is_tcp: bool, invite: tuple[str, ...], body: str, is_established: bool,
    is_hung_up: bool, steps: list[tuple[str, object]],
) -> None:  # fmt: skip
    play = Play(is_ours, is_tcp, invite, body)
    if is_established:
        play.establish()
    for kind, what in steps:
        play.step(kind, what)
    if is_hung_up:
        play.we("hangup")
        play.house.agent.hang_up_all()
        play.house.advance(SETTLES_S, step=1)
    else:
        play.house.advance(CALL_S_MAX + SETTLES_S, step=5)
    if play.call is not None:
        note(play.call.ladder.text())
    assert [len(ends) for ends in play.ends] == [1] * len(play.ends)
    assert play.house.agent.call_count == 0
    assert len(play.house.agent.transactions) == 0
    assert play.house.clock.getDelayedCalls() == []
    assert not play.house.agent._present
    assert not play.house.agent._calls
