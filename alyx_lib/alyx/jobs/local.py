"""Jobs in this process: the engine of a script, a test, one laptop."""

from __future__ import annotations

import logging
import os
import socket
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Lock, Thread

from alyx.errors import AlyxError
from alyx.jobs import lease as leases
from alyx.jobs.attempt import Attempt
from alyx.jobs.engine import OnResult
from alyx.jobs.task import PartialResult, Task, run_chunk
from alyx.records import ChunkInfo
from alyx.store import Store

log = logging.getLogger(__name__)

#: Seconds for which a job is held without a renewal, and between two renewals.
LEASE, RENEWAL = 30.0, 1.0


@dataclass(frozen=True)
class LocalCluster:
    """Threads of this process."""

    workers: int
    name: str = "local"

    def run(
        self, task: Task, chunks: Sequence[ChunkInfo], on_result: OnResult, cancelled: Event
    ) -> None:
        """Run the task on each chunk, as :meth:`alyx.jobs.engine.Cluster.run`."""
        left, running = iter(chunks), set[Future[PartialResult]]()
        with ThreadPoolExecutor(self.workers, "alyx-worker") as threads:
            while not cancelled.is_set():
                while len(running) < self.workers and (chunk := next(left, None)) is not None:
                    running.add(threads.submit(run_chunk, task, chunk))
                if not running:
                    return
                done, running = wait(running, timeout=0.5, return_when=FIRST_COMPLETED)
                for future in done:
                    on_result(future.result())


class LocalEngine:
    """Gives threads of this process, at most as many as it has processors."""

    @contextmanager
    def cluster(
        self,
        owner: str,  # noqa: ARG002  the same threads for all
        workers: int,
        name: str | None,  # noqa: ARG002
        cancelled: Event,  # noqa: ARG002
    ) -> Iterator[LocalCluster]:
        """Give threads, as :meth:`alyx.jobs.engine.Engine.cluster`."""
        yield LocalCluster(min(workers, os.cpu_count() or 1))

    def close(self) -> None:
        """Nothing is held."""


class LocalRunner:
    """Runs an owner's queued jobs in this process, one after the other, in the background.

    Parameters
    ----------
    store
        An open store.
    owner
        Whose jobs.
    """

    def __init__(self, store: Store, owner: str) -> None:
        self._store, self._owner = store, owner
        self._holder = holder()
        self._lock, self._closed = Lock(), Event()
        self._thread: Thread | None = None
        self._asked = False
        self._attempt: Attempt | None = None

    def kick(self) -> None:
        """Look at the queue now; returns at once."""
        with self._lock:
            self._asked = True
            if self._thread is None and not self._closed.is_set():
                self._thread = Thread(target=self._work, name="alyx-jobs", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Give the running job back to the queue, and end; twice does no harm."""
        self._closed.set()
        with self._lock:
            thread = self._thread
        if self._attempt is not None:
            self._attempt.cancelled.set()
        if thread is not None:
            thread.join()

    def _work(self) -> None:
        try:
            while self._wanted():
                while not self._closed.is_set() and self._one():
                    pass
        except AlyxError:
            log.warning("Jobs cannot be run here now.", exc_info=True)
            with self._lock:
                self._thread = None

    def _wanted(self) -> bool:
        """Return whether someone asked since the last look; else the thread is over."""
        with self._lock:
            asked, self._asked = self._asked, False
            if not asked or self._closed.is_set():
                self._thread = None
                return False
            return True

    def _one(self) -> bool:
        """Run the first job of the queue; return whether there was one."""
        with self._store.database.begin() as connection:
            while leases.expired(connection, self._owner) is not None:
                pass
        with self._store.database.begin() as connection:
            claimed = leases.claim(connection, self._holder, LEASE, self._owner)
        if claimed is None:
            return False
        self._attempt = Attempt(self._store, LocalEngine(), *claimed)
        with renewed(self._store, self._attempt):
            if self._closed.is_set():
                self._attempt.cancelled.set()
            self._attempt.run()
        self._attempt = None
        return True


@contextmanager
def renewed(store: Store, attempt: Attempt) -> Iterator[None]:
    """Keep an attempt's lease while it runs, and cancel it when it is lost or is to stop."""
    over = Event()

    def renew() -> None:
        while not over.wait(RENEWAL):
            try:
                with store.database.begin() as connection:
                    found = leases.renew(connection, [attempt.lease])
            except AlyxError:
                log.warning("The lease of a job could not be renewed.", exc_info=True)
                continue
            if found.get(attempt.lease.job) != "COMPLETED":
                attempt.cancelled.set()

    thread = Thread(target=renew, name="alyx-lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def holder() -> str:
    """Return a name for this process by which its leases are told from all others."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
