"""``alyx up``, ``down``, ``status``, ``logs``: the whole environment on this machine."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import click

from alyx import settings
from alyx.errors import AlyxError

if TYPE_CHECKING:
    from rich.console import Console

    from alyx_hub.environment import Environment
    from alyx_hub.state import State

PORT = 8000
#: Names of the logs below ``<home>/logs``.
LOGS = ("supervisor", "hub", "dispatcher")
TRUST = (
    "All users' servers run under your own account and can read this environment's files: "
    "let in only people whom you trust."
)

home_option = click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of database, events, logs and users' homes; else ALYX_HOME.",
)
json_option = click.option("--json", "json_", is_flag=True, help="Print JSON for programs.")


class Steps:
    """Shows the steps of a start as they begin and end."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown = 0
        self._spinner = console.status("starting")

    def __enter__(self) -> Self:
        self._spinner.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._spinner.stop()

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Show a step of the caller's own."""
        began = time.monotonic()
        self._spinner.update(f"{name} …")
        yield
        self._done(name, time.monotonic() - began)

    def __call__(self, state: State) -> None:
        """Show what is new in a state."""
        done = [(name, seconds) for name, seconds in state.steps if seconds is not None]
        for name, seconds in done[self._shown :]:
            self._done(name, seconds)
        self._shown = len(done)
        current = [name for name, seconds in state.steps if seconds is None]
        self._spinner.update(f"{current[0]} …" if current else "starting …")

    def _done(self, name: str, seconds: float) -> None:
        self._console.print(f"[green]✓[/green] {name} [dim]{seconds:.1f} s[/dim]")


@click.command(short_help="Start everything on this machine.")
@home_option
@click.option("--port", type=click.IntRange(1, 65535), default=PORT, show_default=True)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on; another than loopback lets other machines in.",
)
@click.option("--foreground", is_flag=True, help="Stay, and end everything with Ctrl-C.")
@json_option
def up(home: Path | None, port: int, host: str, foreground: bool, json_: bool) -> None:
    """Start the Hub, the API, the Gateway, the dispatcher and the database.

    Loads the sample data the first time, and prints where to log in. What runs already is
    found, and nothing is lost. Ctrl-C while it starts ends what was begun; `alyx down` ends
    everything afterwards.
    """
    from rich.console import Console

    from alyx_hub import environment

    given = settings.load(home=home)
    console = Console(stderr=json_)
    began = time.monotonic()
    try:
        found = environment.running(given.home.absolute())
        title = "ALYX runs already"
        if found is None:
            with Steps(console) as steps:
                found = environment.start(given, host=host, port=port, follow=steps)
            title = f"ALYX is ready after {time.monotonic() - began:.1f} s"
        _welcome(found, console, title, json_)
        if foreground:
            _stay(found, console)
    except KeyboardInterrupt:
        _down(given.home.absolute(), console)
        sys.exit(130)


@click.command(short_help="End everything that `alyx up` started.")
@home_option
def down(home: Path | None) -> None:
    """End every process of the environment: servers, Dask workers, the database.

    Notebooks, events, jobs and accounts are kept for the next `alyx up`.
    """
    from rich.console import Console

    _down(settings.load(home=home).home.absolute(), Console())


@click.command(short_help="Say what runs, and where.")
@home_option
@json_option
def status(home: Path | None, json_: bool) -> None:
    """Say whether the environment runs, its address and its processes.

    The exit status is 0 when it is ready and 3 when it is not.
    """
    from alyx_hub.state import State

    place = settings.load(home=home).home.absolute()
    state = State.read(place)
    body = _report(place, state)
    if json_:
        click.echo(json.dumps(body))
    elif body["phase"] == "ready":
        click.echo(f"ALYX runs at {body['url']} ({body['processes']} processes, home {place}).")
    else:
        click.echo(f"ALYX is {body['phase']} (home {place}). Start it with `alyx up`.")
    sys.exit(0 if body["phase"] == "ready" else 3)


@click.command(short_help="Show the logs.")
@click.argument("name", type=click.Choice(LOGS), default="hub")
@home_option
@click.option("-n", "--lines", type=click.IntRange(1), default=50, show_default=True)
@click.option("-f", "--follow", is_flag=True, help="Go on showing what comes.")
def logs(name: str, home: Path | None, lines: int, follow: bool) -> None:
    """Show the last lines of a log: the Hub's with its services, or another's."""
    from alyx_hub.state import log_of

    file = log_of(settings.load(home=home).home.absolute(), name)
    if not file.is_file():
        raise click.ClickException(f"There is no log {file}: start the environment with `alyx up`.")
    with file.open(errors="replace") as log:
        click.echo("".join(deque(log, lines)), nl=False)
        while follow:
            click.echo(log.read(), nl=False)
            time.sleep(0.3)


def _report(home: Path, state: State | None) -> dict[str, Any]:
    if state is None or not (state.alive or state.phase == "failed"):
        return {"phase": "not running" if state is None else "lost", "home": str(home)}
    from alyx_hub import processes

    count = len(processes.marked(state.run))
    return {"phase": state.phase, "url": state.url, "home": str(home), "processes": count}


def _welcome(found: Environment, console: Console, title: str, as_json: bool) -> None:
    if as_json:
        users = {"users": found.users, "passwords": found.passwords}
        click.echo(json.dumps({"url": found.url, "home": str(found.home), **users}))
        return
    from rich.panel import Panel
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    table.add_row("Address", f"[bold]{found.url}[/bold]")
    for password, names in _by_password(found).items():
        table.add_row("User" if len(names) == 1 else "Users", ", ".join(names))
        table.add_row("Password", f"[bold]{password}[/bold]")
    table.add_row("Home", str(found.home))
    console.print(Panel(table, title=title, expand=False))
    console.print(f"[dim]{TRUST}\n`alyx down` ends it; `alyx logs` shows what it does.[/dim]")


def _by_password(found: Environment) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for name in found.users:
        groups.setdefault(found.passwords[name], []).append(name)
    return groups


def _stay(found: Environment, console: Console) -> None:
    from alyx_hub import environment

    console.print("Ctrl-C ends everything.")
    while environment.running(found.home):
        threading.Event().wait(0.5)
    raise AlyxError("The environment has ended. `alyx logs supervisor` says why.")


def _down(home: Path, console: Console) -> None:
    from alyx_hub import environment

    with console.status("ending the environment …"):
        ended = environment.stop(home)
    console.print("Everything has ended." if ended else f"Nothing runs with the home {home}.")
