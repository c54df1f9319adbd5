"""What runs the tasks of a job: found by the entry point group ``alyx.engines``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from importlib.metadata import entry_points
from threading import Event
from typing import Any, Protocol

from alyx.errors import ConfigurationError, near
from alyx.jobs.task import PartialResult, Task
from alyx.records import ChunkInfo

GROUP = "alyx.engines"
#: Is handed each partial result, by the thread that called :meth:`Cluster.run`.
OnResult = Callable[[PartialResult], None]


class Cluster(Protocol):
    """Workers that one job holds."""

    @property
    def name(self) -> str:
        """By which they can be found again."""

    def run(
        self, task: Task, chunks: Sequence[ChunkInfo], on_result: OnResult, cancelled: Event
    ) -> None:
        """Run the task on each chunk; return when all are done, or soon after ``cancelled``.

        Raises
        ------
        ServiceError
            The cluster is gone: what is left may run on another.
        AlyxError
            A task failed, and would again.
        """


class Engine(Protocol):
    """Gives clusters to jobs."""

    def cluster(
        self, owner: str, workers: int, name: str | None, cancelled: Event
    ) -> AbstractContextManager[Cluster]:
        """Give a cluster of an owner, for the time of the context.

        Parameters
        ----------
        owner
            Whose work it does; never another's.
        workers
            How many workers.
        name
            The cluster that the job had before, if it had one.
        cancelled
            When set, waiting for a cluster ends.

        Raises
        ------
        ServiceError
            There is none to be had now.
        """

    def close(self) -> None:
        """End what the engine holds."""


def engine(name: str, **options: Any) -> Engine:
    """Make an engine by its name.

    Parameters
    ----------
    name
        ``local``, ``dask``, or what another distribution brings.
    **options
        The engine's own.
    """
    found = entry_points(group=GROUP)
    if name not in found.names:
        hint = near(name, sorted(found.names)) or f"Known: {', '.join(sorted(found.names))}."
        raise ConfigurationError(f"There is no engine {name!r}. {hint}")
    made: Engine = found[name].load()(**options)
    return made
