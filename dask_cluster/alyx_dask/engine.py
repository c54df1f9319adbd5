"""The engine ``dask``: jobs on clusters of Dask Gateway."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

from alyx_dask.gateway_clusters import GatewayClusters
from alyx_dask.pool import Pool
from alyx_dask.run import DaskCluster


class DaskEngine:
    """Gives each job a cluster of its owner's, from a warm pool.

    Parameters
    ----------
    clusters
        Most clusters, over all owners.
    idle
        Seconds after which an idle cluster is ended.
    keep
        Whether clusters outlive the engine, for the next dispatcher to take over.
    """

    def __init__(self, clusters: int = 2, idle: float = 300.0, *, keep: bool = False) -> None:
        self._pool = Pool(GatewayClusters(), size=clusters, idle=idle)
        self._keep = keep

    @contextmanager
    def cluster(
        self, owner: str, workers: int, name: str | None, cancelled: Event
    ) -> Iterator[DaskCluster]:
        """Give a cluster, as :meth:`alyx.jobs.engine.Engine.cluster`."""
        with self._pool.lend(owner, workers, name, cancelled) as (found, client):
            yield DaskCluster(found, client)

    def sweep(self) -> None:
        """End clusters that were idle for too long."""
        self._pool.sweep()

    def close(self) -> None:
        """End the clusters, or leave them to the next dispatcher."""
        self._pool.close(end=not self._keep)
