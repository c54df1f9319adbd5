"""Jobs at rest, from the dispatcher's side: claim, renew, record chunks, end.

A dispatcher holds a job by a lease: its name, the attempt and a time. Every write is fenced:
it asks for the row with that attempt and that name, so a dispatcher that was away too long
finds that it holds nothing any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from alyx.errors import ConflictError
from alyx.jobs import news
from alyx.jobs.ledger import QUEUE, advance
from alyx.jobs.state import HELD
from alyx.jobs.task import PartialResult
from alyx.store.tables import job, job_chunk

_FREE = {"lease_owner": None, "lease_until": None}


@dataclass(frozen=True, slots=True)
class Lease:
    """A dispatcher's hold on a job.

    Parameters
    ----------
    job
        The job's id.
    attempt
        Which attempt it holds.
    holder
        The dispatcher's name.
    seconds
        How long it holds without a renewal.
    """

    job: int
    attempt: int
    holder: str
    seconds: float

    def until(self) -> Any:
        """Return the end of the lease, by the database's clock."""
        return func.now() + timedelta(seconds=self.seconds)


def claim(
    connection: Connection, holder: str, seconds: float, owner: str | None = None
) -> tuple[Lease, Row[Any]] | None:
    """Take the first job of the queue, or ``None``.

    The order is priority, then fair share (who has fewest jobs running), then age. Jobs
    that another dispatcher is just claiming are passed over.

    Parameters
    ----------
    connection
        A connection that writes.
    holder, seconds
        The dispatcher's name, and how long it holds the job without a renewal.
    owner
        Whose jobs only; of all by default.
    """
    other = job.alias()
    running = select(func.count()).where(other.c.owner == job.c.owner, other.c.status.in_(HELD))
    wanted = select(job).where(job.c.status == "QUEUED", job.c.target == "COMPLETED")
    if owner is not None:
        wanted = wanted.where(job.c.owner == owner)
    order = (job.c.priority.desc(), running.scalar_subquery(), job.c.id)
    first = wanted.order_by(*order).limit(1).with_for_update(skip_locked=True, of=job)
    row = connection.execute(first).one_or_none()
    if row is None:
        return None
    lease = Lease(row.id, row.attempt + 1, holder, seconds)
    values = {
        "lease_owner": holder,
        "lease_until": lease.until(),
        "started_at": func.now(),
        "finished_at": None,
        "waiting": "It waits for its cluster.",
    }
    return lease, advance(connection, row, "claim", values)


def expired(connection: Connection, owner: str | None = None) -> Row[Any] | None:
    """Put one job whose dispatcher is gone back into the queue, or stop it if that was asked."""
    wanted = select(job).where(job.c.status.in_(HELD), job.c.lease_until < func.now())
    if owner is not None:
        wanted = wanted.where(job.c.owner == owner)
    first = wanted.order_by(job.c.id).limit(1).with_for_update(skip_locked=True)
    row = connection.execute(first).one_or_none()
    return None if row is None else _put_back(connection, row)


def held(connection: Connection, lease: Lease) -> Row[Any]:
    """Return and lock the row of a job that is held; ConflictError when it is not any more."""
    mine = and_(
        job.c.id == lease.job,
        job.c.attempt == lease.attempt,
        job.c.lease_owner == lease.holder,
        job.c.status.in_(HELD),
    )
    row = connection.execute(select(job).where(mine).with_for_update()).one_or_none()
    if row is None:
        raise ConflictError(f"Attempt {lease.attempt} of job {lease.job} is over, or another's.")
    return row


def renew(connection: Connection, leases: Iterable[Lease]) -> dict[int, str]:
    """Prolong leases.

    Returns
    -------
    dict
        The target of each job that is still held; the others are lost.
    """
    found = {}
    for lease in sorted(leases, key=lambda lease: lease.job):
        mine = (job.c.id == lease.job, job.c.attempt == lease.attempt)
        held_ = and_(*mine, job.c.lease_owner == lease.holder, job.c.status.in_(HELD))
        longer = update(job).where(held_).values(lease_until=lease.until())
        target = connection.execute(longer.returning(job.c.target)).scalar_one_or_none()
        if target is not None:
            found[lease.job] = target
    return found


def start(connection: Connection, lease: Lease, cluster: str) -> Row[Any]:
    """Say that the job's cluster is there and its chunks are being read."""
    row = held(connection, lease)
    values = {"cluster": cluster, "waiting": None}
    if row.status == "RUNNING":  # on another cluster than before
        return connection.execute(_of(lease).values(values).returning(job)).one()
    return advance(connection, row, "start", values)


def wait_for(connection: Connection, lease: Lease, waiting: str) -> None:
    """Say what the job waits for."""
    held(connection, lease)
    row = connection.execute(_of(lease).values(waiting=waiting).returning(job)).one()
    news.append(connection, row, "progress")


def log(connection: Connection, lease: Lease, message: str) -> None:
    """Write a line into the job's log."""
    news.append(connection, held(connection, lease), "log", {"message": message})


def record(connection: Connection, lease: Lease, results: Iterable[PartialResult]) -> int:
    """Write down chunks that are done; the first commit of a chunk wins.

    Returns
    -------
    int
        How many were new.
    """
    held(connection, lease)
    rows = [result.as_row() | {"job_id": lease.job, "attempt": lease.attempt} for result in results]
    made = upsert(job_chunk).values(rows).on_conflict_do_nothing()
    new = connection.execute(made.returning(job_chunk.c.events_read)).scalars().all()
    more = {
        "chunks_done": job.c.chunks_done + len(new),
        "events_done": job.c.events_done + sum(new),
    }
    connection.execute(_of(lease).values(more))
    return len(new)


def recorded(connection: Connection, number: int) -> list[PartialResult]:
    """Return the chunks of a job that are done, by chunk."""
    wanted = select(job_chunk).where(job_chunk.c.job_id == number).order_by(job_chunk.c.chunk_id)
    return [PartialResult.from_row(row) for row in connection.execute(wanted)]


def forget(connection: Connection, lease: Lease, chunk: int) -> None:
    """Take a chunk back whose partial result cannot be read any more."""
    held(connection, lease)
    gone = delete(job_chunk).where(job_chunk.c.job_id == lease.job, job_chunk.c.chunk_id == chunk)
    read = connection.execute(gone.returning(job_chunk.c.events_read)).scalar_one_or_none()
    if read is not None:
        less = {"chunks_done": job.c.chunks_done - 1, "events_done": job.c.events_done - read}
        connection.execute(_of(lease).values(less))


def progress(
    connection: Connection, lease: Lease, histogram: Mapping[str, Any] | None = None
) -> None:
    """Tell how far the job is, with the histogram so far if it is given."""
    row = held(connection, lease)
    if histogram is None:
        news.append(connection, row, "progress")
    else:
        news.append(connection, row, "partial", {"histogram": dict(histogram)})


def complete(
    connection: Connection, lease: Lease, result: Mapping[str, Any], receipt: Mapping[str, Any]
) -> Row[Any]:
    """End a job with its result; ConflictError when it was asked to stop meanwhile."""
    ends = {"result": dict(result), "receipt": dict(receipt)}
    return advance(connection, held(connection, lease), "complete", _ended() | ends)


def fail(connection: Connection, lease: Lease, error: str) -> Row[Any]:
    """End a job with a sentence on what was wrong; a job that was to stop is stopped."""
    row = held(connection, lease)
    verb = "stop" if row.target == "STOPPED" else "fail"
    return advance(connection, row, verb, _ended() | {"error": error})  # type: ignore[arg-type]


def release(connection: Connection, lease: Lease) -> Row[Any]:
    """Give a job back: into the queue, or to its stop if that was asked."""
    return _put_back(connection, held(connection, lease))


def _put_back(connection: Connection, row: Row[Any]) -> Row[Any]:
    if row.target == "STOPPED":
        return advance(connection, row, "stop", _ended())
    return advance(connection, row, "release", _FREE | {"waiting": QUEUE})


def _ended() -> dict[str, Any]:
    return _FREE | {"finished_at": func.now(), "waiting": None}


def _of(lease: Lease) -> Any:
    return update(job).where(job.c.id == lease.job)
