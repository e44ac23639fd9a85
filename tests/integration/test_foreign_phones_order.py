"""Phones nobody here wrote place an order through the whole gateway: SIPp and baresip.

Everything is real and on loopback: SIP and RTP, the call flow, journal, FIX, the simulated
exchange, SMPP. Keys are pressed ahead of the prompts; the confirmation comes after the read-back.
"""

import sqlite3
import tempfile
import time
from pathlib import Path
from typing import ClassVar

import pytest
from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from gateway.app.stage import Stage
from gateway.journal.heart import journal_storage
from gateway.journal.reader import events_after
from gateway.journal.settings import JournalSettings
from risk.domain.enums import Channel
from risk.domain.events import Filled, OrderAccepted
from tests.peers.baresip import Baresip
from tests.peers.sipp_caller import sipp

pytestmark = pytest.mark.peer("sipp", "baresip")

CONFIG = Path(__file__).parents[2] / "config"
KEYS = "110000001#135790#1600036#41*30#200#"
READ_BACK_S = 16.0
FILL_S_MAX = 30.0


class ForeignPhones(TestCase):
    """One gateway for both phones: its start costs more than a call."""

    timeout = 170
    folder: ClassVar["tempfile.TemporaryDirectory[str]"]
    stage: ClassVar[Stage]

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        cls.stage = Stage(Path(cls.folder.name) / "stage", CONFIG)
        cls.stage.start_far_ends()
        cls.stage.write_settings({"house": {"duplicate_window_s": 0}})
        cls.stage.init(CONFIG / "demo" / "accounts.csv")
        cls.stage.start_gateway()

    @classmethod
    def tearDownClass(cls) -> None:
        cls.stage.stop()
        cls.folder.cleanup()

    @property
    def port(self) -> int:
        return self.stage.ports["gateway.sip_port"]

    def orders(self) -> list[OrderAccepted]:
        storage = journal_storage(self.stage.folder / "data", JournalSettings())
        return [e for _, e in events_after(storage) if isinstance(e, OrderAccepted)]

    async def told(self, order: OrderAccepted) -> None:
        """Wait until the order is filled and its customer has an SMS receipt for it."""
        until = time.monotonic() + FILL_S_MAX
        storage = journal_storage(self.stage.folder / "data", JournalSettings())
        while time.monotonic() < until:
            fills = [
                event
                for _, event in events_after(storage)
                if isinstance(event, Filled) and event.cl_ord_id == order.cl_ord_id
            ]
            if fills and fills[-1].leaves_qty == 0 and self._receipts(order) >= len(fills):
                return
            await deferLater(reactor, 0.2)
        self.fail(f"{order.cl_ord_id} was not filled and told within {FILL_S_MAX} s")

    def _receipts(self, order: OrderAccepted) -> int:
        with sqlite3.connect(self.stage.folder / "data" / "outbox.sqlite") as outbox:
            counted = outbox.execute(
                "select count(*) from notices where cl_ord_id = ? and route = 1 and receipt_ns > 0",
                (order.cl_ord_id,),
            )
            return int(counted.fetchone()[0])

    async def test_sipp_places_an_order(self) -> None:
        before = len(self.orders())
        steps = [1.0, KEYS, READ_BACK_S, "1", 4.0]
        await sipp("keys_then_bye.xml", self.port, Path(self.folder.name), steps=steps)

        (order,) = self.orders()[before:]
        assert order[4:8] == ("10000001", "600036", 1, 200)
        assert (order.price_e4, order.channel) == (413_000, Channel.PHONE)
        await self.told(order)

    async def test_baresip_places_an_order(self) -> None:
        before = len(self.orders())
        phone = await Baresip.start(Path(self.folder.name) / "baresip", codec="PCMA")
        self.addCleanup(phone.stop)
        assert await phone.dial(f"sip:95500@127.0.0.1:{self.port}")
        await phone.press(KEYS)
        await deferLater(reactor, READ_BACK_S)
        await phone.press("1")
        await deferLater(reactor, 4.0)
        phone.hang_up()
        await phone.closed()

        (order,) = self.orders()[before:]
        assert (order.symbol, order.qty, order.channel) == ("600036", 200, Channel.PHONE)
        await self.told(order)
