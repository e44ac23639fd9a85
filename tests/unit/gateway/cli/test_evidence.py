"""`hotline evidence` and `hotline ladder` over a real journal and store with one call's order."""

import tempfile
from pathlib import Path

from click.testing import CliRunner
from sqlalchemy import create_engine, update
from twisted.internet import reactor
from twisted.trial.unittest import TestCase

from gateway.cli.evidence import evidence
from gateway.cli.ladder import ladder
from gateway.core.tasks import Tasks
from gateway.evidence.call_log import StoredCalls, encode
from gateway.evidence.respeak import readback_text
from gateway.ivr.call_record import Acted, CallRecord, Heard
from gateway.journal.storage import DiskStorage
from gateway.media.prompts import load
from gateway.refdata.tables import read_listings
from gateway.store.database import Database, write_once
from gateway.store.settings import StoreSettings, store_url
from gateway.store.tables import CALLS
from risk.domain.enums import Channel, Language
from risk.domain.events import OrderAccepted
from tests.builders.evidence import a_record
from tests.builders.heart import Morning, a_buy, a_heart, set_up

CONFIG = Path(__file__).parents[4] / "config"
CALL_NO = "261123-100000-0001"
STORE = StoreSettings(file="calls.sqlite")  # not the usual one: settings say where to look
REQUEST = f"phone:{CALL_NO}:1"


class EvidenceTests(TestCase):
    async def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.settings = self.folder / "hotline.toml"
        self.settings.write_text(
            f'[gateway]\ndata_folder = "{self.folder}"\nconfig_folder = "{CONFIG}"\n'
            f'[store]\nfile = "{STORE.file}"\n'
        )
        storage = DiskStorage(self.folder / "journal")
        storage.lock()
        heart = a_heart(storage, reactor, reactor, Morning())
        await set_up(heart)
        asked = a_buy(REQUEST, trace_id=CALL_NO, channel=Channel.PHONE)
        order = await heart.sequencer.submit(asked)
        assert isinstance(order, OrderAccepted)
        self.url = store_url(STORE, self.folder)
        database = Database(self.url, STORE, reactor)
        database.start()
        calls = StoredCalls(
            database, heart.sequencer.submit, Tasks(reactor), self.folder, Morning()
        )
        self.record = self.record_of(order)
        await calls.note(self.record)
        database.stop()
        await heart.lifecycle.close()
        storage.unlock()

    def record_of(self, order: OrderAccepted) -> CallRecord:
        listings = read_listings(CONFIG / "demo" / "instruments.csv")
        listing = next(row for row in listings if row.symbol == order.symbol)
        words = readback_text(load(CONFIG / "prompts"), order, listing, Language.ZH)
        acted = (9_000, "order.submit", "submit_order", "accepted", REQUEST, order.cl_ord_id)
        return a_record(
            call_no=CALL_NO,
            account_no=order.account_no,
            heard=(Heard(5_000, "order.confirm", "order.readback_buy", words, "zh"),),
            acted=(Acted(*acted, account_no=order.account_no),),
        )

    def ask(self, *arguments: str) -> tuple[int, str]:
        command = [f"--config={self.settings}", *arguments]
        result = CliRunner().invoke(evidence, command)
        return result.exit_code, result.output

    def change_record(self) -> None:
        """Change the stored record, as somebody with the file could."""
        changed = encode(a_record(call_no=CALL_NO, ani="13911111111"))
        engine = create_engine(self.url)
        write_once(engine, lambda c: c.execute(update(CALLS).values(record=changed)))
        engine.dispose()

    def test_an_order_is_shown_with_its_call_and_what_was_read_back(self) -> None:
        code, text = self.ask("1")
        assert code == 0, text
        assert f"call        {CALL_NO}" in text
        assert "digest      as in the journal" in text
        assert "read-back   as accepted" in text

    def test_a_record_that_was_changed_is_told_apart(self) -> None:
        self.change_record()
        for arguments in (["1"], ["--call", CALL_NO]):
            code, text = self.ask(*arguments)
            assert code == 0
            assert "digest      CHANGED after the call" in text

    def test_calls_are_found_by_number_and_account(self) -> None:
        for arguments in (["--calls"], ["--ani", "13800138000"], ["--account", "10000001"]):
            code, text = self.ask(*arguments)
            assert (code, CALL_NO in text) == (0, True), arguments
        assert CALL_NO not in self.ask("--ani", "13900139000")[1]

    def test_what_is_not_there_is_named_with_the_way_to_find_it(self) -> None:
        for arguments in (["77"], ["--call", "none"]):
            result = CliRunner().invoke(evidence, [f"--config={self.settings}", *arguments])
            assert result.exit_code == 1
            assert "check the number" in str(result.exception) or "--calls" in str(result.exception)

    def test_wrong_usage_is_named(self) -> None:
        for arguments in ([], ["1", "--call", "x"], ["--calls", "--speak", "a.wav"], ["1x"]):
            assert self.ask(*arguments)[0] == 2, arguments

    def test_the_ladder_of_the_call_is_shown(self) -> None:
        result = CliRunner().invoke(ladder, [f"--config={self.settings}", CALL_NO])
        assert result.exit_code == 0
        assert "INVITE (SDP)" in result.output
