"""Six digits or the initials of a name, until a security is found: part of several flows.

The market follows from the code and is never asked. Not here: what is done with what was found.
"""

from gateway.ivr.entry import EntryKind
from gateway.ivr.flow import Collect, Do, Pages, Say, State
from gateway.ivr.flows.common import HELP, MENU, tries
from gateway.ivr.wishes import Action


def find_security(part: str, prompt: str, found: str, on_back: str = MENU) -> tuple[State, ...]:
    """Return the states `<part>.symbol` (the first) and so on; `found` is where they lead.

    They set `symbol`, `security` (its name) and `measure`. `prompt` asks for the code and tells
    that `#` on nothing searches by initials.
    """
    return (
        Collect(
            name=f"{part}.symbol",
            prompt=prompt,
            entry=EntryKind.CODE,
            into="symbol",
            then=f"{part}.find",
            on_empty=f"{part}.initials",
            on_back=on_back,
            **tries("error.code_not_valid"),
        ),
        Do(
            name=f"{part}.find",
            action=Action.FIND_SECURITY,
            exits={
                "ok": found,
                "unknown": f"{part}.no_such_code",
                "not_now": f"{part}.find_failed",
            },
            failing=("unknown",),
            on_tries_used=HELP,
        ),
        Say(
            name=f"{part}.no_such_code",
            prompt="security.no_such_code",
            then=f"{part}.symbol",
            must_be_heard=True,
        ),
        Say(name=f"{part}.find_failed", prompt="security.not_now", then=MENU, must_be_heard=True),
        *_by_initials(part, found),
    )


def _by_initials(part: str, found: str) -> tuple[State, ...]:
    return (
        Collect(
            name=f"{part}.initials",
            prompt="security.initials",
            entry=EntryKind.INITIALS,
            into="initials",
            then=f"{part}.search",
            on_back=f"{part}.symbol",
            **tries("error.initials_not_valid"),
        ),
        Do(
            name=f"{part}.search",
            action=Action.SEARCH_INITIALS,
            exits={
                "one": found,
                "some": f"{part}.choose",
                "none": f"{part}.none_found",
                "not_now": f"{part}.find_failed",
            },
            failing=("none",),
            on_tries_used=HELP,
        ),
        Say(
            name=f"{part}.none_found",
            prompt="security.none_found",
            then=f"{part}.initials",
            must_be_heard=True,
        ),
        Pages(
            name=f"{part}.choose",
            items="items",
            prompts=("security.choice",),
            ask="security.ask",
            at_once=4,
            pick=found,
            on_end=f"{part}.no_more",
            on_back=f"{part}.initials",
            **tries(),
        ),
        Say(name=f"{part}.no_more", prompt="security.no_more", then=f"{part}.initials"),
    )
