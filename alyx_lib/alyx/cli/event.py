"""``alyx event``: one event, header and objects."""

from __future__ import annotations

from typing import Any

import click

from alyx.cli import show


@click.command(short_help="Show one event.")
@click.argument("id", type=int)
@click.option("--json", "json_", is_flag=True, help="Print JSON for programs.")
def event(id: int, json_: bool) -> None:  # noqa: A002 - the argument's name in the help
    """Show the event ID: its header, and every object in it.

    Ids stand in the first column of `alyx query`. Units: GeV, mm, radian, UTC.
    """
    import alyx

    with alyx.connect() as session:
        stored = session.stored_event(id)
    content: dict[str, Any] = stored.event.to_list()
    if json_:
        show.as_json(
            {"id": id, "dataset": stored.dataset, "header": stored.header, "event": content}
        )
        return
    out = show.console()
    header = {key: value for key, value in stored.header.items() if value is not None}
    out.print(show.pairs(header, title=f"Event {id} of {stored.dataset}"))
    for name, objects in content.items():
        if isinstance(objects, list) and objects and isinstance(objects[0], dict):
            out.print(show.table(list(objects[0]), objects, title=f"{name} ({len(objects)})"))
