"""The dispatcher with real Dask processes and a real PostgreSQL."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import Any

import pytest
from distributed import Client, LocalCluster
from job_samples import chunked, spec
from known import collisions

from alyx.errors import ServiceError
from alyx.jobs import lease as leases
from alyx.jobs.desk import JobDesk
from alyx.jobs.local import LocalCluster as Threads
from alyx.jobs.spec import JobSpec
from alyx.jobs.task import PartialResult, Task
from alyx.records import ChunkInfo
from alyx.store import Store
from alyx_dask.pool import Pool
from alyx_dask.run import DaskCluster
from alyx_hub.scheduler.dispatcher import Dispatcher, Timing

pytestmark = pytest.mark.integration


class LocalClusters:
    """Clusters of processes on this machine, in the place of Dask Gateway."""

    def __init__(self) -> None:
        self.made: dict[str, LocalCluster] = {}

    def make(self, cancelled: Event) -> str:
        made = LocalCluster(
            n_workers=0, threads_per_worker=1, processes=True, dashboard_address=":0",
            memory_limit=0,
        )  # fmt: skip
        self.made[made.scheduler_address] = made
        return str(made.scheduler_address)

    def connect(self, name: str) -> Client:
        if name not in self.made:
            raise ServiceError("The cluster is gone.")
        return Client(name, set_as_default=False, timeout=10)

    def scale(self, name: str, workers: int) -> None:
        self.made[name].scale(workers)

    def end(self, name: str) -> None:
        if name in self.made:
            self.made.pop(name).close()

    def close(self) -> None:
        for made in self.made.values():
            made.close()


class PoolEngine:
    """The pool as an engine, with clusters that a test can look at."""

    def __init__(self, source: LocalClusters) -> None:
        self.pool = Pool(source, size=2)

    @contextmanager
    def cluster(
        self, owner: str, workers: int, name: str | None, cancelled: Event
    ) -> Iterator[DaskCluster]:
        with self.pool.lend(owner, workers, name, cancelled) as (found, client):
            yield DaskCluster(found, client)

    def close(self) -> None:
        self.pool.close(end=False)


@pytest.fixture(scope="module")
def clusters() -> Iterator[LocalClusters]:
    source = LocalClusters()
    yield source
    for made in source.made.values():
        made.close()


@pytest.fixture
def filled(store: Store) -> Store:
    return chunked(store, collisions())


@contextmanager
def dispatching(store: Store, source: LocalClusters) -> Iterator[Dispatcher]:
    engine = PoolEngine(source)
    source.close = lambda: None  # type: ignore[method-assign]  # the module's end closes them
    timing = Timing(lease=5.0, renewal=0.2, poll=0.5)
    dispatcher = Dispatcher(store, engine, timing=timing)
    thread = threading.Thread(target=dispatcher.run)
    thread.start()
    try:
        yield dispatcher
    finally:
        dispatcher.stop()
        thread.join(30)
        assert not thread.is_alive()


def ended(desk: JobDesk, number: int) -> dict[str, Any]:
    for _ in range(1200):
        job = desk.job(number)
        if job["status"] in ("COMPLETED", "FAILED", "STOPPED"):
            return job
        time.sleep(0.05)
    pytest.fail(f"the job did not end: {job}")


def test_a_job_goes_through_dispatcher_and_dask_to_a_receipt(
    filled: Store, clusters: LocalClusters
) -> None:
    desk = JobDesk(filled, "marie")
    with dispatching(filled, clusters):
        made = desk.submit(spec())
        job = ended(desk, made["id"])
    assert job["status"] == "COMPLETED", job["error"]
    assert desk.result(made["id"])["receipt"]["complete"]
    happened = [event["event"] for event in desk.events(job=made["id"])]
    assert happened[0] == happened[-1] == "state"
    assert "partial" in happened


def test_a_killed_worker_costs_no_event(filled: Store, clusters: LocalClusters) -> None:
    made = JobDesk(filled, "marie").submit(spec())
    name = clusters.make(Event())
    clusters.scale(name, 1)
    results: list[PartialResult] = []
    with clusters.connect(name) as client:
        client.wait_for_workers(1, timeout=30)
        pids = list(client.run(os.getpid).values())

        def kill(result: PartialResult) -> None:
            results.append(result)
            while pids:
                os.kill(pids.pop(), signal.SIGKILL)

        task, chunks = task_of(filled, made)
        DaskCluster(name, client).run(task, chunks, kill, Event())
    clusters.end(name)
    assert sorted(result.chunk for result in results) == [chunk.id for chunk in chunks]


def task_of(store: Store, made: dict[str, Any]) -> tuple[Task, list[ChunkInfo]]:
    selection = store.select("small")
    axis = JobSpec.model_validate(made["spec"]).histogram
    task = Task(made["id"], selection.expression, axis, store.settings.objects)
    return task, store.chunk_list(selection)


def test_the_next_dispatcher_runs_only_what_the_ledger_lacks(
    filled: Store, clusters: LocalClusters
) -> None:
    desk = JobDesk(filled, "marie")
    made = desk.submit(spec())
    with filled.database.begin() as connection:
        claimed = leases.claim(connection, "crashed", seconds=0.0)
    assert claimed is not None
    task, chunks = task_of(filled, made)
    results: list[PartialResult] = []
    Threads(1).run(task, chunks[:2], results.append, Event())
    with filled.database.begin() as connection:
        leases.record(connection, claimed[0], results)
    with dispatching(filled, clusters):
        job = ended(desk, made["id"])
    assert (job["status"], job["attempt"]) == ("COMPLETED", 2)
    with filled.database.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT chunk_id, attempt FROM job_chunk ORDER BY chunk_id"
        ).all()
    assert [row.attempt for row in rows] == [1, 1, 2, 2]
    assert desk.result(made["id"])["receipt"]["complete"]


def test_a_lost_scheduler_is_replaced(filled: Store, clusters: LocalClusters) -> None:
    desk = JobDesk(filled, "lise")
    with dispatching(filled, clusters):
        first = ended(desk, desk.submit(spec())["id"])
        with filled.database.read() as connection:
            name = connection.exec_driver_sql("SELECT cluster FROM job").scalar_one()
        clusters.end(name)
        second = ended(desk, desk.submit(spec(name="again"))["id"])
    assert (first["status"], second["status"], second["error"]) == ("COMPLETED", "COMPLETED", None)
