"""The command group: finds sub-commands by entry point, tells errors in one sentence."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import click

import alyx
from alyx.errors import AlyxError, near

GROUP = "alyx.commands"

EPILOG = """\b
Begin here:
  alyx up                                       start everything on this machine
  alyx query cms-dimuon-2010 'MET.pt > 20'      count and list the events of a selection
  alyx event 1048576                            show one event
  alyx job submit cms-dimuon-2010 --quantity Muon.pair.mass --range 60 120
\b
Every command teaches itself: alyx COMMAND --help
"""


class Commands(click.Group):
    """Sub-commands from the entry point group ``alyx.commands``, imported when used."""

    @cached_property
    def _found(self) -> dict[str, EntryPoint]:
        return {point.name: point for point in entry_points(group=GROUP)}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names alone; no command's module is imported for this."""
        return sorted({*super().list_commands(ctx), *self._found})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; one that cannot be imported says so when it is called."""
        if cmd_name not in self._found:
            return super().get_command(ctx, cmd_name)
        try:
            command = self._found[cmd_name].load()
        except ImportError as error:
            return _absent(cmd_name, error)
        return command if isinstance(command, click.Command) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command of ``args``; an unknown one gets the near names."""
        names = self.list_commands(ctx)
        if args[0] in names or args[0].startswith("-"):
            return super().resolve_command(ctx, args)
        hint = near(args[0], names) or "See `alyx --help` for all commands."
        raise click.UsageError(f"There is no command {args[0]!r}. {hint}", ctx)


def _absent(name: str, error: ImportError) -> click.Command:
    reason = f"`alyx {name}` needs a part that is not installed: {error}."

    def fail() -> None:
        raise click.ClickException(f"{reason} Install it with: pip install 'alyx[all]'")

    return click.Command(name, callback=fail, help=reason, short_help="(not installed)")


@click.group(
    cls=Commands,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(alyx.__version__, prog_name="alyx", message="%(prog)s %(version)s")
def commands() -> None:
    """Query, display and analyse collision events.

    Settings are read from options, then ALYX_* variables, then alyx.toml in the working
    folder. Within a Hub (or with ALYX_API_URL and ALYX_API_TOKEN) the commands speak to the
    ALYX API; elsewhere they work straight on the store.
    """


def main(args: Sequence[str] | None = None, **extra: Any) -> None:
    """Run the command line; an expected error is one sentence and exit status 1."""
    try:
        commands.main(args=args, prog_name="alyx", **extra)
    except AlyxError as error:
        _tell(error)
        sys.exit(1)


def _tell(error: AlyxError) -> None:
    lines = [str(problem) for problem in error.problems]
    if error.message != "\n".join(lines):
        lines.insert(0, error.message)
    click.echo(f"Error: {lines[0]}", err=True)
    for line in lines[1:]:
        click.echo(f"  - {line}", err=True)
