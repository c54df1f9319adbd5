"""The append-only table of what happened to jobs.

The numbers of the events are given out under a lock that is held to the commit: a reader
that has seen number n will never be shown a smaller one, so "later than n" misses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from sqlalchemy import Connection, Row, func, insert, select

from alyx.jobs.state import Verb
from alyx.store.tables import job, job_event

Kind = Literal["state", "progress", "partial", "log"]
#: Where the insert trigger tells of new events, as ``<job id>:<seq>``.
CHANNEL = "alyx_job_event"
#: Key of the advisory lock under which numbers are given out.
LOCK = 0x616C796A
#: What an event keeps of the job, as it was at that moment.
KEPT = (
    "name", "status", "target", "attempt", "priority", "chunks_done", "events_done", "waiting",
    "error", "started_at", "finished_at",
)  # fmt: skip


def append(
    connection: Connection, row: Row[Any], kind: Kind, more: Mapping[str, Any] | None = None
) -> None:
    """Write down an event; do it last in a transaction, which holds a lock from here on.

    Parameters
    ----------
    connection
        Of the transaction in which it happens.
    row
        The job's row after it.
    kind
        ``state``, ``progress``, ``partial`` or ``log``.
    more
        What else to keep, as the ``verb`` of a move or a histogram.
    """
    data = {name: _plain(getattr(row, name)) for name in KEPT} | dict(more or {})
    connection.execute(select(func.pg_advisory_xact_lock(LOCK)))
    values = {"job_id": row.id, "attempt": row.attempt, "kind": kind, "data": data}
    connection.execute(insert(job_event).values(values))


def read(
    connection: Connection, after: int, owner: str | None, number: int | None, limit: int = 500
) -> Sequence[Row[Any]]:
    """Return events later than a number, each with its job's row as it is now.

    Parameters
    ----------
    connection
        A connection.
    after
        The last number that was seen.
    owner
        Whose jobs; all by ``None``.
    number
        Id of one job; all by ``None``.
    limit
        Most events.
    """
    wanted = select(job, job_event.c.seq, job_event.c.kind.label("happened"), job_event.c.data)
    wanted = wanted.join(job_event, job_event.c.job_id == job.c.id).where(job_event.c.seq > after)
    if owner is not None:
        wanted = wanted.where(job.c.owner == owner)
    if number is not None:
        wanted = wanted.where(job.c.id == number)
    return connection.execute(wanted.order_by(job_event.c.seq).limit(limit)).all()


def newest(connection: Connection) -> int:
    """Return the number of the newest event."""
    return int(connection.execute(select(func.coalesce(func.max(job_event.c.seq), 0))).scalar_one())


def moves(connection: Connection, number: int) -> list[Verb]:
    """Return the moves of a job, in their order."""
    verbs = select(job_event.c.data["verb"].astext).where(
        job_event.c.job_id == number, job_event.c.kind == "state"
    )
    return [verb for verb in connection.execute(verbs.order_by(job_event.c.seq)).scalars() if verb]


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
