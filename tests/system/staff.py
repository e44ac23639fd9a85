"""What the firm's staff does in a scenario: binds caller numbers, gives notices to be heard.

Not here: stopping and releasing trade (`desk`).
"""

from gateway.identity.callers import Binding, CallerPolicy, put_bindings
from gateway.identity.phone_notices import NoticeRow, put_notices
from gateway.store.database import write_once
from risk.domain.ids import NS
from tests.system.words import Words, account_no
from tests.system.world import World

VALID_S = 86_400


def bind(world: World, words: Words) -> None:
    """`binds A1 13800000009 query_only any refuse`: the whole list of the account."""
    alias, *rows = words
    names = {"any": "*", "withheld": "withheld"}
    bindings = [
        Binding(account_no(alias), "", names.get(ani, f"+86{ani}"), CallerPolicy[policy.upper()])
        for ani, policy in zip(rows[::2], rows[1::2], strict=True)
    ]
    engine = world.life.identity.database.engine
    write_once(engine, lambda connection: put_bindings(connection, bindings))


def give_notice(world: World, words: Words) -> None:
    """`notice margin to A1 "担保比例偏低。" "Your ratio is low."`: to be heard, for a day."""
    number, _to, alias, text_zh, text_en = words
    row = NoticeRow(
        number,
        f"account:{account_no(alias)}",
        True,
        world.time_ns,
        world.time_ns + VALID_S * NS,
        text_zh,
        text_en,
    )
    engine = world.life.identity.database.engine
    write_once(engine, lambda connection: put_notices(connection, [row]))
