"""A few warm clusters: one owner's each, a cap over all owners, least recently used out first."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Protocol

from distributed import Client

from alyx.errors import AlyxError, ServiceError
from alyx_dask.call import within

log = logging.getLogger(__name__)

#: Seconds for the first worker to come.
WORKER = 60.0


class Clusters(Protocol):
    """Where clusters come from: Dask Gateway, or a test's own."""

    def make(self, cancelled: Event) -> str:
        """Start a cluster and return its name."""

    def connect(self, name: str) -> Client:
        """Connect to a cluster; ServiceError when it is gone."""

    def scale(self, name: str, workers: int) -> None:
        """Ask for so many workers."""

    def end(self, name: str) -> None:
        """End a cluster."""

    def close(self) -> None:
        """Let go of the source itself."""


@dataclass
class _Warm:
    name: str
    owner: str
    client: Client | None = None
    busy: bool = True
    used: float = field(default_factory=time.monotonic)


class Pool:
    """Lends clusters to jobs, one job a cluster at a time, never another owner's.

    Parameters
    ----------
    source
        Where clusters come from.
    size
        Most clusters, over all owners.
    idle
        Seconds after which an idle cluster is ended.
    """

    def __init__(self, source: Clusters, size: int = 2, idle: float = 300.0) -> None:
        self._source, self._size, self._idle = source, size, idle
        self._warm: list[_Warm] = []
        self._lock = Lock()

    @contextmanager
    def lend(
        self, owner: str, workers: int, name: str | None, cancelled: Event
    ) -> Iterator[tuple[str, Client]]:
        """Lend a cluster, for the time of the context.

        Parameters
        ----------
        owner, workers
            Whose work, and how many workers.
        name
            A cluster to find again, if it still lives and is free.
        cancelled
            Ends the wait.

        Raises
        ------
        ServiceError
            There is none to be had now.
        """
        warm = self._take(owner, name)
        try:
            client = self._ready(warm, workers, cancelled)
            yield warm.name, client
        except BaseException as error:
            # a mistake of the job leaves the cluster as it was; anything else may not
            if isinstance(error, ServiceError) or warm.client is None:
                self._drop(warm)
            raise
        finally:
            warm.busy, warm.used = False, time.monotonic()

    def sweep(self) -> None:
        """End the clusters that were idle for too long."""
        old = time.monotonic() - self._idle
        with self._lock:
            gone = [warm for warm in self._warm if not warm.busy and warm.used < old]
            self._warm = [warm for warm in self._warm if warm not in gone]
        for warm in gone:
            self._end(warm)

    def close(self, *, end: bool = True) -> None:
        """Let go of all clusters; with ``end`` they are ended."""
        with self._lock:
            gone, self._warm = self._warm, []
        for warm in gone:
            self._end(warm, end=end)
        self._source.close()

    def _take(self, owner: str, name: str | None) -> _Warm:
        """Take an idle cluster of the owner, or room for a new one."""
        with self._lock:
            mine = [warm for warm in self._warm if warm.owner == owner and not warm.busy]
            if mine:
                found = max(mine, key=lambda warm: (warm.name == name, warm.used))
                found.busy = True
                return found
            out = self._out()
            known = {warm.name for warm in self._warm}
            made = _Warm("" if name is None or name in known else name, owner)
            self._warm.append(made)
        if out is not None:
            self._end(out)
        return made

    def _out(self) -> _Warm | None:
        """Take the least recently used idle cluster out, where there is no room."""
        if len(self._warm) < self._size:
            return None
        idle = [warm for warm in self._warm if not warm.busy]
        if not idle:
            raise ServiceError(f"All {self._size} clusters are at work.")
        out = min(idle, key=lambda warm: warm.used)
        self._warm.remove(out)
        return out

    def _ready(self, warm: _Warm, workers: int, cancelled: Event) -> Client:
        """Return a client whose cluster answers and has a worker."""
        if warm.client is not None and not _lives(warm.client):
            self._end(warm)
            warm.name, warm.client = "", None
        if warm.client is None and warm.name:
            warm.client = self._again(warm.name)
        if warm.client is None:
            warm.name = self._source.make(cancelled)
            warm.client = self._source.connect(warm.name)
        self._source.scale(warm.name, workers)
        _wait_for_worker(warm.client, cancelled)
        return warm.client

    def _again(self, name: str) -> Client | None:
        """Connect to a cluster of an earlier dispatcher, if it still lives."""
        try:
            client = self._source.connect(name)
        except ServiceError:
            return None
        return client if _lives(client) else None

    def _drop(self, warm: _Warm) -> None:
        with self._lock:
            if warm in self._warm:
                self._warm.remove(warm)
        self._end(warm)

    def _end(self, warm: _Warm, *, end: bool = True) -> None:
        try:
            if end and warm.name:
                self._source.end(warm.name)
            if warm.client is not None:
                client = warm.client
                within(2.0, "The cluster", lambda: _close(client))
        except (AlyxError, OSError, RuntimeError, TimeoutError) as error:
            log.warning("The cluster %s may be left behind: %s", warm.name, error)


def _close(client: Client) -> None:
    client.close(timeout=1)  # type: ignore[no-untyped-call]


def _lives(client: Client) -> bool:
    try:
        within(3.0, "The cluster's scheduler", client.nthreads)
    except (AlyxError, OSError, RuntimeError, ValueError):
        return False
    return True


def _wait_for_worker(client: Client, cancelled: Event) -> None:
    end = time.monotonic() + WORKER
    while not within(5.0, "The cluster's scheduler", client.nthreads):
        if cancelled.wait(0.1) or time.monotonic() > end:
            raise ServiceError("The cluster has no workers yet.")
