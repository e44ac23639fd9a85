"""`hotline demo`: a gateway with its far ends on this machine, and three orders through it.

Not here: the steps (gateway.app.demo) and the processes (gateway.app.stage).
"""

import shutil
import signal
import tempfile
import time
from pathlib import Path
from typing import Any

import click

from gateway.app.clock import ClockSettings, iso_clock, wall_clock
from gateway.app.demo import Demo
from gateway.app.demo_stage import BRANCH_NOS, HOTLINE_NO, AgentPhone, prepare
from gateway.app.process import Ready, Stop, run_process
from gateway.app.stage import Stage
from gateway.obs.log import start_logging, to_stderr
from gateway.refdata.tables import OpeningAccount, read_opening_accounts


class _Run:
    """The demonstration as a process that ends when it is through."""

    def __init__(self, demo: Demo, stop: Stop) -> None:
        self._demo = demo
        self._stop = stop

    async def start(self) -> Ready:
        await self._demo.run()
        self._stop(0)
        return {}

    async def stop(self) -> None:
        """Nothing is held."""


@click.command()
@click.option("--keep", is_flag=True, help="Leave it running and print addresses and PINs.")
@click.option("--config-dir", type=click.Path(path_type=Path, exists=True), default=Path("config"))
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="Where data and logs go; without it a temporary folder that is removed at the end.",
)
def demo(keep: bool, config_dir: Path, folder: Path | None) -> None:
    """Place one order by phone, one by web, one by branch, and show what comes of them."""
    where = folder or Path(tempfile.mkdtemp(prefix="hotline-demo-"))
    accounts = read_opening_accounts(config_dir / "demo" / "accounts.csv")
    stage = Stage(where, config_dir.resolve())
    exit_code = 1
    try:
        exit_code, agent = _play(stage, accounts, config_dir)
        if keep and exit_code == 0:
            _keep(stage, accounts, agent)
    finally:
        stage.stop()
        if exit_code:
            click.echo(f"demo: failed; the logs are in {where}", err=True)
        elif folder is None:
            shutil.rmtree(where)
    click.echo("demo: ok" if exit_code == 0 else "demo: failed")
    raise SystemExit(exit_code)


def _play(stage: Stage, accounts: list[OpeningAccount], config_dir: Path) -> tuple[int, AgentPhone]:
    began_s = time.monotonic()
    click.echo("demo: starting exchange, message centre, mail server and gateway")
    stage.start_far_ends()
    agent = prepare(stage, config_dir)
    stage.start_gateway()
    click.echo(f"demo: ready after {time.monotonic() - began_s:.1f} s")
    now_ns = wall_clock(ClockSettings(shift_s=stage.shift_s))
    start_logging("error", to_stderr(), iso_clock(now_ns))

    def make(reactor: Any, stop: Stop) -> _Run:
        return _Run(Demo(stage, accounts, reactor, now_ns, click.echo), stop)

    return run_process(make), agent


def _keep(stage: Stage, accounts: list[OpeningAccount], agent: AgentPhone) -> None:
    ports = stage.ports
    branches = ", ".join(f"{number} (branch {code})" for code, number in BRANCH_NOS.items())
    click.echo(f"""
The gateway stays up; Ctrl-C ends it. Market time now runs from 10:00 on {stage.market_day}.
  web       http://127.0.0.1:{ports["gateway.web_port"]}/v1/docs
  phone     sip:{HOTLINE_NO}@127.0.0.1:{ports["gateway.sip_port"]}  (any softphone, PCMA or PCMU)
            or {branches}
  agent     register a softphone as {agent.username}, password {agent.password}, at the same
            address; then callers who press 0 reach it
  evidence  hotline evidence --config {stage.settings_file} --calls
  branch    127.0.0.1:{ports["gateway.branch_port"]}  (certificates in {stage.folder}/data/keys)
  metrics   http://127.0.0.1:{ports["gateway.health_port"]}/metrics
  messages  {stage.kept_messages}
  logs      {stage.folder}/*.log
""")
    for account in accounts:
        click.echo(
            f"  {account.account_no}  {account.name:<12} branch {account.branch_code}"
            f"  phone PIN {account.phone_pin}  web password {account.web_password}"
        )
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        signal.pause()
    except KeyboardInterrupt:
        click.echo("demo: stopping")
