"""What a worker does with one chunk: read, select, fill, write the partial result.

A pure function of its arguments and the chunk's bytes, which are never changed: run twice, or
by two workers at once, it gives the same file. A worker needs the object store's address only.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from alyx.errors import AlyxError, JobError
from alyx.events.dataset import value
from alyx.jobs import partial
from alyx.jobs.spec import HistogramSpec
from alyx.query import Expression, mask, payload_columns
from alyx.records import ChunkInfo
from alyx.store.chunks import read_chunk


@dataclass(frozen=True, slots=True)
class Task:
    """What is done with every chunk of a job.

    Parameters
    ----------
    job
        The job's id.
    expression
        Which events.
    histogram
        What is filled, into which axis.
    objects_url
        fsspec address of the object store.
    """

    job: int
    expression: Expression
    histogram: HistogramSpec
    objects_url: str

    @property
    def folder(self) -> str:
        """Where the job's partial results stand, relative to the object store."""
        return f"results/{self.job}"

    def columns(self) -> list[str]:
        """Return the top-level fields to read."""
        quantity = self.histogram.quantity.partition(".")[0]
        return sorted({quantity, *payload_columns(self.expression)})


@dataclass(frozen=True, slots=True)
class PartialResult:
    """What one chunk gave.

    Parameters
    ----------
    chunk
        The chunk's id.
    address, checksum
        The file with its histogram, relative to the object store, and the SHA-256.
    events_read, events_selected
        Events in the chunk, and those that passed.
    entries
        What was filled within the axis.
    seconds
        Time that the worker took.
    """

    chunk: int
    address: str
    checksum: str
    events_read: int
    events_selected: int
    entries: float
    seconds: float

    def as_row(self) -> dict[str, Any]:
        """Return the values for the table ``job_chunk``."""
        values = asdict(self)
        return values | {"chunk_id": values.pop("chunk")}

    @classmethod
    def from_row(cls, row: Any) -> PartialResult:
        """Read a row of the table ``job_chunk``."""
        names = [name for name in cls.__slots__ if name != "chunk"]
        return cls(row.chunk_id, *(getattr(row, name) for name in names))


def run_chunk(
    task: Task, chunk: ChunkInfo, rows: NDArray[np.bool_] | None = None
) -> PartialResult:  # fmt: skip
    """Run a job's task on one chunk.

    Parameters
    ----------
    task
        What to do.
    chunk
        The payload file.
    rows
        Which rows of the chunk the snapshot holds; all by default.

    Raises
    ------
    IntegrityError
        The chunk's bytes are not those that were written.
    JobError
        The chunk's events do not let the quantity be computed.
    """
    began = time.perf_counter()
    events = read_chunk(task.objects_url, chunk.address, chunk.sha256, task.columns())
    try:
        chosen = _chosen(task.expression, events, rows)
        values = _flat(value(events[chosen], task.histogram.quantity))
    except AlyxError:
        raise
    except Exception as error:
        raise JobError(
            f"Chunk {chunk.id} has no usable {task.histogram.quantity}: {error}"
        ) from error
    content = fill(values, task.histogram) | {"chunk": chunk.id}
    address, checksum = partial.write(task.objects_url, f"{task.folder}/{chunk.id}", content)
    return PartialResult(
        chunk=chunk.id,
        address=address,
        checksum=checksum,
        events_read=len(events),
        events_selected=int(np.count_nonzero(chosen)),
        entries=float(sum(content["values"])),
        seconds=time.perf_counter() - began,
    )


def fill(values: NDArray[np.float64], axis: HistogramSpec) -> dict[str, Any]:
    """Count values into the bins of an axis, each bin closed below and open above.

    Parameters
    ----------
    values
        Shape ``(n,)``; NaN is left out.
    axis
        The bins.

    Examples
    --------
    >>> axis = HistogramSpec(quantity="MET.pt", bins=2, low=0.0, high=2.0)
    >>> fill(np.array([0.5, 1.0, 2.0, -1.0, np.nan]), axis)
    {'values': [1.0, 1.0], 'underflow': 1.0, 'overflow': 1.0}
    """
    import boost_histogram as bh

    counted = bh.Histogram(bh.axis.Regular(axis.bins, axis.low, axis.high))
    counted.fill(values[~np.isnan(values)])
    below, *inside, above = counted.view(flow=True).tolist()
    return {"values": inside, "underflow": below, "overflow": above}


def _chosen(
    expression: Expression, events: ak.Array, rows: NDArray[np.bool_] | None
) -> NDArray[np.bool_]:
    passed = np.asarray(mask(expression, events), dtype=bool)
    return passed if rows is None else passed & rows


def _flat(values: Any) -> NDArray[np.float64]:
    flat = ak.flatten(values, axis=None) if isinstance(values, ak.Array) else values
    return np.asarray(ak.to_numpy(ak.drop_none(ak.Array(flat))), dtype=np.float64)
