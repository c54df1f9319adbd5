"""Clusters of Dask Gateway: made, found again, scaled, ended; every call with a time limit.

Addresses and the kind of sign-in come from Dask's configuration, as ``DASK_GATEWAY__ADDRESS``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cached_property
from threading import Event
from typing import Any, TypeVar

from dask_gateway import Gateway
from dask_gateway.client import ClusterStatus
from distributed import Client

from alyx.errors import AlyxError, ServiceError
from alyx_dask.call import within

T = TypeVar("T")

#: Seconds: for one call, for a cluster to start, between two looks at it.
CALL, START, LOOK = 10.0, 60.0, 0.25


class GatewayClusters:
    """Makes clusters through a Dask Gateway."""

    def make(self, cancelled: Event) -> str:
        """Start a cluster, wait until its scheduler is there, and return its name."""
        name: str = self._ask(self._gateway.submit)
        end = time.monotonic() + START
        while (report := self._report(name)).status is not ClusterStatus.RUNNING:
            if report.status in (ClusterStatus.FAILED, ClusterStatus.STOPPED):
                raise ServiceError("A cluster was begun and failed. The Gateway's log says why.")
            if cancelled.wait(LOOK) or time.monotonic() > end:
                self.end(name)
                raise ServiceError("The cluster did not start in time.")
        return name

    def connect(self, name: str) -> Client:
        """Connect to a cluster's scheduler; ServiceError when it is gone."""
        report = self._report(name)
        if report.status is not ClusterStatus.RUNNING:
            raise ServiceError(f"The cluster {name} is not there any more.")
        return self._ask(
            lambda: Client(  # type: ignore[no-untyped-call]
                report.scheduler_address,
                security=report.security,
                set_as_default=False,
                timeout=CALL,
            )
        )

    def scale(self, name: str, workers: int) -> None:
        """Ask for so many workers; they come by and by."""
        self._ask(lambda: self._gateway.scale_cluster(name, workers))

    def end(self, name: str) -> None:
        """End a cluster; one that is gone is fine."""
        self._ask(lambda: self._gateway.stop_cluster(name))

    def close(self) -> None:
        """Close the connection to the Gateway."""
        if "_gateway" in self.__dict__:
            within(2.0, "Dask Gateway", self._gateway.close)

    def _report(self, name: str) -> Any:
        return self._ask(lambda: self._gateway.get_cluster(name))

    @cached_property
    def _gateway(self) -> Any:
        return Gateway()

    def _ask(self, function: Callable[[], T]) -> T:
        try:
            return within(CALL, "Dask Gateway", function)
        except AlyxError:
            raise
        except Exception as error:
            raise ServiceError(f"Dask Gateway cannot give a cluster: {error}.") from error
