"""``alyx store``: what is stored, and the tables' version."""

from __future__ import annotations

from typing import Any

import click

from alyx import settings
from alyx.cli import show


@click.group(short_help="Look after the event store.")
def store() -> None:
    """Look after the event store: straight on the database, not through the API."""


@store.command()
@click.option("--json", "json_", is_flag=True, help="Print JSON for programs.")
def status(json_: bool) -> None:
    """List the data sets with their size and snapshot."""
    from alyx.store import Store

    with Store.open(settings.load()) as opened:
        version = opened.database.engine.dialect.server_version_info or ()
        found = [item.as_json() for item in opened.datasets()]
        body: dict[str, Any] = {"postgresql": ".".join(map(str, version)), "datasets": found}
        body["objects"] = opened.settings.objects
    if json_:
        show.as_json(body)
        return
    columns = ("name", "title", "kind", "events", "chunks", "bytes", "snapshot")
    show.console().print(show.table(columns, found))


@store.command()
def migrate() -> None:
    """Bring the tables of the database to this version of ALYX; twice does no harm."""
    from alyx.store import Store

    Store.open(settings.load()).close()
    click.echo("The tables are up to date.")
