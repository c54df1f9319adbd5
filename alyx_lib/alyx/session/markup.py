"""What notebooks show of sessions, selections and jobs: small HTML tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from alyx.errors import AlyxError

if TYPE_CHECKING:
    from alyx.session.events import Events
    from alyx.session.front import Session
    from alyx.session.job import Job

#: Columns of a header row that are shown, where they are known.
BRIEF = ("id", "run", "luminosity_block", "event", "met_pt", "n_muon", "muon_pt1", "n_jet")
ROWS = 5


def events(selected: Events) -> str:
    """Return a selection: its meaning, its size, its first rows."""
    about = f"<b>{escape(selected.dataset)}</b>, snapshot {selected.snapshot}"
    head = f"<p>{escape(selected.phrase)}<br>{about}"
    try:
        page, count = selected.page(ROWS), selected.count()
    except AlyxError as error:  # showing must not fail: the object itself is fine
        return f"{head}</p><p>{escape(error.message)}</p>"
    columns = [name for name in BRIEF if name in page.columns]
    return f"{head}: <b>{count}</b> events</p>{table(columns, page.rows)}"


def session(opened: Session) -> str:
    """Return a session: its data sets."""
    try:
        found = [info.as_json() for info in opened.datasets()]
    except AlyxError as error:
        return f"<p>{escape(repr(opened))}: {escape(error.message)}</p>"
    columns = ("name", "title", "kind", "events", "snapshot")
    return f"<p>{escape(repr(opened))}</p>{table(columns, found)}"


def job(shown: Job) -> str:
    """Return a job: its state and progress."""
    progress = shown.progress
    share = shown.fraction
    bar = f'<progress value="{share:.3f}" max="1" aria-label="progress"></progress>'
    done = f"{progress['chunks_done']} of {progress['chunks_total']} chunks"
    note = shown.error or shown.waiting or ""
    return (
        f"<p><b>{escape(shown.name)}</b> (job {shown.id}): {shown.status} {bar} {done}"
        f"<br>{escape(note)}</p>"
    )


def table(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Return rows as an HTML table.

    Examples
    --------
    >>> table(["n"], [{"n": 1.25}])
    '<table><tr><th>n</th></tr><tr><td>1.25</td></tr></table>'
    """
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    body = "".join(
        f"<tr>{''.join(f'<td>{_cell(row.get(name))}</td>' for name in columns)}</tr>"
        for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else escape(str(value))
