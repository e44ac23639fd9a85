"""`hotline callers`: lists from CSV reach the store whole, or not at all with the cell named."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from gateway.cli.callers import callers
from gateway.store.database import open_engine, read_once
from gateway.store.settings import StoreSettings, store_url
from gateway.store.tables import BRANCH_BINDINGS, CALLER_BINDINGS, PHONE_NOTICES
from risk.domain.errors import ConfigError

DEMO = Path(__file__).parents[4] / "config" / "demo"
BINDING_HEAD = "account_no,branch_code,ani,policy\n"
NOTICE_HEAD = "notice_no,audience,is_mandatory,valid_from,valid_until,text_zh,text_en\n"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    data = tmp_path / "data"
    data.mkdir()
    file = tmp_path / "hotline.toml"
    file.write_text(f'[gateway]\ndata_folder = "{data}"\n')
    return file


def call(config: Path, *words: object) -> Result:
    command, *rest = map(str, words)
    return CliRunner().invoke(callers, [command, f"--config={config}", *rest])


def rows(config: Path, table) -> list[tuple]:
    settings = StoreSettings()
    engine = open_engine(store_url(settings, config.parent / "data"), settings)
    found = read_once(engine, lambda it: [tuple(row) for row in it.execute(select(table))])
    engine.dispose()
    return found


def test_the_demo_lists_are_sound_and_may_be_given_twice(config: Path) -> None:
    for _ in range(2):
        assert call(config, "bind", DEMO / "callers.csv").exit_code == 0
        assert call(config, "tell", DEMO / "phone_notices.csv").exit_code == 0

    assert len(rows(config, CALLER_BINDINGS)) == 3
    assert rows(config, BRANCH_BINDINGS) == [("44002", "withheld", 2)]
    assert [row[0] for row in rows(config, PHONE_NOTICES)] == ["DEMO-STATEMENTS", "DEMO-RIGHTS"]


@pytest.mark.parametrize(
    ("command", "head", "line", "problem"),
    [
        ("bind", BINDING_HEAD, "1,,*,allow", "lists.csv:3 account_no: must be 4 to 12 digits"),
        ("bind", BINDING_HEAD, "10000001,,*,maybe", "must be one of ALLOW, QUERY_ONLY, REFUSE"),
        ("bind", BINDING_HEAD, "10000001,,138,allow", "ani: must be like +8613800138000"),
        ("bind", BINDING_HEAD, "10000009,,*,allow", "ani: must be given once"),
        ("bind", "account_no,ani\n", "", "must have the columns account_no,branch_code,ani,policy"),
        (
            "tell",
            NOTICE_HEAD,
            "N1,all,yes,monday,2026-12-01T00:00,a,a",
            "valid_from: must be a time in China such as 2026-11-23T09:00, was 'monday'",
        ),
        ("tell", NOTICE_HEAD, "N1,all,yes,2026-01-01,2026-12-01,3,a", "text_zh: must be printable"),
        ("tell", NOTICE_HEAD, "N1,all,1,2026-01-01,2026-12-01,a,a", "is_mandatory: must be yes or"),
    ],
)
def test_a_wrong_cell_is_named_and_nothing_is_written(
    config: Path, tmp_path: Path, command: str, head: str, line: str, problem: str
) -> None:
    good = {
        "bind": "10000009,,*,allow\n",
        "tell": "N0,all,no,2026-01-01,2026-12-01,好,fine\n",
    }[command]
    file = tmp_path / "lists.csv"
    file.write_text(head + good + line + "\n", encoding="utf-8")

    result = call(config, command, file)

    assert isinstance(result.exception, ConfigError)
    assert problem in str(result.exception)
    assert not (config.parent / "data" / "store.sqlite").exists()


def test_a_missing_data_folder_names_the_remedy(config: Path) -> None:
    (config.parent / "data").rmdir()

    result = call(config, "bind", DEMO / "callers.csv")

    assert "run `hotline init`" in str(result.exception)
