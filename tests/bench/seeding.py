"""Accounts for benchmarks, written into a fresh journal without customers, PINs or passwords.

Run as `python -m tests.bench.seeding SETTINGS COUNT`. Not here: real set-up (`hotline init`).
"""

import sys
from pathlib import Path
from typing import Any

from gateway.app.clock import wall_clock
from gateway.app.foundation import locked_heart
from gateway.app.keys import make_pepper
from gateway.app.process import Ready, Stop, run_process
from gateway.app.settings import Settings, load_settings
from gateway.branch.certificates import make_certificates
from gateway.refdata.loader import load_rulebook
from risk.checks.moment import TradingRules
from risk.domain.commands import MoveCash, OpenAccount

BRANCH = "31001"
CASH_E4 = 100_000_000 * 10_000


def account_no(number: int) -> str:
    """Return the number of the n-th account."""
    return f"{20_000_000 + number}"


class Seeding:
    """Opens accounts in the journal of a data folder and ends."""

    def __init__(self, settings: Settings, count: int, reactor: Any, stop: Stop) -> None:
        data = settings.gateway.data_folder
        data.mkdir(parents=True, exist_ok=True)
        make_pepper(data)
        make_certificates(data / "keys", [BRANCH])
        rules = TradingRules(load_rulebook(settings.gateway.config_folder))
        self._count = count
        self._stop = stop
        self._storage, self._heart = locked_heart(
            settings, rules, reactor, wall_clock(settings.clock), lambda _error: stop(1)
        )

    async def start(self) -> Ready:
        """Open the accounts."""
        self._heart.lifecycle.open_doors()
        waiting = []
        for number in range(self._count):
            key, name = f"seed:{number}", account_no(number)
            waiting.append(self._heart.sequencer.submit(OpenAccount(key, name, BRANCH)))
            cash = MoveCash(f"{key}:cash", name, CASH_E4, "bench")
            waiting.append(self._heart.sequencer.submit(cash))
        for one in waiting:
            await one
        self._stop(0)
        return {}

    async def stop(self) -> None:
        """Close the journal."""
        await self._heart.lifecycle.close()
        self._storage.unlock()


def main(settings_file: Path, count: int) -> int:
    """Seed and return the exit code."""
    settings = load_settings(settings_file, {}).value
    return run_process(lambda reactor, stop: Seeding(settings, count, reactor, stop))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
