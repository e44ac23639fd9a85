"""The set-up's commands reach the journal in batches that hold whole accounts."""

from itertools import chain

from gateway.app.opening import grouped
from gateway.core.sequencer import BATCH_MAX
from gateway.refdata.day import commands_of_opening
from gateway.refdata.tables import OpeningAccount
from risk.domain.commands import Command


def _account(number: int) -> list[Command]:
    account = OpeningAccount(
        account_no=f"{10_000_000 + number}",
        name="",
        mobile="",
        email="",
        language="zh",
        branch_code="SH01",
        phone_pin="",
        web_password="",
        cash_e4=10_000,
        positions=(("600000", 100),),
    )
    return commands_of_opening(account, {})


def test_no_account_is_split_and_no_batch_is_too_large() -> None:
    wholes = [_account(number) for number in range(1_000)]

    groups = list(grouped(wholes))

    assert list(chain(*groups)) == list(chain(*wholes))
    assert all(len(group) <= BATCH_MAX and len(group) % 3 == 0 for group in groups)


def test_what_is_larger_than_a_batch_goes_alone() -> None:
    large = _account(1) * BATCH_MAX

    assert list(grouped([_account(2), large, _account(3)])) == [_account(2), large, _account(3)]
