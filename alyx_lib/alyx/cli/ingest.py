"""``alyx ingest``: a file of events into a data set."""

from __future__ import annotations

from pathlib import Path

import click

from alyx import settings
from alyx.cli import show


@click.command(short_help="Store the events of a file.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dataset", required=True, help="The data set; made when there is none.")
@click.option("--title", default="", help="A line for people; the data set's name by default.")
@click.option("--kind", type=click.Choice(["real", "simulated", "synthetic"]), default="real")
@click.option("--json", "json_", is_flag=True, help="Print the receipt as JSON.")
def ingest(file: Path, dataset: str, title: str, kind: str, json_: bool) -> None:
    """Store the events of FILE (ROOT, Parquet or CSV) in a data set.

    Each event is stored once: a second run of the same file changes nothing and says so.
    """
    from alyx.ingest import ingest as store_events
    from alyx.store import Store

    with Store.open(settings.load()) as opened, show.counting(f"{file.name} → {dataset}") as count:
        receipt = store_events(
            opened, dataset, file, title=title or dataset, kind=kind, progress=count
        )
    show.as_json(receipt.as_json()) if json_ else show.console().print(
        show.pairs(receipt.as_json())
    )
