"""The life of one order, and the proof of a whole journal, over a real morning on a real disk."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from click.testing import CliRunner
from twisted.internet import reactor
from twisted.internet.defer import gatherResults
from twisted.trial.unittest import TestCase

from gateway.cli.replay import replay, replay_command
from gateway.core.ports import Batch
from gateway.journal.errors import JournalCorrupt
from gateway.journal.reader import events_after
from gateway.journal.segment import open_end, segment_names
from gateway.journal.snapshots import snapshot_names
from gateway.journal.storage import DiskStorage
from gateway.journal.story import OrderKeys, StoryLine, last_day, order_story
from gateway.journal.verify import verify
from gateway.journal.writer import GroupWriter
from risk.domain.commands import CancelOrder, RecordRouted
from risk.domain.enums import Channel
from risk.domain.errors import InvariantBroken
from risk.domain.events import Filled, OrderAccepted
from tests.builders.heart import DAY, MORNING_NS, Morning, a_buy, a_fill, a_heart, set_up
from tests.builders.journal import commit


class MorningTests(TestCase):
    async def setUp(self) -> None:
        """Trade a morning into a data folder: order 2 is routed, cancelled and filled."""
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.data = Path(folder.name)
        self.storage = DiskStorage(self.data / "journal")
        self.storage.lock()
        self.addCleanup(self.storage.unlock)
        now_ns = Morning()
        heart = a_heart(self.storage, reactor, reactor, now_ns)
        await set_up(heart)
        orders = [a_buy(f"web:{n}", trace_id=f"t{n}", qty=100 * (n + 1)) for n in range(3)]
        accepted = await gatherResults([heart.sequencer.submit(order) for order in orders])
        order = accepted[1]
        assert isinstance(order, OrderAccepted)
        submit = heart.sequencer.submit
        other, _, another = (each.cl_ord_id for each in accepted)
        sent_with_it = (order.cl_ord_id, another)
        await submit(RecordRouted("r1", other, "GW-SSE", now_ns(), False, sent_with_it))
        cancel = CancelOrder("web:c", order.account_no, order.cl_ord_id, Channel.WEB)
        requested = await submit(cancel)
        await submit(RecordRouted("r2", requested.cl_ord_id, "GW-SSE", now_ns()))
        await submit(a_fill(order, 2, transact_ns=now_ns()))
        await heart.lifecycle.close()
        self.others = [other, another]
        self.cancel_id = requested.cl_ord_id
        self.order = order
        self.heart = heart

    def cli(self, *arguments: str) -> tuple[int, str]:
        """Run `hotline replay` over the data folder; return exit code and output."""
        result = CliRunner().invoke(replay, ["--data", str(self.data), *arguments])
        return result.exit_code, result.output

    def test_a_story_tells_everything_about_the_order_and_nothing_else(self) -> None:
        story = order_story(self.storage, self.order.cl_ord_id)
        assert story is not None
        names = [line.text.split()[0 if line.part == "command" else 1] for line in story.lines]
        told = [n for n, line in zip(names, story.lines, strict=True) if line.part == "event"]
        assert told == [
            "OrderAccepted",
            "OrderRouted",
            "CancelRequested",
            "OrderRouted",
            "Filled",
        ]
        assert story.keys.cl_ord_ids == {self.order.cl_ord_id, self.cancel_id}
        assert story.keys.trace_ids == {"t1"}
        routed = [line.text for line in story.lines if "Routed" in line.text]
        assert all(self.order.cl_ord_id in text for text in routed[:2])
        assert not any(other in text for text in routed for other in self.others)
        assert "web:1" in story.keys.request_ids
        assert "web:0" not in story.keys.request_ids
        times = [line.at_ns for line in story.lines]
        assert times == sorted(times)

    def test_order_is_found_by_number_day_and_id(self) -> None:
        number = str(self.order.order_no)
        for arguments in ([number], [number, "--day", str(DAY)], [self.order.cl_ord_id]):
            code, output = self.cli("--order", *arguments)
            assert code == 0, output
            assert f"ClOrdID {self.order.cl_ord_id}" in output
            assert "last_px=10.00" in output
            assert "2026-11-23 10:00:00" in output

    def test_other_rooms_add_their_lines_in_time_order(self) -> None:
        asked: list[OrderKeys] = []

        def calls(keys: OrderKeys) -> list[StoryLine]:
            asked.append(keys)
            return [StoryLine(MORNING_NS - 5_000_000, "phone", "key 1 pressed")]

        command = replay_command(lambda data_folder: [calls])
        result = CliRunner().invoke(
            command, ["--data", str(self.data), "--order", str(self.order.order_no)]
        )
        lines = result.output.splitlines()
        assert "key 1 pressed" in lines[1]
        assert asked[0].trace_ids == {"t1"}

    def test_an_unknown_order_says_what_to_do(self) -> None:
        code, output = self.cli("--order", "77")
        assert code == 1
        assert "has no order 261123000077: check the number, or give --day" in output

    def test_events_are_listed_by_number(self) -> None:
        code, output = self.cli("--events", "2..4")
        assert code == 0
        assert [line.split("#")[1].split()[0] for line in output.splitlines()] == ["2", "3", "4"]

    def test_verify_proves_chain_fingerprints_and_snapshots(self) -> None:
        proven = verify(self.storage)
        assert proven.fingerprint_count == 1
        assert proven.snapshot_count == 1
        assert proven.event_count == self.heart.bus.durable_seq
        assert proven.book.fingerprint() == self.heart.book.fingerprint()
        code, output = self.cli("--verify")
        assert code == 0, output
        assert output.endswith("verify: ok\n")
        assert self.heart.book.fingerprint().hex() in output

    def test_verify_tells_a_flipped_byte(self) -> None:
        name = segment_names(self.storage)[0]
        path = self.data / "journal" / name
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
        with pytest.raises(JournalCorrupt, match=name):
            verify(self.storage)
        result = CliRunner().invoke(replay, ["--data", str(self.data), "--verify"])
        assert result.exit_code == 1
        assert isinstance(result.exception, JournalCorrupt)

    def test_verify_tells_a_journal_that_was_cut_before_its_snapshot(self) -> None:
        path = self.data / "journal" / segment_names(self.storage)[0]
        path.write_bytes(path.read_bytes()[:-3])
        with pytest.raises(JournalCorrupt, match="at which a snapshot was taken"):
            verify(self.storage)

    def test_verify_tells_a_book_that_contradicts_itself(self) -> None:
        filled = next(e for _, e in events_after(self.storage) if isinstance(e, Filled))
        first = self.order._replace(cl_ord_id="261123000001", order_no=1)
        wrong = filled._replace(
            cl_ord_id=first.cl_ord_id, exec_id="E9", last_qty=50, cum_qty=100, leaves_qty=0
        )
        writer = GroupWriter(self.storage, open_end(self.storage), 1 << 30)
        asked = a_fill(first, 9)
        commit(writer, [Batch(writer.end.next_event_seq, MORNING_NS, [asked], [[wrong]])])
        with pytest.raises(InvariantBroken, match="contradicts itself"):
            verify(self.storage)

    def test_verify_needs_no_snapshot(self) -> None:
        (self.data / "journal" / snapshot_names(self.storage)[0]).write_bytes(b"rubbish")
        proven = verify(self.storage)
        assert (proven.snapshot_count, proven.damaged_snapshot_count) == (0, 1)

    def test_events_beyond_the_end_are_told_apart_from_none_asked(self) -> None:
        code, output = self.cli("--events", "9000..9100")
        assert code == 1
        assert "the journal has no events 9000..9100" in output

    def test_the_last_day_is_the_one_last_started(self) -> None:
        assert last_day(self.storage) == DAY


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "give one of --verify, --order N, --events FROM..TO"),
        (["--verify", "--order", "1"], "give one of"),
        (["--day", "20261123", "--verify"], "--day belongs to --order"),
        (["--verify"], "there is no journal in"),
    ],
)
def test_wrong_usage_says_what_to_give(arguments: list[str], told: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(replay, ["--data", str(tmp_path), *arguments])
    assert result.exit_code == 2
    assert told in result.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--events", "5"], "must be FROM..TO such as 1..100, was '5'"),
        (["--events", "5..2"], "was '5..2'"),
        (["--order", "12a"], "--order: must be a number or a ClOrdID of digits, was '12a'"),
    ],
)
def test_wrong_values_name_the_option(arguments: list[str], told: str, tmp_path: Path) -> None:
    (tmp_path / "journal").mkdir()
    (tmp_path / "journal" / f"{1:020d}.journal").write_bytes(b"")
    result = CliRunner().invoke(replay, ["--data", str(tmp_path), *arguments])
    assert result.exit_code == 2
    assert told in result.output
