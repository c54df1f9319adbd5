"""The session: what a physicist holds."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any, Self

from alyx.errors import BusyError, NotFoundError
from alyx.records import DatasetInfo, StoredEvent
from alyx.session import markup
from alyx.session.backend import Backend
from alyx.session.events import Events
from alyx.session.job import Job

if TYPE_CHECKING:
    import awkward as ak

    from alyx.ingest.receipts import Receipt


class Session:
    """Data sets, queries, events and jobs.

    Made by :func:`alyx.connect`; a context manager that closes its connections at the end.

    Parameters
    ----------
    backend
        The API's client, or the store itself.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def datasets(self) -> list[DatasetInfo]:
        """Return all data sets, by name."""
        return self._backend.datasets()

    def dataset(self, name: str) -> DatasetInfo:
        """Return one data set.

        Raises
        ------
        NotFoundError
            There is none of this name; says which are like it.
        """
        return self._backend.dataset(name)

    def query(self, dataset: str, where: Any = None, *, snapshot: int | None = None) -> Events:
        """Select events; the condition is checked now, events are read when they are asked for.

        Parameters
        ----------
        dataset
            Name of the data set.
        where
            Cut text as ``"MET.pt > 20 and Muon.n >= 2"``, an expression as
            ``alyx.field("MET.pt") > 20``, the JSON of the query panel, or ``None`` for all.
        snapshot
            An older commit of the data set; by default the newest, to which the answer
            stays pinned.

        Raises
        ------
        QueryError
            All that is wrong with the condition, with the near names of unknown fields.
        NotFoundError
            There is no such data set.
        """
        return Events(self._backend, self._backend.select(dataset, where, snapshot))

    def event(self, id: int) -> ak.Record:  # noqa: A002
        """Return one event's payload: a record of its objects.

        Parameters
        ----------
        id
            As in the column ``id`` of a page.
        """
        return self.stored_event(id).event

    def stored_event(self, id: int) -> StoredEvent:  # noqa: A002
        """Return one event with its data set and its header row."""
        return self._backend.event(_number(id, "event"))

    def ingest(
        self,
        events: ak.Array,
        dataset: str,
        *,
        key: str | None = None,
        title: str = "",
        kind: str = "real",
        patience: float = 60.0,
    ) -> Receipt:
        """Store a batch of events, and return when it is committed.

        Parameters
        ----------
        events
            As :mod:`alyx.events` describes them; bad ones are set aside, the others stored.
        dataset, title, kind
            The data set, made when missing: ``real``, ``simulated`` or ``synthetic``.
        key
            What the batch is known by: handed in again, it is stored once, and the first
            receipt comes back. Without one, the batch has one of its own.
        patience
            Seconds to go on trying while the store is busy.

        Raises
        ------
        BusyError
            There was no room all this time.
        """
        key = key or uuid.uuid4().hex
        end = time.monotonic() + patience
        while True:
            try:
                return self._backend.ingest(events, dataset, key, title, kind)
            except BusyError as error:
                if time.monotonic() + error.delay > end:
                    raise
                time.sleep(error.delay)

    def submit(
        self,
        *,
        dataset: str,
        histogram: dict[str, Any],
        where: Any = None,
        kind: str = "histogram",
        **others: Any,
    ) -> Job:
        """Submit a job: an analysis of all events of a selection, chunk by chunk.

        Parameters
        ----------
        dataset, where
            As in :meth:`query`.
        histogram
            ``{"quantity": "Muon.pair.mass", "bins": 60, "low": 60, "high": 120}``.
        kind
            ``histogram``.
        **others
            ``name`` (the quantity by default), ``snapshot``, ``priority`` (``low``, ``normal``,
            ``high``), ``workers``, ``idempotency_key``.

        Raises
        ------
        JobError, QueryError
            All that is wrong with the job.
        """
        spec = _spec(dataset, where, kind, histogram, others)
        # with a key, a submit whose answer was lost can be sent again without a second job
        spec.setdefault("idempotency_key", uuid.uuid4().hex)
        return Job(self._backend, self._backend.submit(spec))

    def forecast(
        self,
        *,
        dataset: str,
        histogram: dict[str, Any],
        where: Any = None,
        kind: str = "histogram",
        **others: Any,
    ) -> dict[str, Any]:
        """Check a job and say what it would take; nothing is submitted.

        Takes what :meth:`submit` takes.
        """
        return self._backend.forecast(_spec(dataset, where, kind, histogram, others))

    def jobs(self, *, status: str | None = None, limit: int = 100) -> list[Job]:
        """Return the newest jobs that you may see, newest first."""
        return [Job(self._backend, found) for found in self._backend.jobs(status, limit)]

    def job(self, id: int) -> Job:  # noqa: A002
        """Return one job by its id."""
        return Job(self._backend, self._backend.job(_number(id, "job")))

    def close(self) -> None:
        """Close the connections; twice does no harm."""
        self._backend.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Session by {self._backend}>"

    def _repr_html_(self) -> str:
        return markup.session(self)


def _number(id: Any, what: str) -> int:  # noqa: A002
    """Return an id as a plain integer; NumPy's own kinds, as awkward gives them, are fine."""
    try:
        number = int(id)
    except (TypeError, ValueError):
        number = -1
    if not 1 <= number < 2**63:
        raise NotFoundError(f"There is no {what} {id!r}.")
    return number


def _spec(
    dataset: str, where: Any, kind: str, histogram: dict[str, Any], others: dict[str, Any]
) -> dict[str, Any]:
    name = histogram.get("quantity") or "histogram"
    spec = {"name": name, "kind": kind, "dataset": dataset, "where": where, "histogram": histogram}
    return spec | {name: value for name, value in others.items() if value is not None}
