"""The settings that operators are shown are settings that work."""

import re
from pathlib import Path

from gateway.app.settings import load_settings
from gateway.sip import metrics

PAGE = Path(__file__).parents[2] / "docs" / "operations" / "trunks-and-phones.md"


def test_the_trunks_and_phones_of_the_page_can_be_loaded(tmp_path: Path) -> None:
    blocks = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    file = tmp_path / "hotline.toml"
    file.write_text("\n".join(blocks), encoding="utf-8")
    sip = load_settings(file, {}).value.sip
    assert [trunk.name for trunk in sip.trunks] == ["telecom", "unicom"]
    assert [phone.username for phone in sip.phones] == ["8001"]


def test_the_metrics_of_the_page_exist() -> None:
    declared = Path(metrics.__file__).read_text(encoding="utf-8")
    names = re.findall(r"`(hotline_sip_\w+?)(?:_total)?(?:\{\w+\})?`", PAGE.read_text("utf-8"))
    assert len(names) == 6
    for name in names:
        assert f'"{name}"' in declared, name
