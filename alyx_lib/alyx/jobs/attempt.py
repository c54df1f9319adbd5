"""One attempt at a job: what the ledger lacks is run, merged, and signed with a receipt."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from sqlalchemy import Row
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    sleep_using_event,
    stop_after_attempt,
    stop_when_event_set,
    wait_exponential_jitter,
)

from alyx.errors import AlyxError, ConflictError, IntegrityError, JobError, ServiceError
from alyx.events.schema import Schema
from alyx.jobs import lease as leases
from alyx.jobs import merge, partial, receipt
from alyx.jobs.engine import Cluster, Engine
from alyx.jobs.lease import Lease
from alyx.jobs.spec import JobSpec
from alyx.jobs.task import PartialResult, Task
from alyx.records import ChunkInfo, Selection
from alyx.store import Store

log = logging.getLogger(__name__)

#: The retry policy of clusters: so many tries, and the first and longest wait in seconds.
CLUSTERS = {"tries": 10, "first": 1.0, "longest": 15.0}
#: Seconds between two commits of chunks, and between two partial histograms, at least.
COMMIT, PARTIAL = 0.2, 0.5
#: Share of the job's time so far: long jobs tell less often, so events stay few.
SHARE = 0.02


@dataclass
class Attempt:
    """A claimed job that is being run.

    Parameters
    ----------
    store
        The store.
    engine
        Gives it a cluster.
    lease, row
        What :func:`alyx.jobs.lease.claim` returned.
    """

    store: Store
    engine: Engine
    lease: Lease
    row: Row[Any]
    #: Set by whoever holds the attempt: the job is to stop, or its lease is lost.
    cancelled: Event = field(default_factory=Event)

    def run(self) -> None:
        """Run the job to its end, or until it is cancelled; the ledger says how it went."""
        try:
            self._run()
        except ConflictError as conflict:  # the lease is another's, or it was asked to stop
            log.info("Job %s: %s", self.lease.job, conflict)
            self._release()
        except AlyxError as error:
            if self.cancelled.is_set():  # what broke off is no mistake of the job's
                self._release()
            else:
                self._fail(error.message)
        except Exception:
            log.exception("Job %s failed by a mistake of ALYX's own.", self.lease.job)
            self._fail("ALYX made a mistake; the dispatcher's log has the details.")

    def _run(self) -> None:
        spec = JobSpec.model_validate(self.row.spec)
        selection = self.store.select(spec.dataset, spec.where, self.row.snapshot)
        chunks = self.store.chunk_list(selection)
        task = Task(
            self.row.id, selection.expression, spec.histogram, self.store.settings.objects
        )  # fmt: skip
        label = _label(self.store.dataset(spec.dataset).schema, spec.histogram.quantity)
        merged = merge.Merged(spec.histogram, label)
        self._recover(task, merged)
        left = [chunk for chunk in chunks if chunk.id not in merged.chunks]
        self._on_clusters(task, left, merged)
        if self.cancelled.is_set():
            self._release()
        else:
            self._complete(task, selection, chunks, label)

    def _recover(self, task: Task, merged: merge.Merged) -> None:
        """Add up what earlier attempts left; what cannot be read any more is run again."""
        with self.store.database.begin() as connection:
            done = leases.recorded(connection, self.lease.job)
        for result in done:
            try:
                merged.add(partial.read(task.objects_url, result.address, result.checksum))
            except IntegrityError as error:
                with self.store.database.begin() as connection:
                    leases.forget(connection, self.lease, result.chunk)
                with self.store.database.begin() as connection:
                    leases.log(connection, self.lease, f"{error} The chunk is run again.")

    def _on_clusters(self, task: Task, left: list[ChunkInfo], merged: merge.Merged) -> None:
        """Run chunks on a cluster; when it is lost, what is left on the next one."""
        name = self.row.cluster
        for trial in self._tries():
            with (
                trial,
                self.engine.cluster(
                    self.row.owner, self.row.workers, name, self.cancelled
                ) as cluster,
            ):
                name = cluster.name
                if self.cancelled.is_set():
                    return
                with self.store.database.begin() as connection:
                    leases.start(connection, self.lease, name)
                todo = [chunk for chunk in left if chunk.id not in merged.chunks]
                self._on_cluster(cluster, task, todo, merged)

    def _on_cluster(
        self, cluster: Cluster, task: Task, todo: Sequence[ChunkInfo], merged: merge.Merged
    ) -> None:
        book = Book(self.store, self.lease, merged, task.objects_url)
        try:
            cluster.run(task, todo, book.add, self.cancelled)
        finally:
            book.commit()

    def _tries(self) -> Retrying:
        return Retrying(
            retry=retry_if_exception_type(ServiceError),
            stop=stop_after_attempt(int(CLUSTERS["tries"])) | stop_when_event_set(self.cancelled),
            wait=wait_exponential_jitter(CLUSTERS["first"], CLUSTERS["longest"]),
            sleep=sleep_using_event(self.cancelled),
            before_sleep=self._tell,
            reraise=True,
        )

    def _tell(self, state: RetryCallState) -> None:
        assert state.outcome is not None and state.next_action is not None  # noqa: S101, PT018
        seconds = max(1, round(state.next_action.sleep))
        waiting = f"{state.outcome.exception()} The next try is in {seconds} s."
        log.warning("Job %s: %s", self.lease.job, waiting)
        with self.store.database.begin() as connection:
            leases.wait_for(connection, self.lease, waiting)

    def _complete(
        self, task: Task, selection: Selection, chunks: Sequence[ChunkInfo], label: str
    ) -> None:
        with self.store.database.begin() as connection:
            results = leases.recorded(connection, self.lease.job)
        merged = merge.merge(task.histogram, label, task.objects_url, results)
        histogram = merged.as_json()
        signed = receipt.Receipt(
            job=self.lease.job,
            dataset=selection.dataset,
            snapshot=selection.snapshot,
            fingerprint=selection.fingerprint,
            chunks_total=len(chunks),
            chunks_done=len(results),
            events_read=sum(result.events_read for result in results),
            events_selected=sum(result.events_selected for result in results),
            entries=merged.entries,
            complete=receipt.complete([(chunk.id, chunk.rows) for chunk in chunks], results),
            checksum=merge.checksum(histogram, merged.chunks),
        )
        if not signed.complete:
            done, total = signed.chunks_done, signed.chunks_total
            raise JobError(f"The result lacks events: {done} of {total} chunks. Retry the job.")
        with self.store.database.begin() as connection:
            leases.complete(connection, self.lease, histogram, signed.as_json())

    def _release(self) -> None:
        self._end(leases.release)

    def _fail(self, error: str) -> None:
        self._end(lambda connection, lease: leases.fail(connection, lease, error))

    def _end(self, write: Any) -> None:
        try:
            with self.store.database.begin() as connection:
                write(connection, self.lease)
        except AlyxError as error:  # the lease runs out, and the next dispatcher goes on
            log.warning("Job %s: %s", self.lease.job, error)


class Book:
    """Writes chunks into the ledger as they come, several in one commit when they come fast.

    Parameters
    ----------
    store, lease
        The ledger, and the hold on the job.
    merged
        The histogram so far.
    objects_url
        Where the partial results are read from.
    """

    def __init__(self, store: Store, lease: Lease, merged: merge.Merged, objects_url: str) -> None:
        self._store, self._lease, self._merged, self._url = store, lease, merged, objects_url
        self._results: list[PartialResult] = []
        self._began = self._committed = time.monotonic()
        self._told = 0.0

    def add(self, result: PartialResult) -> None:
        """Take a chunk's result."""
        self._merged.add(partial.read(self._url, result.address, result.checksum))
        self._results.append(result)
        if time.monotonic() - self._committed >= max(COMMIT, self._pause()):
            self.commit()

    def commit(self) -> None:
        """Write down what has come, and tell of it."""
        if not self._results:
            return
        now = time.monotonic()
        shown = now - self._told >= max(PARTIAL, self._pause())
        with self._store.database.begin() as connection:
            leases.record(connection, self._lease, self._results)
            leases.progress(connection, self._lease, self._merged.as_json() if shown else None)
        self._results, self._committed = [], now
        self._told = now if shown else self._told

    def _pause(self) -> float:
        return min(5.0, SHARE * (time.monotonic() - self._began))


def _label(schema: Schema, path: str) -> str:
    field = schema.find(path)
    return f"{path} [{field.unit}]" if field is not None and field.unit else path
