"""`hotline notices` on an outbox with one dead letter."""

import pytest
from click.testing import CliRunner

from gateway.cli.notices import notices
from notify.letters import trace_of_notice
from notify.notices import NoticeState, Route
from notify.outbox import Outbox
from notify.tables import open_outbox
from tests.builders.notices import T0_NS, a_notice

S = 10**9


@pytest.fixture
def data(tmp_path):
    outbox = Outbox(open_outbox(tmp_path / "outbox.sqlite"))
    outbox.enqueue([a_notice(1), a_notice(2, recipient="+8613900139000")], 0, 2, T0_NS)
    with outbox.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE notices SET expires_ns = 0 WHERE id = 1")
    assert outbox.claim(Route.SMS, "one", T0_NS + S, T0_NS + 99 * S, 9, 9).died == 1
    outbox.close()
    return tmp_path


def call(data, *words):
    return CliRunner().invoke(notices, ["--data", str(data), *words])


def state_of(data, notice_id) -> NoticeState:
    outbox = Outbox(open_outbox(data / "outbox.sqlite"))
    trace = trace_of_notice(outbox, notice_id)
    outbox.close()
    return trace.state


def test_dead_letters_are_listed_without_full_numbers(data) -> None:
    result = call(data, "list")

    assert result.exit_code == 0
    assert "expired" in result.output
    assert "*8000" in result.output
    assert "13800138000" not in result.output
    assert "*9000" not in result.output  # the other is not dead


def test_a_narrow_screen_cuts_nothing_off(data, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    result = call(data, "list")
    assert "expired" in result.output
    assert "…" not in result.output


def test_one_is_shown_with_its_text_and_moments(data) -> None:
    result = call(data, "show", "1")

    assert "state        dead expired:" in result.output
    assert "planned      2026-11-22 09:31:05.000" in result.output
    assert "text         成交" in result.output


def test_one_is_queued_again(data) -> None:
    result = call(data, "requeue", "1")

    assert result.output == "queued again: 1\n"
    assert state_of(data, 1) is NoticeState.WAITING
    assert call(data, "list").output == "no dead letters\n"


def test_all_are_queued_again(data) -> None:
    assert call(data, "requeue", "--all").output == "queued again: 1\n"


@pytest.mark.parametrize(
    ("words", "exit_code", "text"),
    [
        (("requeue", "2"), 1, "not dead letters: 2"),
        (("requeue",), 2, "give the NOTICE_IDS, or --all"),
        (("requeue", "1", "--all"), 2, "give the NOTICE_IDS, or --all"),
        (("show", "7"), 1, "there is no notice 7"),
    ],
)
def test_what_cannot_be_done_is_explained(data, words, exit_code, text) -> None:
    result = call(data, *words)

    assert result.exit_code == exit_code
    assert text in result.output


def test_a_folder_without_outbox_is_named(tmp_path) -> None:
    result = call(tmp_path, "list")

    assert result.exit_code == 2
    assert "there is no outbox" in result.output
    assert not list(tmp_path.iterdir())
