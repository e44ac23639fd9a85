"""`hotline`: the list of subcommands and what its exit codes mean.

Exit codes: 0 done, 1 it failed (the message says what to do), 2 wrong usage, 78 wrong configuration
(sysexits EX_CONFIG). A subcommand is imported when it is called, so that `--help` is quick.
"""

import importlib
import sys
from typing import Final

import click

from risk.domain.errors import ConfigError, HotlineError

EXIT_FAILED: Final = 1
EXIT_CONFIG: Final = 78

# name: where its click command lives, one line of help
COMMANDS: Final = {
    "init": ("gateway.cli.init:init", "make a data folder: keys, certificates, database, accounts"),
    "run": ("gateway.cli.run:run", "start the gateway"),
    "venue": ("gateway.cli.venue:venue", "start the simulated exchange"),
    "farends": ("gateway.cli.farends:farends", "start a simulated SMS centre and mail server"),
    "demo": ("gateway.cli.demo:demo", "one order by phone, web and branch, all on this machine"),
    "call": ("gateway.cli.call:call", "dial a SIP address, send keys, keep what is heard"),
    "order": ("gateway.cli.order:order", "place, cancel or list orders over the web API"),
    "notices": ("gateway.cli.notices:notices", "list and re-queue messages that could not be sent"),
    "callers": ("gateway.cli.callers:callers", "which numbers may do what; notices to hear"),
    "replay": ("gateway.cli.replay:replay", "verify the journal, or tell the life of one order"),
    "evidence": ("gateway.cli.evidence:evidence", "show, bundle or check what is kept of an order"),
    "flows": ("gateway.cli.flows:flows", "check call flows and prompts before anybody calls"),
    "ladder": ("gateway.cli.ladder:ladder", "show the signalling of one call"),
    "rules": ("gateway.cli.rules:rules", "which market rules applied on a day"),
    "prompts": ("gateway.cli.prompts:prompts", "what is not recorded, a studio's script, checks"),
    "settings": ("gateway.cli.settings:settings", "show every setting and where it came from"),
    "doctor": ("gateway.cli.doctor:doctor", "check what a configuration file cannot say"),
}


class _LazyGroup(click.Group):
    """A group whose commands are imported on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="hotline-gateway")
def hotline() -> None:
    """Securities trading hotline gateway."""


def main() -> None:
    """Run `hotline`; failures of ours become one clear message and an exit code."""
    try:
        hotline()
    except ConfigError as e:
        click.echo(f"hotline: configuration\n{e}", err=True)
        sys.exit(EXIT_CONFIG)
    except HotlineError as e:
        click.echo(f"hotline: {e.code}: {e}", err=True)
        sys.exit(EXIT_FAILED)
    except OSError as e:
        where = f"{e.filename}: " if e.filename else ""
        click.echo(f"hotline: system: {where}{e.strerror or e}: check path and rights", err=True)
        sys.exit(EXIT_FAILED)


if __name__ == "__main__":
    main()
