"""Run a job's task on a Dask cluster: few chunks in flight a worker, results as they come."""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Event
from typing import Any

from distributed import Client, KilledWorker
from distributed.client import Future, FutureCancelledError
from distributed.scheduler import NoWorkerError

from alyx.errors import AlyxError, JobError, ServiceError
from alyx.jobs.engine import OnResult
from alyx.jobs.task import PartialResult, Task, run_chunk
from alyx.records import ChunkInfo
from alyx_dask.call import within

#: Chunks in flight for each thread of a worker: one runs, one waits.
IN_FLIGHT = 2
#: Longest time for a call to the scheduler, and between two looks whether it lives, in seconds.
CALL, PROBE = 10.0, 5.0
#: Seconds within which a cancellation is seen.
TICK = 0.25


@dataclass
class DaskCluster:
    """A Dask cluster that one job holds.

    Parameters
    ----------
    name
        By which it can be found again.
    client
        Connected to its scheduler.
    """

    name: str
    client: Client

    def run(
        self, task: Task, chunks: Sequence[ChunkInfo], on_result: OnResult, cancelled: Event
    ) -> None:
        """Run the task on each chunk, as :meth:`alyx.jobs.engine.Cluster.run`."""
        flight = _Flight(self.client, task, chunks)
        try:
            while not cancelled.is_set() and flight.fill():
                for result in flight.landed():
                    on_result(result)
        finally:
            flight.cancel()


class _Flight:
    """The chunks that are on their way."""

    def __init__(self, client: Client, task: Task, chunks: Sequence[ChunkInfo]) -> None:
        self._client, self._task = client, task
        self._left = iter(chunks)
        self._waiting: dict[str, tuple[Future[PartialResult], ChunkInfo]] = {}
        self._done: SimpleQueue[str] = SimpleQueue()
        self._probed = time.monotonic()
        self._threads = self._workers()

    def fill(self) -> bool:
        """Send chunks as long as there is room; return whether any are on their way."""
        self._probe()
        room = IN_FLIGHT * max(1, self._threads) - len(self._waiting)
        batch = [chunk for _, chunk in zip(range(max(0, room)), self._left, strict=False)]
        try:
            if batch:
                within(CALL, "The cluster's scheduler", lambda: self._send(batch))
        except (OSError, RuntimeError, ValueError) as error:
            # a client that lost its scheduler says so in any of these ways
            raise ServiceError(f"The cluster's scheduler is gone: {error}.") from error
        return bool(self._waiting)

    def _send(self, batch: Sequence[ChunkInfo]) -> None:
        for chunk in batch:
            # a key of its own: a chunk that failed before is run again, not remembered
            key = f"alyx-{self._task.job}-{chunk.id}-{uuid.uuid4().hex[:8]}"
            future = self._client.submit(run_chunk, self._task, chunk, key=key, pure=False)
            self._waiting[key] = (future, chunk)
            future.add_done_callback(lambda done: self._done.put(done.key))  # type: ignore[no-untyped-call]

    def landed(self) -> Iterator[PartialResult]:
        """Yield the results that are there, after a short wait for the first."""
        try:
            key = self._done.get(timeout=TICK)
        except Empty:
            return
        while True:
            future, chunk = self._waiting.pop(key)
            yield self._result(future, chunk)
            future.release()  # type: ignore[no-untyped-call]
            try:
                key = self._done.get_nowait()
            except Empty:
                return

    def _result(self, future: Future[PartialResult], chunk: ChunkInfo) -> PartialResult:
        if future.cancelled():  # type: ignore[no-untyped-call]
            raise ServiceError("The cluster's scheduler has ended.")
        try:
            result: PartialResult = within(CALL, "The cluster", lambda: future.result(timeout=CALL))
        except AlyxError:
            raise
        except KilledWorker as error:
            raise JobError(
                f"Chunk {chunk.id} ended each worker that took it, most likely for lack of "
                "memory. Ask for workers with more memory, or tell your administrator."
            ) from error
        except FutureCancelledError as error:
            raise ServiceError("The cluster's scheduler has ended.") from error
        except (OSError, TimeoutError, NoWorkerError) as error:
            raise ServiceError(f"The cluster was lost: {error}.") from error
        except Exception as error:
            raise JobError(f"Chunk {chunk.id} could not be analysed: {error}.") from error
        return result

    def _probe(self) -> None:
        """Ask from time to time whether the scheduler lives, and how many threads there are."""
        if time.monotonic() - self._probed < PROBE:
            return
        self._threads = self._workers()
        self._probed = time.monotonic()

    def _workers(self) -> int:
        try:
            threads: dict[str, Any] = within(CALL, "The cluster's scheduler", self._client.nthreads)
        except (OSError, ValueError, RuntimeError) as error:
            raise ServiceError(f"The cluster's scheduler is gone: {error}.") from error
        return sum(threads.values())

    def cancel(self) -> None:
        """Take back what is still on its way; a task that runs ends by itself."""
        if not self._waiting:
            return
        futures = [future for future, _ in self._waiting.values()]
        # when the scheduler is gone, the chunks are gone with it
        with contextlib.suppress(AlyxError, OSError, RuntimeError):
            within(2.0, "The scheduler", lambda: self._cancel(futures))

    def _cancel(self, futures: list[Future[PartialResult]]) -> None:
        self._client.cancel(futures, force=True)  # type: ignore[no-untyped-call]
