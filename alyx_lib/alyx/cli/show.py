"""What commands print: rich tables for people, JSON for programs."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import click
from rich.console import Console
from rich.table import Table

#: Columns of a header row that fit a terminal; `--json` prints all.
BRIEF = ("id", "run", "luminosity_block", "event", "time", "met_pt", "n_muon", "muon_pt1")


def console() -> Console:
    """Return a console on today's standard output (tests and pipes change it)."""
    return Console(highlight=False, soft_wrap=False)


@contextmanager
def counting(what: str) -> Iterator[Callable[[int], None]]:
    """Show on standard error how many events are done, and how many a second."""
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TextColumn("{task.completed:,.0f} events"),
        TextColumn("[dim]{task.fields[rate]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=None, rate="")

        def count(events: int) -> None:
            seconds = progress.tasks[0].elapsed or 0
            rate = f"{events / seconds:,.0f} events/s" if seconds else ""
            progress.update(task, completed=events, rate=rate)

        yield count


@contextmanager
def share(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show on standard error how many bytes of how many are done."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn(what), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def as_json(value: Any) -> None:
    """Print one JSON document; times as ISO 8601, missing numbers as null."""
    click.echo(json.dumps(_plain(value), indent=2, allow_nan=False))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def cell(value: Any) -> str:
    """Return a value as short text: floats with four figures, nothing as a dash.

    Examples
    --------
    >>> cell(91.18762), cell(None), cell(3)
    ('91.19', '-', '3')
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    return str(value)


def table(columns: Sequence[str], rows: Iterable[Mapping[str, Any]], title: str = "") -> Table:
    """Return a table of the named columns of the rows."""
    made = Table(*columns, title=title or None, title_justify="left", header_style="bold")
    for row in rows:
        made.add_row(*(cell(row.get(column)) for column in columns))
    return made


def pairs(values: Mapping[str, Any], title: str = "") -> Table:
    """Return a table of names and values."""
    made = Table(title=title or None, title_justify="left", show_header=False)
    for name, value in values.items():
        made.add_row(name, cell(value))
    return made


def brief(columns: Sequence[str]) -> list[str]:
    """Return those of the columns that a terminal has room for; all if none is known."""
    return [name for name in BRIEF if name in columns] or list(columns)
