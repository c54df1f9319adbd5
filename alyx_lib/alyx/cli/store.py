"""``alyx store``: what is stored, and the tables' version."""

from __future__ import annotations

import sys
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


@store.command()
@click.argument("dataset", required=False)
@click.option(
    "--days",
    type=click.FloatRange(0),
    default=0.0,
    show_default=True,
    help="Leave out what was verified within so many days: an interrupted scan goes on.",
)
@click.option("--rate", type=click.FloatRange(1), help="MB a second at most; no limit by default.")
@click.option("--json", "json_", is_flag=True, help="Print JSON for programs.")
def verify(dataset: str | None, days: float, rate: float | None, json_: bool) -> None:
    """Compare every payload file with its checksum, of DATASET or of all.

    A file that is not what was written is flagged and told; the exit status is then 1.
    """
    from dataclasses import asdict
    from datetime import timedelta

    from alyx.store import Store, integrity

    with Store.open(settings.load()) as opened, show.share("verifying") as progress:
        report = integrity.verify(
            opened,
            dataset,
            older=timedelta(days=days),
            rate=rate * 1e6 if rate else None,
            progress=progress,
        )
    found = asdict(report)
    if json_:
        show.as_json(found)
    else:
        damaged = found.pop("damaged")
        show.console().print(show.pairs({**found, "damaged": len(damaged)}))
        if damaged:
            show.console().print(show.table(("dataset", "address", "events", "reason"), damaged))
    sys.exit(1 if report.damaged else 0)
