"""Where jobs are handed in and asked about, in one owner's name."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from alyx.errors import AccessError, ConflictError, JobError, Problem
from alyx.jobs import ledger, news, partial, predict
from alyx.jobs.record import as_event, as_json
from alyx.jobs.spec import PRIORITIES, JobSpec
from alyx.jobs.validate import Limits, validate
from alyx.query import Expression
from alyx.query import as_json as where_json
from alyx.records import Selection
from alyx.store import Store

log = logging.getLogger(__name__)


class JobDesk:
    """Jobs of one owner, or of all.

    Parameters
    ----------
    store
        An open store.
    owner
        Whose jobs; ``None`` is an administrator, who sees all.
    limits
        What one job may ask for.
    """

    def __init__(self, store: Store, owner: str | None, limits: Limits | None = None) -> None:
        self._store, self._owner, self._limits = store, owner, limits or Limits()

    def forecast(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        """Check a job and say what it would take; nothing is submitted."""
        checked = self._checked(spec)
        _, forecast = self._foreseen(checked, self._selection(checked))
        return {"valid": True, "forecast": forecast.as_json()}

    def submit(self, spec: Mapping[str, Any], owner: str | None = None) -> dict[str, Any]:
        """Queue a job.

        Parameters
        ----------
        spec
            As it travels; ``where`` may be an Expression too.
        owner
            Whose it is; the desk's own by default.

        Raises
        ------
        JobError
            With every mistake of the spec.
        """
        whose = owner or self._owner
        if whose is None or self._owner not in (None, whose):
            raise AccessError("A job is submitted in its owner's name.")
        checked = self._checked(spec)
        selection = self._selection(checked)
        sizes, forecast = self._foreseen(checked, selection)
        with self._store.database.begin() as connection:
            row = ledger.submit(connection, whose, checked, selection, sizes, forecast.as_json())
        return as_json(row)

    def job(self, number: int) -> dict[str, Any]:
        """Return one job; NotFoundError also for another's."""
        with self._store.database.read() as connection:
            return as_json(ledger.find(connection, self._owner, number))

    def jobs(self, status: str | None = None, limit: int = 100) -> list[dict[str, Any]]:
        """Return the newest jobs, newest first."""
        with self._store.database.read() as connection:
            return [as_json(row) for row in ledger.listed(connection, self._owner, status, limit)]

    def stop(self, number: int) -> dict[str, Any]:
        """Stop a job: at once in the queue, within about a second when it runs."""
        with self._store.database.begin() as connection:
            return as_json(ledger.stop(connection, self._owner, number))

    def retry(self, number: int) -> dict[str, Any]:
        """Queue a failed or stopped job again; it goes on where it was."""
        with self._store.database.begin() as connection:
            return as_json(ledger.retry(connection, self._owner, number))

    def change(
        self, number: int, name: str | None = None, priority: str | None = None
    ) -> dict[str, Any]:
        """Rename a job, or move it among those that wait."""
        _check_change(name, priority)
        with self._store.database.begin() as connection:
            return as_json(ledger.change(connection, self._owner, number, name, priority))

    def delete(self, number: int) -> None:
        """Delete a job that has ended, and its files."""
        with self._store.database.begin() as connection:
            ledger.remove(connection, self._owner, number)
        try:
            partial.remove(self._store.settings.objects, f"results/{number}")
        except OSError:  # the job is gone; its files are only space
            log.warning("The partial results of job %s are left behind.", number, exc_info=True)

    def result(self, number: int) -> dict[str, Any]:
        """Return histogram and receipt of a complete job."""
        with self._store.database.read() as connection:
            row = ledger.find(connection, self._owner, number)
        if row.status != "COMPLETED":
            raise ConflictError(f"Job {number} is {row.status}: it has no result yet.")
        return {"histogram": row.result, "receipt": row.receipt}

    def events(self, after: int = 0, job: int | None = None) -> list[dict[str, Any]]:
        """Return what happened to the jobs after an event's number, oldest first."""
        with self._store.database.read() as connection:
            return [as_event(row) for row in news.read(connection, after, self._owner, job)]

    def newest(self) -> int:
        """Return the number of the newest event."""
        with self._store.database.read() as connection:
            return news.newest(connection)

    def _checked(self, spec: Mapping[str, Any]) -> JobSpec:
        where = spec.get("where")
        plain = {**spec, "where": where_json(where)} if isinstance(where, Expression) else spec
        return validate(plain, self._store.dataset, self._limits)

    def _selection(self, spec: JobSpec) -> Selection:
        return self._store.select(spec.dataset, spec.where, spec.snapshot)

    def _foreseen(
        self, spec: JobSpec, selection: Selection
    ) -> tuple[tuple[int, int], predict.Forecast]:
        chunks = self._store.chunk_list(selection)
        events, size = sum(chunk.rows for chunk in chunks), sum(chunk.bytes for chunk in chunks)
        with self._store.database.read() as connection:
            history = ledger.history(connection)
        asked = predict.Size(len(chunks), events, size, spec.workers)
        return (len(chunks), events), predict.predict(history, asked)


def _check_change(name: str | None, priority: str | None) -> None:
    problems = []
    if name is not None and not (name.strip() and len(name) <= 200 and "\0" not in name):
        problems.append(Problem("name", "A name has 1 to 200 characters."))
    if priority is not None and priority not in PRIORITIES:
        problems.append(Problem("priority", f"There is no priority {priority!r}."))
    if problems:
        raise JobError(problems=problems)
