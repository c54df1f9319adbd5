"""Dask Gateway's configuration as a function: clusters of local processes, signed in by the Hub.

Read by ``dask-gateway-server`` from ``gateway_config.py``; its values come from the environment
variables ``ALYX_GATEWAY_ADDRESS``, ``ALYX_GATEWAY_API``, ``ALYX_GATEWAY_FOLDER`` and ``ALYX_RUN``.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

#: Name of the Hub's service, in scopes and in addresses.
SERVICE = "dask-gateway"
#: Seconds after which a cluster that nobody uses ends; the Gateway's own default is never.
IDLE = 1800
GIB = 2**30


def command() -> list[str]:
    """Return the command of the Gateway's server."""
    program = Path(sys.executable).with_name("dask-gateway-server")
    return [str(program), "--config", str(Path(__file__).with_name("gateway_config.py"))]


def configure(c: Any, environ: Mapping[str, str]) -> None:
    """Fill in a Gateway's configuration.

    Parameters
    ----------
    c
        The configuration object.
    environ
        Where the values stand.
    """
    folder = Path(environ["ALYX_GATEWAY_FOLDER"])
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    c.DaskGateway.address = environ["ALYX_GATEWAY_API"]
    c.Proxy.address = environ["ALYX_GATEWAY_ADDRESS"]
    c.Proxy.prefix = f"/services/{SERVICE}"
    c.DaskGateway.authenticator_class = "alyx_dask.gateway_auth.HubAuthenticator"
    c.HubAuthenticator.jupyterhub_service_name = SERVICE
    _backend(c, folder)
    _clusters(c, environ)


def _backend(c: Any, folder: Path) -> None:
    c.DaskGateway.backend_class = "dask_gateway_server.backends.local.UnsafeLocalBackend"
    c.UnsafeLocalBackend.clusters_directory = str(folder / "clusters")
    # a gateway that is killed finds its clusters again
    c.UnsafeLocalBackend.db_url = f"sqlite:///{folder / 'gateway.sqlite'}"
    c.UnsafeLocalBackend.stop_clusters_on_shutdown = False
    c.UnsafeLocalBackend.cluster_heartbeat_period = 5


def _clusters(c: Any, environ: Mapping[str, str]) -> None:
    dask = str(Path(sys.executable).with_name("dask"))
    # distributed has no script `dask-scheduler` any more; dashboards would be open to any
    # process on this machine
    c.ClusterConfig.scheduler_cmd = [dask, "scheduler", "--no-dashboard"]
    c.ClusterConfig.worker_cmd = [dask, "worker", "--no-dashboard"]
    c.ClusterConfig.environment = {"ALYX_RUN": environ.get("ALYX_RUN", "")}
    c.ClusterConfig.worker_cores = 1
    c.ClusterConfig.worker_memory = 2 * GIB
    c.ClusterConfig.idle_timeout = IDLE
