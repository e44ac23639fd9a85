"""`hotline flows`: the product's flows may go on the air; a missing prompt keeps them off it."""

import shutil
from pathlib import Path

from click.testing import CliRunner

from gateway.cli.flows import flows

CONFIG = Path(__file__).parents[4] / "config"


def run(folder: Path) -> tuple[int, list[str]]:
    settings = folder / "hotline.toml"
    settings.write_text(f'[gateway]\nconfig_folder = "{folder}"\n')
    result = CliRunner().invoke(flows, ["--config", str(settings)])
    return result.exit_code, result.output.splitlines()


def test_the_flows_of_the_product_may_go_on_the_air(tmp_path: Path) -> None:
    shutil.copytree(CONFIG / "prompts", tmp_path / "prompts")
    code, lines = run(tmp_path)
    assert code == 0
    assert [line.split(":")[0] for line in lines if line.endswith(" states")] == [
        "hotline",
        "notice_call",
    ]


def test_a_prompt_that_is_missing_is_named_with_its_flow(tmp_path: Path) -> None:
    shutil.copytree(CONFIG / "prompts", tmp_path / "prompts")
    for language in ("zh", "en"):
        file = tmp_path / "prompts" / f"{language}.toml"
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if not line.startswith("dropped =")]
        assert len(kept) < len(lines)
        file.write_text("".join(kept), encoding="utf-8")
    code, lines = run(tmp_path)
    assert code == 1
    assert any(line.startswith("hotline: ") and "order.dropped" in line for line in lines)
