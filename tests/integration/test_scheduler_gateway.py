"""The dispatcher as a process, on clusters of a real Dask Gateway."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from job_samples import chunked, collisions, spec

from alyx.jobs.desk import JobDesk
from alyx.store import Store

pytestmark = pytest.mark.integration

BIN = Path(sys.executable).parent
CONFIG = """
c.DaskGateway.address = "127.0.0.1:{private}"
c.Proxy.address = "127.0.0.1:{public}"
c.DaskGateway.authenticator_class = "dask_gateway_server.auth.SimpleAuthenticator"
c.DaskGateway.backend_class = "dask_gateway_server.backends.local.UnsafeLocalBackend"
c.UnsafeLocalBackend.clusters_directory = "{folder}"
c.ClusterConfig.scheduler_cmd = ["{bin}/dask", "scheduler"]
c.ClusterConfig.worker_cmd = ["{bin}/dask", "worker"]
c.ClusterConfig.worker_cores = 1
c.ClusterConfig.idle_timeout = 60
"""


def ports(number: int) -> list[int]:
    sockets = [socket.socket() for _ in range(number)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    found = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return found


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A Dask Gateway on free ports: the environment by which clients find it."""
    private, public = ports(2)
    config = tmp_path / "gateway.py"
    config.write_text(
        CONFIG.format(private=private, public=public, folder=tmp_path / "clusters", bin=BIN)
    )
    with (tmp_path / "gateway.log").open("wb") as log:
        server = subprocess.Popen(
            [BIN / "dask-gateway-server", "--config", config], stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
    address = f"http://127.0.0.1:{public}"
    for _ in range(200):
        try:
            if httpx.get(f"{address}/api/health").status_code == 200:
                break
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    yield {
        "DASK_GATEWAY__ADDRESS": address,
        "DASK_GATEWAY__PROXY_ADDRESS": f"gateway://127.0.0.1:{public}",
        "DASK_GATEWAY__AUTH__TYPE": "basic",
    }
    server.send_signal(signal.SIGTERM)
    server.wait(30)


def ended(desk: JobDesk, number: int) -> dict[str, Any]:
    for _ in range(600):
        job = desk.job(number)
        if job["status"] in ("COMPLETED", "FAILED", "STOPPED"):
            return job
        time.sleep(0.1)
    pytest.fail(f"the job did not end: {job}")


def test_a_job_runs_on_a_gateway_cluster_that_ends_with_the_dispatcher(
    store: Store, gateway: dict[str, str], tmp_path: Path
) -> None:
    chunked(store, collisions())
    settings = {"ALYX_DATABASE_URL": store.settings.database_url, "ALYX_HOME": str(tmp_path)}
    with (tmp_path / "dispatcher.log").open("wb") as log:
        dispatcher = subprocess.Popen(
            [sys.executable, "-m", "alyx_hub.scheduler"], env={**os.environ, **gateway, **settings},
            stdout=log, stderr=log,
        )  # fmt: skip
    try:
        desk = JobDesk(store, "marie")
        first = ended(desk, desk.submit(spec())["id"])
        second = ended(desk, desk.submit(spec(name="warm"))["id"])
    finally:
        dispatcher.send_signal(signal.SIGTERM)
        status = dispatcher.wait(30)
    told = (tmp_path / "dispatcher.log").read_text()
    assert (first["status"], second["status"], status) == ("COMPLETED", "COMPLETED", 0), told
    with store.database.read() as connection:
        names = connection.exec_driver_sql("SELECT DISTINCT cluster FROM job").scalars().all()
    assert len(names) == 1  # the second job found the cluster warm
    assert desk.result(second["id"])["receipt"]["complete"]
