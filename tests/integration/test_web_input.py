"""What must not be taken: each bad input names field, value and remedy, and the door goes on."""

import asyncio
import json
from typing import Any, ClassVar

from twisted.internet.defer import fail
from yarl import URL

from gateway.core.ports import OutcomeUnknown
from tests.builders.web import A, WebCase, on_loop

ORDER = {"symbol": "600519", "side": "buy", "qty": 100, "price": "10.05"}
FAR = "9" * 30

# body, status, field, value, a part of the remedy
BAD_ORDERS: list[tuple[Any, int, str, str, str]] = [
    (b"", 400, "body", "", "one JSON object"),
    (b"{", 400, "body", "truncated", "one JSON object"),
    (b'{"symbol": "\xff"}', 400, "body", "codec", "one JSON object"),
    (b"[]", 422, "body", "", "one JSON object"),
    (b'"x"', 422, "body", "", "one JSON object"),
    (b"[" * 10_000, 422, "body", "", "one JSON object"),
    ({}, 422, "symbol", "", "add it: six digits"),
    ({**ORDER, "symbol": "60051"}, 422, "symbol", "60051", "must be six digits"),
    ({**ORDER, "symbol": "６００５１９"}, 422, "symbol", "６００５１９", "must be six digits"),
    ({**ORDER, "symbol": "600519\n"}, 422, "symbol", "600519\n", "must be six digits"),
    ({**ORDER, "symbol": None}, 422, "symbol", "null", "must be six digits"),
    ({**ORDER, "side": "up"}, 422, "side", "up", '"buy" or "sell"'),
    ({**ORDER, "side": 1}, 422, "side", "1", '"buy" or "sell"'),
    ({**ORDER, "qty": 0}, 422, "qty", "0", "whole number"),
    ({**ORDER, "qty": -100}, 422, "qty", "-100", "whole number"),
    ({**ORDER, "qty": 100.5}, 422, "qty", "100.5", "whole number"),
    ({**ORDER, "qty": "100"}, 422, "qty", "100", "whole number"),
    ({**ORDER, "qty": True}, 422, "qty", "true", "whole number"),
    ({**ORDER, "qty": 10**30}, 422, "qty", "1000000", "whole number"),
    ({**ORDER, "price": 10.05}, 422, "price", "10.05", "decimal text"),
    ({**ORDER, "price": "1e3"}, 422, "price", "1e3", "decimal text"),
    ({**ORDER, "price": "-1"}, 422, "price", "-1", "decimal text"),
    ({**ORDER, "price": "10.00001"}, 422, "price", "10.00001", "4 decimals"),
    ({**ORDER, "price": "10.05\n"}, 422, "price", "10.05\n", "decimal number"),
    ({**ORDER, "price": ""}, 422, "price", "", "decimal text"),
    ({**ORDER, "ord_type": "market"}, 422, "ord_type", "market", '"limit"'),
    ({**ORDER, "account_no": "1"}, 422, "account_no", "1", "known fields are symbol, side"),
    ({**ORDER, "x" * 200: 1}, 422, "x" * 200, "1", "remove it"),
]


class InputTests(WebCase):
    @on_loop
    async def test_a_bad_order_names_field_value_and_remedy(self) -> None:
        client = await self.client(A, Accept_Language="en")
        for n, (body, status, field, value, remedy) in enumerate(BAD_ORDERS):
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            headers = {"Idempotency-Key": f"b{n}", "Content-Type": "application/json"}
            async with client.session.post("/v1/orders", data=raw, headers=headers) as response:
                problem = await response.json(content_type="application/problem+json")
            case = (body, problem)
            assert response.status == problem["status"] == status, case
            assert problem.get("field", "") == field, case
            assert value in problem.get("value", ""), case
            assert remedy in problem["remedy"], case
        assert (await client.order())[0] == 201
        assert len((await client.ask("GET", "/v1/orders"))[1]["orders"]) == 1

    @on_loop
    async def test_a_bad_key_is_refused(self) -> None:
        client = await self.client(A)
        for key in (None, "", " ", "x" * 65, "with space", "kéy"):
            headers = {} if key is None else {"Idempotency_Key": key}
            status, problem, _ = await client.ask("POST", "/v1/orders", ORDER, **headers)
            assert (status, problem["field"]) == (400, "Idempotency-Key"), key

    @on_loop
    async def test_a_wrong_content_type_is_refused(self) -> None:
        client = await self.client(A)
        raw = json.dumps(ORDER).encode()
        for headers in (
            {"Content-Type": "text/plain"},
            {"Content-Type": "application/x-www-form-urlencoded"},
            {"Content-Type": "application/json", "Content-Encoding": "gzip"},
        ):
            headers["Idempotency-Key"] = "t"
            async with client.session.post("/v1/orders", data=raw, headers=headers) as response:
                assert response.status == 415, headers

    @on_loop
    async def test_bad_paths_methods_and_parameters_are_told_apart(self) -> None:
        client = await self.client(A, Accept_Language="en")
        for method, path, status, field in (
            ("GET", "/", 404, "path"),
            ("GET", "/v1/orders/", 404, "path"),
            ("GET", "/v1/orders/../account", 404, "path"),
            ("GET", "/v1/orders/{}", 422, "cl_ord_id"),
            ("GET", "/v1/nothing", 404, "path"),
            ("PUT", "/v1/orders", 405, "method"),
            ("POST", "/v1/orders/261123000001", 405, "method"),
            ("GET", "/v1/orders/12", 422, "cl_ord_id"),
            ("DELETE", "/v1/orders/abc", 422, "cl_ord_id"),
            ("GET", "/v1/orders/261123999999", 404, "cl_ord_id"),
            ("GET", "/v1/requests/never", 404, "idempotency_key"),
            ("GET", "/v1/orders?limit=0", 422, "limit"),
            ("GET", "/v1/orders?limit=501", 422, "limit"),
            ("GET", "/v1/orders?limit=x", 422, "limit"),
            ("GET", "/v1/orders?status=dead", 422, "status"),
            ("GET", "/v1/orders?limit=1&limit=2", 422, "query"),
            ("GET", "/v1/orders?page=2", 422, "page"),
            ("GET", "/v1/quotes", 422, "symbols"),
            ("GET", "/v1/quotes?symbols=1", 422, "symbols"),
            ("GET", "/v1/quotes?symbols=" + ",".join(["600519"] * 51), 422, "symbols"),
            ("GET", "/v1/instruments?search=", 422, "search"),
        ):
            url = self.raw_url(path)
            async with client.session.request(method, url) as response:
                problem = await response.json(content_type="application/problem+json")
            assert (response.status, problem["field"]) == (status, field), (method, path, problem)
            if status == 405:
                assert "POST" in response.headers["Allow"] or "GET" in response.headers["Allow"]

    def raw_url(self, path: str) -> Any:
        return URL(f"http://127.0.0.1:{self.rig.door.port}{path}", encoded=True)

    @on_loop
    async def test_a_password_is_never_given_back(self) -> None:
        client = await self.client()
        body = {"account_no": A, "password": "secret" * 100}
        status, problem, _ = await client.ask("POST", "/v1/login", body)

        assert (status, problem["field"]) == (422, "password")
        assert "secret" not in json.dumps(problem)

    @on_loop
    async def test_hostile_bytes_end_their_connection_and_no_other(self) -> None:
        client = await self.client(A)
        for raw in (
            b"\x00" * 100,
            b"GET / HTTP/9.9\r\n\r\n",
            b"GET " + b"/" * 10_000 + b" HTTP/1.1\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: " + b"x" * 10_000 + b"\r\n\r\n",
            b"POST /v1/orders HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
            b"POST /v1/orders HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b"GET /v1/me HTTP/1.1\r\n\r\n",
        ):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.rig.door.port)
            writer.write(raw)
            writer.write_eof()
            answer = await asyncio.wait_for(reader.read(65536), 5)
            writer.close()
            assert answer == b"" or b" 4" in answer[:13], (raw[:40], answer[:80])
        assert (await client.order())[0] == 201

    @on_loop
    async def test_every_answer_carries_the_security_headers_and_a_trace(self) -> None:
        client = await self.client(A)
        for method, path in (
            ("GET", "/v1/account"),
            ("GET", "/v1/nothing"),
            ("GET", "/v1/docs"),
            ("PUT", "/v1/orders"),
        ):
            _, _, headers = await client.ask(method, path)
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["X-Frame-Options"] == "DENY"
            assert "default-src 'none'" in headers["Content-Security-Policy"]
            assert headers["Referrer-Policy"] == "no-referrer"
            assert headers["X-Request-Id"].startswith("w")
            assert "no-" in headers["Cache-Control"]
            assert "Server" not in headers

    @on_loop
    async def test_an_answer_to_head_has_no_body_and_an_empty_one_no_length(self) -> None:
        client = await self.client(A)
        token = client.session.headers["Authorization"]
        head = f"HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n\r\n".encode()
        reader, writer = await asyncio.open_connection("127.0.0.1", self.rig.door.port)
        writer.write(b"HEAD /v1/me " + head + b"POST /v1/logout " + head)
        first = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        second = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        writer.close()

        assert first.startswith(b"HTTP/1.1 405 ")
        assert second.startswith(b"HTTP/1.1 204 ")
        assert b"Content-" not in second.replace(b"Content-Security", b"").replace(
            b"X-Content", b""
        )

    @on_loop
    async def test_old_and_closing_clients_are_answered_as_they_ask(self) -> None:
        for head, kept in (
            (b"GET /v1/openapi.json HTTP/1.0\r\n\r\n", False),
            (b"GET /v1/me HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", False),
            (b"GET /v1/me HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", True),
            (b"GET /v1/me HTTP/1.1\r\nHost: x\r\n\r\n", True),
        ):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.rig.door.port)
            writer.write(head)
            answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
            length = int(answer.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            await reader.readexactly(length)
            if kept:
                assert (b"Connection: keep-alive" in answer) is (b"HTTP/1.0" in head)
                writer.write(head)
                assert (await reader.read(12)).startswith(b"HTTP/1.1 ")
            else:
                assert b"Connection: close" in answer
                assert await asyncio.wait_for(reader.read(1), 5) == b""
            writer.close()

    @on_loop
    async def test_the_heart_stopped_is_answered_busy(self) -> None:
        client = await self.client(A)
        journal = self.rig.heart.sequencer._journal
        self.rig.heart.sequencer._journal = _Broken()
        lost = await client.order("lost")
        after = await client.order("after")
        read = await client.ask("GET", "/v1/account")
        self.rig.heart.sequencer._journal = journal
        await journal.close().asFuture(asyncio.get_running_loop())

        assert (lost[0], lost[1]["type"]) == (503, "/v1/docs#problem-unknown_outcome")
        assert (after[0], after[1]["type"]) == (503, "/v1/docs#problem-busy")
        assert read[0] == 503


class BodyLimitTests(WebCase):
    web: ClassVar[dict[str, Any]] = {"body_bytes_max": 256, "body_timeout_s": 0.2}

    @on_loop
    async def test_a_body_too_large_is_refused_announced_or_not(self) -> None:
        client = await self.client(A)
        headers = {"Idempotency-Key": "x", "Content-Type": "application/json"}

        async def chunks() -> Any:
            for _ in range(100):
                yield b" " * 100

        for body in (b" " * 257, chunks()):
            async with client.session.post("/v1/orders", data=body, headers=headers) as response:
                assert response.status == 413

    @on_loop
    async def test_a_body_that_does_not_arrive_is_not_waited_for(self) -> None:
        client = await self.client(A)
        token = client.session.headers["Authorization"]
        reader, writer = await asyncio.open_connection("127.0.0.1", self.rig.door.port)
        writer.write(
            b"POST /v1/orders HTTP/1.1\r\nHost: x\r\nIdempotency-Key: slow\r\n"
            b"Expect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: 50\r\n"
            + f"Authorization: {token}\r\n\r\n".encode()
        )
        assert await asyncio.wait_for(reader.readline(), 5) == b"HTTP/1.1 100 Continue\r\n"
        await reader.readline()
        writer.write(b"{")

        assert (await asyncio.wait_for(reader.readline(), 5)).startswith(b"HTTP/1.1 408 ")
        writer.close()


class _Broken:
    """A journal whose disk failed."""

    has_room = True

    def append(self, batch: Any) -> Any:
        return fail(OutcomeUnknown("the disk failed"))
