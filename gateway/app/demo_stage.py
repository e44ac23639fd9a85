"""What the demonstration's gateway has besides accounts: numbers, an agent and phone lists.

Not here: the orders it places (gateway.app.demo).
"""

import secrets
from pathlib import Path
from typing import Any, Final, NamedTuple

from gateway.app.stage import Stage

HOTLINE_NO: Final = "95500"
BRANCH_NOS: Final = {"31001": "02131001000", "44002": "075544002000"}
AGENT_PHONE: Final = "agent1"
PASSWORD_FILE: Final = "keys/agent1.password"
PASSWORD_BYTES: Final = 9


class AgentPhone(NamedTuple):
    """What a softphone needs to register as the demonstration's agent."""

    username: str
    password: str


def prepare(stage: Stage, config_dir: Path) -> AgentPhone:
    """Write the settings, make the data folder, take in the phone lists; far ends must run."""
    stage.write_settings(_sections())
    stage.init(config_dir / "demo" / "accounts.csv")
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    file = stage.folder / "data" / PASSWORD_FILE
    file.touch(mode=0o600)
    file.write_text(f"{password}\n", encoding="utf-8")
    with_config = f"--config={stage.settings_file}"
    stage.command("callers", "bind", with_config, str(config_dir / "demo" / "callers.csv"))
    stage.command("callers", "tell", with_config, str(config_dir / "demo" / "phone_notices.csv"))
    return AgentPhone(AGENT_PHONE, password)


def _sections() -> dict[str, dict[str, Any]]:
    branches = [
        {"number": number, "branch_code": code, "greeting": "welcome.branch"}
        for code, number in BRANCH_NOS.items()
    ]
    return {
        "sip": {"phones": [{"username": AGENT_PHONE, "password_file": PASSWORD_FILE}]},
        "callcenter": {
            "queues": [{"name": "general", "number": "1"}],
            "agents": [{"name": "Agent", "number": "101", "phone": AGENT_PHONE}],
        },
        "phone": {"lines": [{"number": HOTLINE_NO}, *branches]},
    }
