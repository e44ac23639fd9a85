"""The stream: orders in, snapshot then changes out; a reader that does not read is cut."""

import asyncio
import json

import aiohttp
import pytest

from risk.domain import commands as c
from risk.domain.enums import ExecType, OrdStatus
from tests.builders.identity import PASSWORD
from tests.builders.web import DAY, A, B, WebCase, on_loop
from tests.builders.web_stream import ORDER, opened


class StreamTests(WebCase):
    @on_loop
    async def test_orders_and_cancels_are_answered_by_request_id(self) -> None:
        stream = await opened(await self.client(A))

        await stream.say(
            {**ORDER, "request_id": "one"},
            {**ORDER, "request_id": "two", "qty": 150},
            {**ORDER, "request_id": "one"},
        )
        answers = [await stream.hear() for _ in range(3)]
        by_type = {answer["type"]: answer for answer in answers}
        cl_ord_id = by_type["accepted"]["order"]["cl_ord_id"]
        await stream.say({"type": "cancel", "request_id": "three", "cl_ord_id": cl_ord_id})
        cancelled = await stream.hear()

        assert sorted(answer["n"] for answer in answers) == [1, 2, 3]
        assert [a["request_id"] for a in answers if a["type"] == "accepted"] == ["one", "one"]
        assert by_type["problem"]["request_id"] == "two"
        assert by_type["problem"]["problem"]["reason_name"] == "OFF_LOT"
        assert (cancelled["type"], cancelled["n"]) == ("cancel_requested", 4)
        assert cancelled["cancel"]["orig_cl_ord_id"] == cl_ord_id

    @on_loop
    async def test_a_request_id_is_the_same_over_http_and_stream(self) -> None:
        client = await self.client(A)
        stream = await opened(client)
        _, first = await client.order("both")
        await stream.say({**ORDER, "request_id": "both"})

        assert (await stream.hear())["order"]["cl_ord_id"] == first["cl_ord_id"]

    @on_loop
    async def test_a_snapshot_comes_first_and_changes_follow(self) -> None:
        client = await self.client(A)
        _, old = await client.order("old")
        stream = await opened(client)
        topics = ["orders", "fills", "cash", "positions"]
        await stream.say({"type": "subscribe", "topics": topics, "symbols": ["600519"]})
        snapshot = await stream.hear()
        await self.twisted(self.rig.fill(old["cl_ord_id"], 100, 100_000))
        changes = [await stream.hear() for _ in range(4)]

        assert (snapshot["type"], snapshot["n"]) == ("snapshot", 1)
        assert [order["cl_ord_id"] for order in snapshot["orders"]] == [old["cl_ord_id"]]
        assert snapshot["account"]["frozen"] == old["reserved"]
        assert snapshot["positions"] == snapshot["fills"] == []
        assert snapshot["quotes"][0]["symbol"] == "600519"
        assert [one["type"] for one in changes] == ["order", "fill", "cash", "position"]
        assert [one["n"] for one in changes] == [2, 3, 4, 5]
        assert changes[0]["order"]["ord_status"] == "filled"
        assert changes[1]["fill"]["last_px"] == "10.00"
        assert changes[2]["account"]["frozen"] == "0.00"
        assert changes[3]["position"]["qty"] == 100
        _, fills, _ = await client.ask("GET", "/v1/fills")
        assert fills["fills"] == [changes[1]["fill"]]

    @on_loop
    async def test_only_what_was_asked_for_is_told(self) -> None:
        client = await self.client(A)
        silent, fills, cash = [await opened(client) for _ in range(3)]
        await fills.say({"type": "subscribe", "topics": ["fills"]})
        await cash.say({"type": "subscribe", "topics": ["cash"]})
        await cash.hear()
        snapshot = await fills.hear()
        _, order = await client.order()
        await self.twisted(self.rig.fill(order["cl_ord_id"], 100, 100_000))
        for stream in (silent, fills, cash):
            await stream.say({"type": "ping", "id": "end"})

        assert set(snapshot) == {"type", "n", "event_seq", "fills"}
        assert await fills.hear_types(2) == ["fill", "pong"]
        assert await cash.hear_types(3) == ["cash", "cash", "pong"]
        assert await silent.hear() == {"type": "pong", "n": 1, "id": "end"}

    @on_loop
    async def test_nothing_of_another_account_is_told(self) -> None:
        one, other = await self.client(A), await self.client(B)
        own, stream = await opened(one), await opened(other)
        for each in (own, stream):
            await each.say({"type": "subscribe", "topics": ["fills", "cash", "positions"]})
        await own.hear()
        snapshot = await stream.hear()
        _, order = await one.order()
        await self.twisted(self.rig.fill(order["cl_ord_id"], 100, 100_000))
        await stream.say(
            {"type": "cancel", "request_id": "x", "cl_ord_id": order["cl_ord_id"]},
            {"type": "ping"},
        )

        assert snapshot["fills"] == snapshot["positions"] == []
        assert sorted(await stream.hear_types(2)) == ["pong", "problem"]
        assert await own.hear_types(4) == ["cash", "fill", "cash", "position"]

    @on_loop
    async def test_a_bust_and_an_end_by_the_venue_are_told(self) -> None:
        client = await self.client(A)
        stream = await opened(client)
        await stream.say({"type": "subscribe", "topics": ["orders", "fills"]})
        await stream.hear()
        _, order = await client.order(qty=200)
        assert (await stream.hear())["order"]["ord_status"] == "pending_new"
        await self.twisted(self.rig.fill(order["cl_ord_id"], 100, 100_000))
        fill = [await stream.hear(), await stream.hear()][1]["fill"]
        await self.twisted(
            self.rig.report(
                order["cl_ord_id"],
                ExecType.TRADE_CANCEL,
                OrdStatus.NEW,
                last_qty=100,
                last_px_e4=100_000,
                leaves_qty=200,
                exec_ref_id=fill["exec_id"],
            )
        )
        bust = [await stream.hear(), await stream.hear()]
        await self.twisted(self.rig.report(order["cl_ord_id"], ExecType.EXPIRED, OrdStatus.EXPIRED))
        ended = await stream.hear()

        assert (bust[0]["order"]["cum_qty"], bust[0]["order"]["leaves_qty"]) == (0, 200)
        assert (bust[1]["fill"]["exec_id"], bust[1]["fill"]["is_busted"]) == (fill["exec_id"], True)
        assert (ended["order"]["ord_status"], ended["order"]["leaves_qty"]) == ("expired", 0)

    @on_loop
    async def test_a_sale_moves_the_holding_when_it_is_entered_and_a_buy_when_it_is_filled(
        self,
    ) -> None:
        client = await self.client(A)
        await self.rig.heart.sequencer.submit(
            c.MoveShares("shares", A, "000001", 500, 5_000_000)
        ).asFuture(asyncio.get_running_loop())
        stream = await opened(client)
        await stream.say({"type": "subscribe", "topics": ["positions"]})
        await stream.hear()
        await client.order(qty=100)
        status, sale = await client.order(symbol="000001", side="sell", qty=200)
        sold = await stream.hear()

        assert status == 201, sale
        assert (sold["position"]["symbol"], sold["position"]["sellable_qty"]) == ("000001", 300)

    @on_loop
    async def test_a_second_stream_begins_from_a_snapshot_that_holds_what_was_missed(self) -> None:
        client = await self.client(A)
        first = await opened(client)
        await first.say({"type": "subscribe", "topics": ["orders"]})
        before = await first.hear()
        await first.ws.close()
        _, order = await client.order()
        second = await opened(client)
        await second.say({"type": "subscribe", "topics": ["orders"]})
        after = await second.hear()

        assert before["orders"] == []
        assert after["n"] == 1
        assert after["event_seq"] > before["event_seq"]
        assert [one["cl_ord_id"] for one in after["orders"]] == [order["cl_ord_id"]]

    @on_loop
    async def test_a_new_day_is_a_new_snapshot(self) -> None:
        client = await self.client(A)
        await client.order()
        stream = await opened(client)
        await stream.say({"type": "subscribe", "topics": ["orders"]})
        await stream.hear()
        self.rig.clock.advance(86_400)
        await self.rig.heart.sequencer.submit(c.StartDay("next", DAY + 1)).asFuture(
            asyncio.get_running_loop()
        )
        heard = await stream.hear()

        assert (heard["type"], heard["orders"]) == ("snapshot", [])

    @on_loop
    async def test_bad_messages_are_answered_one_by_one_and_the_stream_goes_on(self) -> None:
        stream = await opened(await self.client(A, Accept_Language="en"))
        for text in ("{", '{"type":"up"}', '{"type":"submit","request_id":"r","qty":1}', "[1]"):
            await stream.ws.send_str(text)
        await stream.say({**ORDER, "request_id": "q", "qty": "100"}, {"type": "ping"})
        heard = [await stream.hear() for _ in range(6)]

        assert [one["type"] for one in heard] == ["problem"] * 5 + ["pong"]
        problems = [one["problem"] for one in heard[:5]]
        assert problems[0]["type"] == "/v1/docs#problem-malformed_json"
        assert (problems[1]["field"], problems[1]["value"]) == ("type", "up")
        assert problems[1]["remedy"] == "must be one of submit, cancel, subscribe, ping"
        assert problems[2]["field"] == "symbol"
        assert (problems[4]["field"], problems[4]["value"]) == ("qty", "100")

    @on_loop
    async def test_too_many_bad_messages_end_the_stream(self) -> None:
        stream = await opened(await self.client(A))
        for _ in range(100):
            await stream.ws.send_str("{")

        assert await stream.closed() == 1008

    @on_loop
    async def test_binary_and_oversized_messages_end_the_stream_and_no_other(self) -> None:
        client = await self.client(A)
        binary, large, other = [await opened(client) for _ in range(3)]
        await binary.ws.send_bytes(b"{}")
        await large.ws.send_str(json.dumps({"type": "ping", "id": "x" * 20_000}))
        await other.say({"type": "ping"})

        assert await binary.closed() == 1003
        assert await large.closed() == 1009
        assert await other.hear_types(1) == ["pong"]

    @on_loop
    async def test_the_end_of_the_login_ends_its_streams_and_no_other(self) -> None:
        one, other = await self.client(A), await self.client(A)
        first, second = await opened(one), await opened(other)
        status, _, _ = await one.ask("POST", "/v1/logout")
        await second.say({"type": "ping"})

        assert status == 204
        assert await first.closed() == 4401
        assert await second.hear_types(1) == ["pong"]

    @on_loop
    async def test_a_new_password_ends_the_streams(self) -> None:
        stream = await opened(await self.client(A))
        await self.twisted(self.rig.identity.logins.replace_password(A, PASSWORD + "2"))

        assert await stream.closed() == 4401

    @on_loop
    async def test_a_page_of_another_site_opens_no_stream_by_cookie(self) -> None:
        client = await self.client(A, kind="cookie")
        own = f"http://127.0.0.1:{self.rig.door.port}"
        stream = await opened(client, Origin=own)
        await stream.say({"type": "ping"})
        assert await stream.hear_types(1) == ["pong"]
        for origin in ("https://evil.example", "null", ""):
            with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                await opened(client, Origin=origin)
            assert caught.value.status == 403

    @on_loop
    async def test_without_an_upgrade_the_answer_says_what_is_needed(self) -> None:
        client = await self.client(A)
        status, problem, _ = await client.ask("GET", "/v1/stream")

        assert (status, problem["field"]) == (422, "Upgrade")
