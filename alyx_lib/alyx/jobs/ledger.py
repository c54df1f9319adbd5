"""Jobs at rest, from their owner's side: submit, list, stop, retry, change, delete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from alyx.errors import ConflictError, DuplicateError, NotFoundError
from alyx.jobs import news
from alyx.jobs.predict import HISTORY, Finished
from alyx.jobs.spec import PRIORITIES, JobSpec
from alyx.jobs.state import ENDED, HELD, State, Verb, allowed, move
from alyx.records import Selection
from alyx.store.tables import dataset, job

#: What a queued job waits for.
QUEUE = "It stands in the queue."


def submit(
    connection: Connection,
    owner: str,
    spec: JobSpec,
    selection: Selection,
    sizes: tuple[int, int],
    forecast: Mapping[str, Any],
) -> Row[Any]:
    """Queue a job, and write its first event, in one transaction.

    Parameters
    ----------
    connection
        A connection that writes.
    owner, spec, selection
        Whose, and what; the selection pins the snapshot.
    sizes
        Number of chunks, and of events in them.
    forecast
        What it will take, as it travels.

    Returns
    -------
    Row
        The new job's row; with a key that the owner has used, the earlier job's.

    Raises
    ------
    DuplicateError
        The key was used for another spec.
    """
    values = {
        "name": spec.name,
        "owner": owner,
        "kind": spec.kind,
        "spec": spec.as_json(),
        "dataset_id": select(dataset.c.id).where(dataset.c.name == spec.dataset).scalar_subquery(),
        "snapshot": selection.snapshot,
        "fingerprint": selection.fingerprint,
        "priority": PRIORITIES.index(spec.priority),
        "workers": spec.workers,
        "chunks_total": sizes[0],
        "events_total": sizes[1],
        "forecast": dict(forecast),
        "idempotency_key": spec.idempotency_key,
        "waiting": QUEUE,
    }
    made = upsert(job).values(values).on_conflict_do_nothing(constraint="job_idempotency")
    row = connection.execute(made.returning(job)).one_or_none()
    if row is None:
        return _earlier(connection, owner, spec)
    news.append(connection, row, "state", {"verb": "submit"})
    return row


def _earlier(connection: Connection, owner: str, spec: JobSpec) -> Row[Any]:
    key = (job.c.owner == owner) & (job.c.idempotency_key == spec.idempotency_key)
    row = connection.execute(select(job).where(key)).one()
    if row.spec != spec.as_json():
        raise DuplicateError(
            f"The idempotency key {spec.idempotency_key!r} was used for job {row.id}, "
            "which is another. Choose a new key."
        )
    return row


def find(connection: Connection, owner: str | None, number: int, *, lock: bool = False) -> Row[Any]:
    """Return a job's row; NotFoundError also for the job of someone else.

    Parameters
    ----------
    connection
        A connection.
    owner
        Who asks; ``None`` sees all.
    number
        The job's id.
    lock
        Whether to hold the row to the end of the transaction.
    """
    wanted = select(job).where(job.c.id == number)
    if owner is not None:
        wanted = wanted.where(job.c.owner == owner)
    row = connection.execute(wanted.with_for_update() if lock else wanted).one_or_none()
    if row is None:
        raise NotFoundError(f"There is no job {number}, or it is not yours.")
    return row


def listed(
    connection: Connection, owner: str | None, status: str | None, limit: int
) -> Sequence[Row[Any]]:
    """Return the newest jobs, newest first."""
    wanted = select(job).order_by(job.c.id.desc()).limit(limit)
    if owner is not None:
        wanted = wanted.where(job.c.owner == owner)
    if status is not None:
        wanted = wanted.where(job.c.status == status)
    return connection.execute(wanted).all()


def stop(connection: Connection, owner: str | None, number: int) -> Row[Any]:
    """Stop a queued job; ask a running one to stop. Stopping twice is once."""
    row = find(connection, owner, number, lock=True)
    if row.target == "STOPPED":
        return row
    verb: Verb = "ask" if row.status in HELD else "stop"
    done = {} if verb == "ask" else {"finished_at": func.now(), "waiting": None}
    return advance(connection, row, verb, done)


def retry(connection: Connection, owner: str | None, number: int) -> Row[Any]:
    """Queue a failed or stopped job again; its finished chunks stay finished."""
    row = find(connection, owner, number, lock=True)
    if row.status == "QUEUED":
        return row
    return advance(connection, row, "retry", {"error": None, "finished_at": None, "waiting": QUEUE})


def change(
    connection: Connection, owner: str | None, number: int, name: str | None, priority: str | None
) -> Row[Any]:
    """Rename a job, or move it among those that wait."""
    row = find(connection, owner, number, lock=True)
    values: dict[str, Any] = {} if name is None else {"name": name}
    if priority is not None:
        if row.status in ENDED:
            raise ConflictError(f"Job {number} is {row.status}: its priority means nothing now.")
        values["priority"] = PRIORITIES.index(priority)
    if not values:
        return row
    changed = update(job).where(job.c.id == number).values(values).returning(job)
    row = connection.execute(changed).one()
    news.append(connection, row, "progress")
    return row


def remove(connection: Connection, owner: str | None, number: int) -> None:
    """Delete a job that has ended, with its events and chunks."""
    row = find(connection, owner, number, lock=True)
    if row.status not in ENDED:
        raise ConflictError(f"Job {number} is {row.status}. Stop it before you delete it.")
    connection.execute(delete(job).where(job.c.id == number))


def advance(
    connection: Connection, row: Row[Any], verb: Verb, values: Mapping[str, Any] | None = None
) -> Row[Any]:
    """Move a job whose row is locked, and write its event.

    Parameters
    ----------
    connection
        Of the transaction that holds the row.
    row
        The row.
    verb
        The move; ConflictError if its state does not allow it.
    values
        Further columns to set.
    """
    after = move(State(row.status, row.target, row.attempt), verb)
    state = {"status": after.status, "target": after.target, "attempt": after.attempt}
    changed = update(job).where(job.c.id == row.id).values(state | dict(values or {}))
    moved = connection.execute(changed.returning(job)).one()
    news.append(connection, moved, "state", {"verb": verb})
    return moved


def may(row: Row[Any], verb: Verb) -> bool:
    """Return whether a job's row allows a move."""
    return allowed(State(row.status, row.target, row.attempt), verb)


def history(connection: Connection) -> list[Finished]:
    """Return the newest finished jobs: what forecasts stand on."""
    seconds = func.extract("epoch", job.c.finished_at - job.c.started_at)
    wanted = select(job.c.chunks_total, job.c.events_total, job.c.workers, seconds)
    # a job that was begun twice says nothing about its time
    wanted = wanted.where(job.c.status == "COMPLETED", job.c.attempt == 1)
    rows = connection.execute(wanted.order_by(job.c.id.desc()).limit(HISTORY))
    return [Finished(row[0], row[1], row[2], float(row[3])) for row in rows]
