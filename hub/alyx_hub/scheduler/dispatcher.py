"""The loop that runs the jobs of all owners; several dispatchers may run beside each other.

It wakes by PostgreSQL's notifications and looks by itself from time to time. What it holds
it holds by leases: when it dies, the next one goes on where the ledger ends.
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event, Lock, Thread
from typing import Any

import psycopg

from alyx.errors import AlyxError
from alyx.jobs import lease as leases
from alyx.jobs.attempt import Attempt
from alyx.jobs.engine import Engine
from alyx.jobs.local import holder
from alyx.jobs.news import CHANNEL
from alyx.store import Store

log = logging.getLogger("alyx.dispatcher")


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long things take, in seconds.

    Parameters
    ----------
    lease
        For which a job is held without a renewal.
    renewal
        Between two renewals, which also look for requests to stop.
    poll
        Between two looks at the queue without a notification.
    """

    lease: float = 30.0
    renewal: float = 0.5
    poll: float = 2.0


class Dispatcher:
    """Claims jobs and runs them on an engine, several at once.

    Parameters
    ----------
    store
        An open store.
    engine
        Gives clusters.
    jobs
        Most jobs at once: as many as the engine has clusters.
    timing
        How long things take.
    """

    def __init__(
        self, store: Store, engine: Engine, jobs: int = 2, timing: Timing | None = None
    ) -> None:
        self._store, self._engine, self._jobs = store, engine, jobs
        self._timing = timing or Timing()
        self._holder = holder()
        self._running: dict[int, Attempt] = {}
        self._lock = Lock()
        self._stopping, self._woken = Event(), Event()

    def run(self) -> None:
        """Dispatch until :meth:`stop`; then the running jobs are back in the queue."""
        threads = ThreadPoolExecutor(self._jobs, "alyx-job")
        helpers = [Thread(target=work, daemon=True) for work in (self._listen, self._renew)]
        for helper in helpers:
            helper.start()
        log.info("The dispatcher %s is ready for %s jobs at once.", self._holder, self._jobs)
        try:
            while not self._stopping.is_set():
                self._woken.clear()
                self._look(threads)
                self._woken.wait(self._timing.poll)
        finally:
            self.stop()
            threads.shutdown(wait=True)
            self._engine.close()

    def stop(self) -> None:
        """Ask the loop to end; may be called from a signal handler or another thread."""
        self._stopping.set()
        for attempt in list(self._running.values()):
            attempt.cancelled.set()
        self._woken.set()

    def _look(self, threads: ThreadPoolExecutor) -> None:
        """Claim as many jobs as there is room for."""
        try:
            with self._store.database.begin() as connection:
                while leases.expired(connection) is not None:
                    log.warning("A job's dispatcher is gone; the job is back in the queue.")
            while len(self._running) < self._jobs and not self._stopping.is_set():
                with self._store.database.begin() as connection:
                    claimed = leases.claim(connection, self._holder, self._timing.lease)
                if claimed is None:
                    break
                self._begin(threads, Attempt(self._store, self._engine, *claimed))
            sweep: Any = getattr(self._engine, "sweep", None)
            if sweep is not None:
                sweep()
        except AlyxError as error:
            log.warning("The queue cannot be read now: %s", error)

    def _begin(self, threads: ThreadPoolExecutor, attempt: Attempt) -> None:
        with self._lock:
            self._running[attempt.lease.job] = attempt
        if self._stopping.is_set():
            attempt.cancelled.set()
        threads.submit(self._attempt, attempt)

    def _attempt(self, attempt: Attempt) -> None:
        number = attempt.lease.job
        log.info("Job %s of %s: attempt %s.", number, attempt.row.owner, attempt.lease.attempt)
        try:
            attempt.run()
        except Exception:
            log.exception("Job %s could not be ended in order.", number)
        finally:
            with self._lock:
                self._running.pop(number, None)
            self._woken.set()

    def _renew(self) -> None:
        while not self._stopping.wait(self._timing.renewal):
            with self._lock:
                attempts = dict(self._running)
            if not attempts:
                continue
            try:
                with self._store.database.begin() as connection:
                    found = leases.renew(connection, [one.lease for one in attempts.values()])
            except AlyxError as error:
                log.warning("Leases could not be renewed: %s", error)
                continue
            for number, attempt in attempts.items():
                if found.get(number) != "COMPLETED":
                    attempt.cancelled.set()

    def _listen(self) -> None:
        """Wake the loop when anything happens to a job."""
        url = self._store.database.url.replace("postgresql+psycopg://", "postgresql://", 1)
        while not self._stopping.is_set():
            try:
                with psycopg.connect(url, autocommit=True) as connection:
                    connection.execute(f"LISTEN {CHANNEL}")
                    while not self._stopping.is_set():
                        for _ in connection.notifies(timeout=0.5, stop_after=1):
                            self._woken.set()
            except psycopg.Error as error:
                log.warning("The listener lost the database: %s", error)
                self._stopping.wait(self._timing.poll)
