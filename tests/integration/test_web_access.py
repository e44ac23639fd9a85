"""Logging in over HTTP: cookie and bearer, CSRF, lock-out, limits; no answer tells who exists."""

import asyncio
from typing import Any, ClassVar

from tests.builders.identity import PASSWORD
from tests.builders.web import A, B, WebCase, on_loop


class AccessTests(WebCase):
    @on_loop
    async def test_a_cookie_login_needs_its_csrf_token_for_changes_only(self) -> None:
        client = await self.client()
        answer = await client.log_in(A, "cookie")
        csrf = client.session.headers.pop("X-CSRF-Token")

        assert answer["token"] == ""
        assert (await client.ask("GET", "/v1/orders"))[0] == 200
        for wrong in ("", "0" * 64, csrf[:-1]):
            client.session.headers["X-CSRF-Token"] = wrong
            status, problem = await client.order()
            assert (status, problem["type"]) == (403, "/v1/docs#problem-csrf")
        _, me, _ = await client.ask("GET", "/v1/me")
        client.session.headers["X-CSRF-Token"] = me["csrf_token"]
        assert (await client.order())[0] == 201

    @on_loop
    async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(self) -> None:
        client = await self.client()
        _, _, headers = await client.ask(
            "POST", "/v1/login", {"account_no": A, "password": PASSWORD}
        )
        cookie = headers["Set-Cookie"]

        assert cookie.startswith("hotline=")
        for attribute in ("HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"):
            assert attribute in cookie

    @on_loop
    async def test_a_cookies_token_is_no_bearer_token_and_the_other_way_round(self) -> None:
        client = await self.client()
        await client.log_in(A, "cookie")
        token = next(iter(client.session.cookie_jar)).value
        bearer = await (await self.client()).log_in(A)
        as_bearer = await self.client(Authorization=f"Bearer {token}")
        as_cookie = await self.client(Cookie=f"hotline={bearer['token']}")

        assert (await as_bearer.ask("GET", "/v1/me"))[0] == 401
        assert (await as_cookie.ask("GET", "/v1/me"))[0] == 401

    @on_loop
    async def test_without_a_login_only_the_public_routes_answer(self) -> None:
        client = await self.client()
        for token in ("", "Bearer", "Bearer x", "Basic eDp5", "Bearer " + "x" * 43):
            status, problem, headers = await client.ask("GET", "/v1/me", Authorization=token)
            assert (status, problem["type"]) == (401, "/v1/docs#problem-not_logged_in"), token
            assert headers["Content-Type"] == "application/problem+json"
            assert headers["WWW-Authenticate"] == "Bearer"
        assert (await client.ask("GET", "/v1/openapi.json"))[0] == 200
        status, page, headers = await client.ask("GET", "/v1/docs")
        assert status == 200
        assert "style-src 'sha256-" in headers["Content-Security-Policy"]
        assert "<script" not in page

    @on_loop
    async def test_log_out_ends_the_login(self) -> None:
        client, other = await self.client(A, kind="cookie"), await self.client(A)
        status, _, headers = await client.ask("POST", "/v1/logout")

        assert status == 204
        assert "Max-Age=0" in headers["Set-Cookie"]
        assert (await client.ask("GET", "/v1/me"))[0] == 401
        assert (await other.ask("GET", "/v1/me"))[0] == 200

    @on_loop
    async def test_me_tells_name_language_and_branch_and_no_contact(self) -> None:
        client = await self.client(A)
        _, me, _ = await client.ask("GET", "/v1/me")

        assert (me["name"], me["language"], me["branch_code"]) == ("张三", "zh", "00101")
        assert me["csrf_token"] == ""
        assert "+86138" not in str(me)

    @on_loop
    async def test_a_wrong_password_and_an_unknown_account_answer_alike(self) -> None:
        client = await self.client(Accept_Language="en")

        async def tries(account_no: str) -> list[Any]:
            found = []
            for _ in range(4):
                body = {"account_no": account_no, "password": "wrong horse"}
                status, problem, headers = await client.ask("POST", "/v1/login", body)
                problem.pop("trace_id")
                found.append((status, problem, headers.get("Retry-After")))
            return found

        known, unknown = await tries(A), await tries("99999999")

        assert known == unknown
        assert [status for status, _, _ in known] == [401, 401, 429, 429]
        assert known[-1][2] == "60"

    @on_loop
    async def test_a_locked_login_refuses_the_right_password_until_its_time_is_over(self) -> None:
        client = await self.client()
        wrong = {"account_no": A, "password": "wrong horse"}
        for _ in range(3):
            await client.ask("POST", "/v1/login", wrong)
        right = {"account_no": A, "password": PASSWORD}
        locked = await client.ask("POST", "/v1/login", right)
        self.rig.clock.advance(60)
        opened = await client.ask("POST", "/v1/login", right)

        assert (locked[0], opened[0]) == (429, 200)

    @on_loop
    async def test_a_login_survives_a_restart_and_ends_when_unused(self) -> None:
        client = await self.client(A)
        token = client.session.headers["Authorization"]
        await self.twisted(self.rig.stop())
        await self.twisted(self.rig.start())
        again = await self.client(Authorization=token)

        assert (await again.ask("GET", "/v1/me"))[0] == 200
        self.rig.clock.advance(1800)
        assert (await again.ask("GET", "/v1/me"))[0] == 401


class SecureCookieTests(WebCase):
    web: ClassVar[dict[str, Any]] = {"cookie_secure": True}

    @on_loop
    async def test_behind_https_the_cookie_is_bound_to_this_host(self) -> None:
        client = await self.client()
        _, _, headers = await client.ask(
            "POST", "/v1/login", {"account_no": A, "password": PASSWORD}
        )

        assert headers["Set-Cookie"].startswith("__Host-hotline=")
        assert "; Secure" in headers["Set-Cookie"]


class LimitTests(WebCase):
    web: ClassVar[dict[str, Any]] = {
        "requests_per_login_s": 0.5,
        "requests_per_login_burst": 5,
        "logins_per_ip_s": 0.1,
        "logins_per_ip_burst": 3,
        "requests_per_ip_s": 1,
        "requests_per_ip_burst": 20,
        "trusted_proxies": ("127.0.0.1",),
    }

    @on_loop
    async def test_one_login_over_its_limit_waits_and_another_does_not(self) -> None:
        client, other = await self.client(A), await self.client(B)
        statuses = [(await client.ask("GET", "/v1/account"))[0] for _ in range(6)]
        _, problem, headers = await client.ask("GET", "/v1/account")

        assert statuses == [200] * 5 + [429]
        assert problem["retry_after_s"] == int(headers["Retry-After"]) == 2
        assert (await other.ask("GET", "/v1/account"))[0] == 200

    @on_loop
    async def test_tries_to_log_in_are_limited_by_address(self) -> None:
        client = await self.client(X_Forwarded_For="10.1.1.1, 198.51.100.7")
        body = {"account_no": "99999999", "password": "x"}
        statuses = [(await client.ask("POST", "/v1/login", body))[0] for _ in range(4)]
        elsewhere = await self.client(X_Forwarded_For="198.51.100.8")

        assert statuses == [401, 401, 429, 429]
        assert (await elsewhere.ask("POST", "/v1/login", body))[0] == 429  # locked, not limited
        body["account_no"] = "88888888"
        assert (await elsewhere.ask("POST", "/v1/login", body))[0] == 401
        assert (await client.ask("POST", "/v1/login", body))[0] == 429

    @on_loop
    async def test_an_address_over_its_limit_waits(self) -> None:
        client = await self.client(X_Forwarded_For="2001:db8:1:2::1")
        neighbour = await self.client(X_Forwarded_For="2001:db8:1:2::2")
        for _ in range(10):
            await client.ask("GET", "/v1/openapi.json")
            await neighbour.ask("GET", "/v1/openapi.json")

        assert (await client.ask("GET", "/v1/openapi.json"))[0] == 429
        elsewhere = await self.client(X_Forwarded_For="2001:db8:1:3::1")
        assert (await elsewhere.ask("GET", "/v1/openapi.json"))[0] == 200


class ConnectionTests(WebCase):
    web: ClassVar[dict[str, Any]] = {"connections_max": 2, "idle_timeout_s": 1.5}

    @on_loop
    async def test_a_connection_too_many_is_closed_and_idle_ones_make_room(self) -> None:
        port = self.rig.door.port
        open_ones = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        await asyncio.sleep(0.05)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)

        assert await asyncio.wait_for(reader.read(100), 1) == b""  # long before an idle one
        writer.close()
        for idle_reader, _ in open_ones:  # nothing was asked on them
            assert await asyncio.wait_for(idle_reader.read(100), 5) == b""
        client = await self.client()
        assert (await client.ask("GET", "/v1/openapi.json"))[0] == 200
        for _, idle_writer in open_ones:
            idle_writer.close()
