"""What a job costs beyond its events: seconds a chunk, and a job's seconds on a warm cluster.

``python benchmarks/jobs.py [--quick] [--json]``: an own PostgreSQL and an own Dask cluster of
processes in a temporary folder.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from threading import Event
from typing import Any

from distributed import Client, LocalCluster

from alyx.events.generator import z_to_dimuons
from alyx.ingest import ingest
from alyx.jobs import lease as leases
from alyx.jobs.attempt import Attempt
from alyx.jobs.desk import JobDesk
from alyx.jobs.local import LocalEngine
from alyx.settings import Settings
from alyx.store import Store
from alyx_dask.run import DaskCluster

AXIS = {"quantity": "Muon.pair.mass", "bins": 60, "low": 60.0, "high": 120.0}
SPEC = {"name": "Z mass", "dataset": "z", "where": "Muon.n >= 2", "histogram": AXIS}


class Warm(LocalEngine):
    """An engine with one cluster, which is there already."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def cluster(self, *_: Any) -> Any:
        """Give the cluster."""
        from contextlib import nullcontext

        return nullcontext(DaskCluster("warm", self._client))


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="Few chunks.")
    parser.add_argument("--json", action="store_true", help="One JSON object.")
    asked = parser.parse_args()
    found = measure(chunks=10 if asked.quick else 60, events=2_000 if asked.quick else 20_000)
    if asked.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name:28} {value:,.4g}")


def measure(chunks: int, events: int) -> dict[str, float]:
    """Return the figures for so many chunks of so many events."""
    with (
        tempfile.TemporaryDirectory(prefix="alyx-bench-") as folder,
        Store.open(Settings(home=Path(folder))) as store,
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        fill(store, chunks, events)
        job(store, client)  # the worker's imports are no part of a warm job
        took, inside = job(store, client)
    return {
        "chunks": chunks,
        "events": chunks * events,
        "job_seconds": took,
        "overhead_seconds_per_chunk": (took - inside) / chunks,
        "events_per_second": chunks * events / took,
    }


def fill(store: Store, chunks: int, events: int) -> None:
    """Store a synthetic data set."""
    for place in range(chunks):
        batch = z_to_dimuons(events, seed=place, first_event=place * events + 1)
        batch = batch[["run", "luminosityBlock", "event", "energy", "Muon"]]
        ingest(store, "z", [batch], kind="synthetic", key=str(place))


def job(store: Store, client: Client) -> tuple[float, float]:
    """Run a job; return its seconds, and those that its worker spent in the chunks."""
    began = time.perf_counter()
    made = JobDesk(store, "bench").submit(SPEC)
    with store.database.begin() as connection:
        claimed = leases.claim(connection, "bench", 60.0)
    assert claimed is not None
    Attempt(store, Warm(client), *claimed, cancelled=Event()).run()
    took = time.perf_counter() - began
    told = JobDesk(store, "bench").result(made["id"])["receipt"]
    assert told["complete"]
    with store.database.begin() as connection:
        return took, sum(result.seconds for result in leases.recorded(connection, made["id"]))


if __name__ == "__main__":
    main()
