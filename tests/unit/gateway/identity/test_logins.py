"""Logins start by a password and end by time, log-out or a new password, not by a restart."""

import tempfile
from pathlib import Path

import pytest
from sqlalchemy import select
from twisted.internet import reactor
from twisted.trial import unittest

from gateway.identity.credentials import LockedOut, Refused, Verified
from gateway.identity.logins import (
    LoggedIn,
    Login,
    LoginKind,
    PasswordNotValid,
    check_password,
    csrf_of,
)
from gateway.store.tables import LOGINS
from tests.builders.identity import (
    PASSWORD,
    PIN,
    START_NS,
    SetClock,
    a_customer,
    an_identity,
    quick_settings,
)


@pytest.mark.parametrize("password", ["", "short", "x" * 129, "tab\tinside it"])
def test_a_password_of_wrong_shape_is_not_taken(password: str) -> None:
    with pytest.raises(PasswordNotValid):
        check_password(password)


class LoginTests(unittest.TestCase):
    settings = quick_settings(
        failures_max=3, lock_s=60, login_s=3600, login_idle_s=600, logins_per_account_max=3
    )

    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.clock = SetClock()
        self.open()
        self.addCleanup(self.stop)
        for account_no in ("10000001", "10000002"):
            self.identity.enrol(a_customer(account_no), PIN, PASSWORD, START_NS)

    def stop(self) -> None:
        self.identity.stop()  # the one open at that moment

    def open(self) -> None:
        self.identity = an_identity(self.folder, reactor, self.clock, self.settings)
        self.identity.start()
        self.logins = self.identity.logins

    async def log_in(self, account_no: str = "10000001") -> LoggedIn:
        outcome = await self.logins.log_in(account_no, PASSWORD, LoginKind.BEARER)
        assert isinstance(outcome, LoggedIn)
        return outcome

    async def account_of(self, token: str) -> str:
        login = await self.logins.find(token)
        return login.account_no if login else "nobody"

    async def test_a_token_names_its_account_also_after_a_restart(self) -> None:
        first, second = await self.log_in("10000001"), await self.log_in("10000002")
        self.identity.stop()
        self.open()

        assert self.logins.recall(first.token) is None
        assert await self.account_of(first.token) == "10000001"
        assert await self.account_of(second.token) == "10000002"
        assert self.logins.recall(first.token) is not None
        for wrong in ("", "x" * 43, first.token[:-1], first.token + "x", "码" * 43):
            assert await self.account_of(wrong) == "nobody"

    async def test_neither_token_nor_password_is_in_the_database(self) -> None:
        started = await self.log_in()
        self.identity.stop()

        content = b"".join(file.read_bytes() for file in self.folder.iterdir())

        assert started.token.encode() not in content
        assert PASSWORD.encode() not in content
        self.open()

    async def test_a_login_ends_when_unused_and_when_its_time_is_over(self) -> None:
        idle, busy = await self.log_in(), await self.log_in()
        for _ in range(11):
            self.clock.advance(300)
            assert await self.account_of(busy.token) == "10000001"
        assert await self.account_of(idle.token) == "nobody"
        self.clock.advance(300)

        assert await self.account_of(busy.token) == "nobody"

    async def test_use_before_a_restart_counts_after_it(self) -> None:
        started = await self.log_in()
        self.clock.advance(500)
        assert await self.account_of(started.token) == "10000001"
        self.identity.stop()
        self.open()
        self.clock.advance(500)

        assert await self.account_of(started.token) == "10000001"

    async def test_log_out_ends_this_login_and_no_other(self) -> None:
        gone, stays = await self.log_in(), await self.log_in()
        ended: list[Login] = []
        self.logins.on_end.append(ended.append)
        await self.logins.log_out(gone.login)

        assert await self.account_of(gone.token) == "nobody"
        assert await self.account_of(stays.token) == "10000001"
        assert ended == [gone.login]
        assert not self.logins.is_live(gone.login)
        assert self.logins.is_live(stays.login)

    async def test_the_oldest_login_of_an_account_gives_way(self) -> None:
        other = await self.log_in("10000002")
        started = []
        for _ in range(5):
            self.clock.advance(1)
            started.append(await self.log_in())

        assert [await self.account_of(one.token) for one in started] == [
            "nobody",
            "nobody",
            "10000001",
            "10000001",
            "10000001",
        ]
        assert await self.account_of(other.token) == "10000002"

    async def test_a_new_password_ends_the_logins_and_the_old_password(self) -> None:
        started, other = await self.log_in(), await self.log_in("10000002")
        await self.logins.replace_password("10000001", "battery staple")

        assert await self.account_of(started.token) == "nobody"
        assert await self.account_of(other.token) == "10000002"
        outcome = await self.logins.log_in("10000001", PASSWORD, LoginKind.COOKIE)
        assert outcome == Refused(2)

    async def test_wrong_passwords_lock_the_web_and_not_the_phone(self) -> None:
        for _ in range(3):
            outcome = await self.logins.log_in("10000001", "wrong horse", LoginKind.COOKIE)
        assert isinstance(outcome, LockedOut)
        outcome = await self.logins.log_in("10000001", PASSWORD, LoginKind.COOKIE)
        assert isinstance(outcome, LockedOut)

        assert isinstance(await self.identity.pins.verify("10000001", PIN), Verified)

    async def test_logins_whose_time_is_over_leave_the_database(self) -> None:
        await self.log_in("10000002")
        self.clock.advance(3600)
        await self.log_in("10000001")

        rows = await self.identity.database.read(
            lambda it: it.execute(select(LOGINS.c.account_no)).scalars().all()
        )

        assert rows == ["10000001"]

    async def test_the_csrf_token_belongs_to_the_token(self) -> None:
        first, second = await self.log_in(), await self.log_in()

        assert csrf_of(first.token) == first.csrf
        assert first.csrf != second.csrf
        assert first.csrf not in first.token
