"""What a session needs of whatever answers it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import awkward as ak

from alyx.records import Count, DatasetInfo, Page, Selection, StoredEvent

if TYPE_CHECKING:
    from alyx.ingest.receipts import Receipt

#: A job as it travels: `docs/reference/api.md`.
JobJson = dict[str, Any]
#: The number of an event of a job, and the job at that moment.
JobNews = tuple[int, JobJson]
#: States in which a job stays until someone moves it.
ENDED = frozenset({"COMPLETED", "FAILED", "STOPPED"})


class Backend(Protocol):
    """Data sets, selections, events and jobs: by the API, or straight on the store."""

    def datasets(self) -> list[DatasetInfo]:
        """Return all data sets, by name."""

    def dataset(self, name: str) -> DatasetInfo:
        """Return one data set; NotFoundError names the near ones."""

    def select(self, dataset: str, where: Any, snapshot: int | None) -> Selection:
        """Check and compile a condition; QueryError with all problems."""

    def count(self, selection: Selection) -> Count:
        """Count a selection's events."""

    def page(self, selection: Selection, limit: int, after: int | None) -> Page:
        """Return one page of header rows."""

    def events(
        self, selection: Selection, fields: Sequence[str] | None, limit: int | None
    ) -> Iterator[ak.Array]:
        """Read the payload in at least one batch, with the field ``id``."""

    def event(self, id: int) -> StoredEvent:  # noqa: A002
        """Return one event; NotFoundError."""

    def ingest(
        self, events: ak.Array, dataset: str, key: str, title: str, kind: str
    ) -> Receipt:  # fmt: skip
        """Store a batch of events; BusyError when there is no room just now."""

    def submit(self, spec: Mapping[str, Any]) -> JobJson:
        """Submit a job; the same idempotency key gives the same job."""

    def forecast(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        """Check a job and say what it would take; nothing is submitted."""

    def jobs(self, status: str | None, limit: int) -> list[JobJson]:
        """Return the newest jobs that the user may see."""

    def job(self, id: int) -> JobJson:  # noqa: A002
        """Return one job; NotFoundError."""

    def patch_job(self, id: int, change: Mapping[str, Any]) -> JobJson:  # noqa: A002
        """Move a job to a target (``STOPPED``, ``QUEUED``), or change priority or name."""

    def job_events(self, id: int, after: int, silence: float) -> Iterator[JobNews]:  # noqa: A002
        """Return what happens to a job, later than the event number ``after``.

        Ends when the job has ended, after so many seconds without news, or when the
        connection does: then ask for the job itself.
        """

    def result(self, id: int) -> dict[str, Any]:  # noqa: A002
        """Return ``{"histogram", "receipt"}`` of a complete job; ConflictError before that."""

    def close(self) -> None:
        """Free connections; twice does no harm."""
