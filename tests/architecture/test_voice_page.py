"""The engines that operators are shown can be set as shown."""

import re
from pathlib import Path

import pytest

from gateway.app.settings import load_settings

PAGE = Path(__file__).parents[2] / "docs" / "operations" / "voice.md"


@pytest.mark.parametrize("speaker", ["espeak", "command", "http"])
def test_every_engine_of_the_page_can_be_set(tmp_path: Path, speaker: str) -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    engines = re.findall(
        r'^#?(speaker = "\w+".*?)\n(?:\n|\Z)', block + "\n", re.DOTALL | re.MULTILINE
    )
    shown = next(engine for engine in engines if engine.startswith(f'speaker = "{speaker}"'))
    file = tmp_path / "hotline.toml"
    file.write_text("[phone.voice]\n" + shown.replace("\n#", "\n"), encoding="utf-8")
    voice = load_settings(file, {}).value.phone.voice
    assert voice.speaker == speaker
    assert bool(voice.command) == (speaker == "command")
    assert bool(voice.http.url) == (speaker == "http")
