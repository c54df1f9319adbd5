"""``python -m alyx_hub.scheduler``: the dispatcher as a process.

The library's settings come from ``ALYX_*``, the Gateway's from ``DASK_GATEWAY__*``, and the
token from ``JUPYTERHUB_API_TOKEN``. Its own: ``ALYX_DISPATCHER_ENGINE`` (dask),
``ALYX_DISPATCHER_CLUSTERS`` (2), ``ALYX_DISPATCHER_IDLE`` (300, seconds), and
``ALYX_DISPATCHER_STOP_CLUSTERS`` (1: clusters end with it).
"""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Mapping

from alyx import settings
from alyx.errors import ConfigurationError
from alyx.jobs.engine import Engine, engine
from alyx.store import Store
from alyx_hub.scheduler.dispatcher import Dispatcher


def main(environ: Mapping[str, str] = os.environ) -> None:
    """Dispatch until SIGTERM or SIGINT."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    clusters = int(_number(environ, "CLUSTERS", 2))
    with Store.open(settings.load(environ)) as store:
        dispatcher = Dispatcher(store, _engine(environ, clusters), clusters)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: dispatcher.stop())
        dispatcher.run()


def _engine(environ: Mapping[str, str], clusters: int) -> Engine:
    name = environ.get("ALYX_DISPATCHER_ENGINE", "dask")
    if name != "dask":
        return engine(name)
    keep = environ.get("ALYX_DISPATCHER_STOP_CLUSTERS", "1") == "0"
    return engine(name, clusters=clusters, idle=_number(environ, "IDLE", 300), keep=keep)


def _number(environ: Mapping[str, str], name: str, default: float) -> float:
    given = environ.get(f"ALYX_DISPATCHER_{name}", str(default))
    try:
        found = float(given)
    except ValueError:
        found = 0
    if not found >= 1:
        raise ConfigurationError(f"ALYX_DISPATCHER_{name} is {given!r}; it is a number from 1 on.")
    return found


if __name__ == "__main__":
    main()
