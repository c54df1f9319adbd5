"""A session's backend straight on the store: a script, a test, one laptop."""

from __future__ import annotations

import getpass
import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import awkward as ak

from alyx.jobs.desk import JobDesk
from alyx.jobs.local import LocalRunner
from alyx.records import Count, DatasetInfo, Page, Selection, StoredEvent
from alyx.session import arrow
from alyx.session.backend import ENDED, JobJson, JobNews
from alyx.settings import Settings
from alyx.store import Store

if TYPE_CHECKING:
    from alyx.ingest.receipts import Receipt
    from alyx.ingest.stream import Stream

#: Seconds between two looks at the table of job events.
PAUSE = 0.2


class StoreBackend:
    """Asks the store itself; jobs run in this process, one after the other.

    Parameters
    ----------
    store
        An open store.
    owner
        Whose jobs they are; by default the account of this process.
    """

    def __init__(self, store: Store, owner: str = "") -> None:
        self._store = store
        self._owner = owner or getpass.getuser()
        self._desk = JobDesk(store, self._owner)
        self._closing: list[Any] = []
        self._finalizer = weakref.finalize(self, _close, self._closing)

    @classmethod
    def open(cls, settings: Settings) -> StoreBackend:
        """Open the store of the settings, and close it with the session."""
        store = Store.open(settings)
        made = cls(store)
        made._closing.append(store)
        return made

    def __str__(self) -> str:
        return f"the store {self._store.settings.objects}"

    def close(self) -> None:
        """Stop running jobs here, and close the store."""
        self._finalizer()

    # -- data sets, selections, events

    def datasets(self) -> list[DatasetInfo]:
        """Return all data sets."""
        return self._store.datasets()

    def dataset(self, name: str) -> DatasetInfo:
        """Return one data set."""
        return self._store.dataset(name)

    def select(self, dataset: str, where: Any, snapshot: int | None) -> Selection:
        """Check and compile a condition."""
        return self._store.select(dataset, where, snapshot)

    def count(self, selection: Selection) -> Count:
        """Count a selection's events."""
        return self._store.count(selection)

    def page(self, selection: Selection, limit: int, after: int | None) -> Page:
        """Return one page of header rows."""
        return self._store.page(selection, limit, after)

    def events(
        self, selection: Selection, fields: Sequence[str] | None, limit: int | None
    ) -> Iterator[ak.Array]:
        """Read the payload."""
        return arrow.batches(self._store, selection, fields, limit)

    def event(self, id: int) -> StoredEvent:  # noqa: A002
        """Return one event."""
        return self._store.event(id)

    def ingest(
        self, events: ak.Array, dataset: str, key: str, title: str, kind: str
    ) -> Receipt:  # fmt: skip
        """Store a batch of events."""
        from alyx.ingest.stream import Target

        return self._stream.put(events, key, into=Target(dataset, title, kind)).result()

    @cached_property
    def _stream(self) -> Stream:
        from alyx.ingest.stream import Stream

        stream = Stream(self._store, writers=1)
        self._closing.insert(0, stream)  # it works on the store: it ends first
        return stream

    # -- jobs

    @cached_property
    def _runner(self) -> LocalRunner:
        runner = LocalRunner(self._store, self._owner)
        self._closing.insert(0, runner)  # it works on the store: it ends first
        return runner

    def submit(self, spec: Mapping[str, Any]) -> JobJson:
        """Submit a job, and have it run here in the background."""
        made: JobJson = self._desk.submit(dict(spec))
        self._runner.kick()
        return made

    def forecast(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        """Check a job and say what it would take."""
        return self._desk.forecast(dict(spec))

    def jobs(self, status: str | None, limit: int) -> list[JobJson]:
        """Return the newest jobs."""
        return self._desk.jobs(status=status, limit=limit)

    def job(self, id: int) -> JobJson:  # noqa: A002
        """Return one job."""
        return self._desk.job(id)

    def patch_job(self, id: int, change: Mapping[str, Any]) -> JobJson:  # noqa: A002
        """Move or change a job, as PATCH on the API does."""
        rest = dict(change)
        target = rest.pop("target", None)
        body = self._desk.change(id, **rest) if rest else self._desk.job(id)
        if target == "STOPPED":
            return self._desk.stop(id)
        if target == "QUEUED":
            body = self._desk.retry(id)
            self._runner.kick()
        return body

    def job_events(self, id: int, after: int, silence: float) -> Iterator[JobNews]:  # noqa: A002
        """Return the rows of the job's event table, as they come."""
        last = time.monotonic()
        while time.monotonic() - last < silence:
            for news in self._desk.events(after=after, job=id):
                after, last = int(news["id"]), time.monotonic()
                yield after, news["data"]["job"]
            if self._desk.job(id)["status"] in ENDED:
                return
            time.sleep(PAUSE)

    def result(self, id: int) -> dict[str, Any]:  # noqa: A002
        """Return histogram and receipt."""
        return self._desk.result(id)


def _close(closing: list[Any]) -> None:
    while closing:
        closing.pop(0).close()
