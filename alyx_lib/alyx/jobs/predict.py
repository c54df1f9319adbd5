"""What a job will take, said from what finished jobs took.

A plain model of the time (a start, a cost a chunk and an event, shared by the workers) is
scaled by how finished jobs compared with it; three made-up ones (half, equal, double) keep
the first answers honest and wide. :class:`Forecast` says on what it stands.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

#: Seconds until a cluster works, a chunk's own cost, and an event's, for one worker.
START, CHUNK, EVENT = 3.0, 0.05, 2e-6
#: Most finished jobs that are looked at, the newest.
HISTORY = 50
#: How the first jobs may compare with the model.
PRIOR = (0.5, 1.0, 2.0)


@dataclass(frozen=True, slots=True)
class Size:
    """How much a job is to read.

    Parameters
    ----------
    chunks, events, bytes
        Payload files, the events in them, and their size in bytes.
    workers
        Dask workers.
    """

    chunks: int
    events: int
    bytes: int
    workers: int


@dataclass(frozen=True, slots=True)
class Finished:
    """A job that is done: its size, and the seconds it took."""

    chunks: int
    events: int
    workers: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a job will take.

    Parameters
    ----------
    p10, p50, p90
        Quantiles of its time in seconds, waiting in the queue not included.
    bytes, chunks
        Payload to read.
    basis
        A sentence: what the numbers stand on.
    """

    p10: float
    p50: float
    p90: float
    bytes: int
    chunks: int
    basis: str

    def as_json(self) -> dict[str, Any]:
        """Return the wire form."""
        values = asdict(self)
        seconds = {name: values.pop(name) for name in ("p10", "p50", "p90")}
        return {"seconds": seconds} | values


def predict(history: Sequence[Finished], size: Size) -> Forecast:
    """Say what a job will take.

    Parameters
    ----------
    history
        Finished jobs, the newest first.
    size
        What the job is to read.

    Examples
    --------
    >>> predict([], Size(chunks=1, events=500, bytes=40_000, workers=1)).p50
    3.1
    """
    known = [job for job in history[:HISTORY] if math.isfinite(job.seconds) and job.seconds > 0]
    ratios = [job.seconds / model(job.chunks, job.events, job.workers) for job in known]
    expected = model(size.chunks, size.events, size.workers)
    p10, p50, p90 = np.quantile([*PRIOR, *ratios], (0.1, 0.5, 0.9)) * expected
    return Forecast(_shown(p10), _shown(p50), _shown(p90), size.bytes, size.chunks, _basis(known))


def model(chunks: int, events: int, workers: int) -> float:
    """Return the seconds that the plain model expects."""
    rounds = math.ceil(chunks / max(1, workers)) / max(1, chunks)
    return START + rounds * (chunks * CHUNK + events * EVENT)


def _shown(seconds: float) -> float:
    """Return at least 1 ms, with two digits that mean something."""
    return float(f"{max(float(seconds), 1e-3):.2g}")


def _basis(known: Sequence[Finished]) -> str:
    if not known:
        return "A stated default: no job has finished yet."
    jobs = "job" if len(known) == 1 else "jobs"
    return f"A plain model of the time, scaled by the last {len(known)} finished {jobs}."
