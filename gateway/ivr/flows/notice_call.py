"""A call of ours: a notice is read out, then 1 acknowledges it and 9 says it again.

Whoever answers need not be the customer: what a notice may tell is decided where it is written.
Not here: whom to call and when (gateway.ivr.notice_calls).
"""

from typing import Final

from gateway.ivr.flow import CallFlow, Go, Hangup, Menu, Notices, Say

ACKNOWLEDGED: Final = "notice_call.acknowledged"
HEARD: Final = "notice_call.ask"

NOTICE_CALL: Final = CallFlow(
    start="notice_call.intro",
    states=(
        Say(
            name="notice_call.intro",
            prompt="notice_call.intro",
            then="notice_call.lines",
            must_be_heard=True,
        ),
        Notices(
            name="notice_call.lines",
            items="lines",
            prompt="notices.item",
            then=HEARD,
        ),
        Menu(
            name=HEARD,
            prompts=(("notice_call.ask", None),),
            keys={"1": Go(then=ACKNOWLEDGED)},
            on_repeat="notice_call.lines",
            is_fresh=True,
            say_invalid="error.not_a_choice",
            say_timeout="error.nothing_keyed",
            on_tries_used="notice_call.not_acknowledged",
        ),
        Hangup(name=ACKNOWLEDGED, prompt="notice_call.acknowledged"),
        Hangup(name="notice_call.not_acknowledged", prompt="notice_call.not_acknowledged"),
    ),
    given=("lines",),
)
