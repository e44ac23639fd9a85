"""Orders over HTTP on a real heart and journal: taken once, answered when durable, told apart."""

import asyncio

from risk.domain.enums import ExecType, OrdStatus
from tests.builders.web import A, B, WebCase, on_loop


class OrderTests(WebCase):
    @on_loop
    async def test_an_order_is_accepted_and_shown(self) -> None:
        client = await self.client(A)

        status, answer, headers = await client.ask(
            "POST",
            "/v1/orders",
            {"symbol": "600519", "side": "buy", "qty": 200, "price": "10.05"},
            Idempotency_Key="first",
        )

        assert status == 201, answer
        assert answer["cl_ord_id"] == "261123000001"
        assert answer["order_no"] == 1
        assert answer["price"] == "10.05"
        assert answer["accepted_at"] == "2026-11-23T10:00:00.000000+08:00"
        assert headers["Location"] == "/v1/orders/261123000001"
        assert headers["X-Request-Id"] == answer["trace_id"]
        status, shown, _ = await client.ask("GET", headers["Location"])
        assert status == 200
        assert (shown["ord_status"], shown["leaves_qty"]) == ("pending_new", 200)
        status, cash, _ = await client.ask("GET", "/v1/account")
        assert cash["cash"] == "1000000.00"
        assert cash["frozen"] == answer["reserved"]
        assert float(cash["free"]) == 1_000_000 - float(answer["reserved"])

    @on_loop
    async def test_fills_reach_orders_fills_cash_and_positions(self) -> None:
        client = await self.client(A)
        _, order = await client.order(qty=200)
        await self.twisted(self.rig.fill(order["cl_ord_id"], 100, 100_000))
        await self.twisted(self.rig.fill(order["cl_ord_id"], 100, 100_500))

        _, shown, _ = await client.ask("GET", f"/v1/orders/{order['cl_ord_id']}")
        _, fills, _ = await client.ask("GET", "/v1/fills")
        _, positions, _ = await client.ask("GET", "/v1/positions")
        _, cash, _ = await client.ask("GET", "/v1/account")

        assert (shown["ord_status"], shown["cum_qty"]) == ("filled", 200)
        assert shown["avg_px"] == "10.025"
        assert [fill["last_px"] for fill in fills["fills"]] == ["10.05", "10.00"]
        assert positions["positions"][0]["qty"] == 200
        assert positions["positions"][0]["sellable_qty"] == 0  # T+1
        assert cash["frozen"] == "0.00"
        assert float(cash["cash"]) == round(1_000_000 - 2005 - float(shown["fees"]), 4)

    @on_loop
    async def test_the_same_key_is_the_same_order_and_another_body_is_refused(self) -> None:
        client = await self.client(A)
        first = await client.order("again")
        second = await client.order("again")
        third = await client.order("again", qty=300)

        assert first[0] == second[0] == 201
        assert first[1] == second[1]
        assert third[0] == 409
        assert third[1]["reason_name"] == "REQUEST_ID_REUSED"
        _, orders, _ = await client.ask("GET", "/v1/orders")
        assert len(orders["orders"]) == 1

    @on_loop
    async def test_requests_in_flight_with_one_key_are_one_order(self) -> None:
        client = await self.client(A)

        answers = await asyncio.gather(*(client.order("same") for _ in range(10)))

        assert {status for status, _ in answers} == {201}
        assert len({answer["cl_ord_id"] for _, answer in answers}) == 1

    @on_loop
    async def test_a_key_is_remembered_over_a_restart(self) -> None:
        client = await self.client(A)
        first = await client.order("kept")
        token = client.session.headers["Authorization"]
        await self.twisted(self.rig.stop())
        await self.twisted(self.rig.start())
        again = await self.client(Authorization=token)

        assert await again.order("kept") == first
        status, outcome, _ = await again.ask("GET", "/v1/requests/kept")
        assert (status, outcome) == first

    @on_loop
    async def test_keys_of_two_accounts_do_not_meet(self) -> None:
        one, other = await self.client(A), await self.client(B)
        first, second = await one.order("shared"), await other.order("shared")

        assert first[0] == second[0] == 201
        assert first[1]["cl_ord_id"] != second[1]["cl_ord_id"]

    @on_loop
    async def test_a_denial_names_reason_figures_and_words_in_the_askers_language(self) -> None:
        client = await self.client(A)
        body = {"symbol": "600519", "side": "buy", "qty": 150, "price": "10.05"}
        answers = [
            await client.ask(
                "POST", "/v1/orders", body, Idempotency_Key=f"d{n}", Accept_Language=language
            )
            for n, language in enumerate(("en", "zh-CN,en;q=0.5", "fr"))
        ]

        status, english, headers = answers[0]
        assert status == 422
        assert headers["Content-Type"] == "application/problem+json"
        assert english["reason"] == 209
        assert english["reason_name"] == "OFF_LOT"
        assert english["type"] == "/v1/docs#problem-off_lot"
        assert english["title"] == "Off lot"
        assert english["figures"] == {"lot": 100}
        assert english["detail"] == "the quantity must be a multiple of 100"
        assert english["trace_id"] == headers["X-Request-Id"]
        assert answers[1][1]["detail"] == "数量必须是100的整数倍"
        assert answers[2][1]["detail"] == "数量必须是100的整数倍"  # the customer's own

    @on_loop
    async def test_figures_of_money_are_decimal_text(self) -> None:
        client = await self.client(A)
        status, problem = await client.order(qty=1_000_000)

        assert (status, problem["reason_name"]) == (422, "BUYING_POWER")
        assert problem["figures"]["free"] == "1000000.00"
        assert problem["figures"]["need"].startswith("100")

    @on_loop
    async def test_an_order_is_cancelled_once(self) -> None:
        client = await self.client(A)
        _, order = await client.order()
        path = f"/v1/orders/{order['cl_ord_id']}"
        new = (order["cl_ord_id"], ExecType.NEW, OrdStatus.NEW)
        await self.twisted(self.rig.report(*new, leaves_qty=100))

        status, cancel, _ = await client.ask("DELETE", path)
        again = await client.ask("DELETE", path)
        _, shown, _ = await client.ask("GET", path)

        assert status == 200, cancel
        assert cancel["orig_cl_ord_id"] == order["cl_ord_id"]
        assert again[0] == 409
        assert again[1]["reason_name"] == "CANCEL_PENDING"
        assert shown["is_cancel_requested"] is True

    @on_loop
    async def test_a_cancel_with_a_key_may_be_asked_again(self) -> None:
        client = await self.client(A)
        _, order = await client.order()
        path = f"/v1/orders/{order['cl_ord_id']}"

        first = await client.ask("DELETE", path, Idempotency_Key="c1")
        second = await client.ask("DELETE", path, Idempotency_Key="c1")
        found = await client.ask("GET", "/v1/requests/c1")

        assert first[:2] == second[:2] == found[:2]
        assert first[0] == 200

    @on_loop
    async def test_nothing_of_one_account_is_seen_or_touched_by_another(self) -> None:
        one, other = await self.client(A), await self.client(B)
        _, order = await one.order("mine")
        await self.twisted(self.rig.fill(order["cl_ord_id"], 100, 100_000))
        path = f"/v1/orders/{order['cl_ord_id']}"

        assert (await other.ask("GET", path))[0] == 404
        status, problem, _ = await other.ask("DELETE", path)
        assert status in (403, 404), problem
        assert (await other.ask("GET", "/v1/requests/mine"))[0] == 404
        assert (await other.ask("GET", "/v1/orders"))[1] == {"orders": []}
        assert (await other.ask("GET", "/v1/fills"))[1] == {"fills": []}
        assert (await other.ask("GET", "/v1/positions"))[1] == {"positions": []}
        assert (await other.ask("GET", "/v1/account"))[1]["cash"] == "1000000.00"

    @on_loop
    async def test_open_orders_are_listed_apart(self) -> None:
        client = await self.client(A)
        _, done = await client.order()
        _, live = await client.order(qty=300)
        await self.twisted(self.rig.fill(done["cl_ord_id"], 100, 100_000))

        _, some, _ = await client.ask("GET", "/v1/orders?status=open")
        _, newest, _ = await client.ask("GET", "/v1/orders?limit=1")

        assert [one["cl_ord_id"] for one in some["orders"]] == [live["cl_ord_id"]]
        assert [one["cl_ord_id"] for one in newest["orders"]] == [live["cl_ord_id"]]

    @on_loop
    async def test_quotes_and_instruments_are_found(self) -> None:
        client = await self.client(A)
        self.rig.tick("600519", 99_900, 100_100, 100_000)

        _, quotes, _ = await client.ask("GET", "/v1/quotes?symbols=600519,000001")
        _, found, _ = await client.ask("GET", "/v1/instruments?search=6005")
        missing = await client.ask("GET", "/v1/quotes?symbols=600519,999999", Accept_Language="en")

        assert quotes["quotes"][0]["bid"] == "9.99"
        assert quotes["quotes"][1] == {
            "symbol": "000001",
            "bid": "",
            "ask": "",
            "last": "",
            "prev_close": "10.00",
            "received_at": "",
        }
        assert found["instruments"][0]["name_zh"] == "贵州茅台"
        assert missing[0] == 404
        assert missing[1]["value"] == "999999"

    @on_loop
    async def test_while_closed_orders_are_denied_and_the_key_stays_free(self) -> None:
        client = await self.client(A)
        self.rig.heart.sequencer.accept(False)
        denied = await client.order("later")
        self.rig.heart.sequencer.accept(True)
        taken = await client.order("later")

        assert (denied[0], denied[1]["reason_name"]) == (503, "NOT_ACCEPTING")
        assert taken[0] == 201
