"""From partial results to the result: each chunk once, in the order of the chunks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alyx.jobs import partial
from alyx.jobs.spec import HistogramSpec
from alyx.jobs.task import PartialResult


@dataclass
class Merged:
    """The sum of partial histograms; a chunk that is added twice counts once.

    Parameters
    ----------
    axis
        The bins.
    label
        The axis' title, with its unit.

    Examples
    --------
    >>> axis = HistogramSpec(quantity="MET.pt", bins=2, low=0.0, high=2.0)
    >>> merged = Merged(axis, "MET.pt [GeV]")
    >>> part = {"chunk": 7, "values": [1.0, 2.0], "underflow": 0.0, "overflow": 1.0}
    >>> merged.add(part), merged.add(part)
    (True, False)
    >>> merged.as_json()["values"]
    [1.0, 2.0]
    """

    axis: HistogramSpec
    label: str
    chunks: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._counts: NDArray[np.float64] = np.zeros(self.axis.bins + 2)

    def add(self, content: Mapping[str, Any]) -> bool:
        """Add a chunk's partial histogram; return whether it was new."""
        if content["chunk"] in self.chunks:
            return False
        self.chunks.add(content["chunk"])
        self._counts += [content["underflow"], *content["values"], content["overflow"]]
        return True

    @property
    def entries(self) -> float:
        """What was filled within the axis."""
        return float(self._counts[1:-1].sum())

    def as_json(self) -> dict[str, Any]:
        """Return the histogram's wire form; unweighted, so the variances are the counts."""
        axis = {"low": self.axis.low, "high": self.axis.high, "bins": self.axis.bins}
        below, *inside, above = self._counts.tolist()
        return {
            "axes": [axis | {"label": self.label}],
            "values": inside,
            "variances": inside,
            "underflow": below,
            "overflow": above,
        }


def merge(
    axis: HistogramSpec, label: str, objects_url: str, results: Iterable[PartialResult]
) -> Merged:
    """Read partial results, check them and add them up.

    Parameters
    ----------
    axis, label
        The bins, and the axis' title.
    objects_url
        fsspec address of the object store.
    results
        In any order; each chunk counts once.

    Raises
    ------
    IntegrityError
        A file is missing or changed.
    """
    merged = Merged(axis, label)
    for result in sorted(results, key=lambda result: result.chunk):
        merged.add(partial.read(objects_url, result.address, result.checksum))
    return merged


def checksum(histogram: Mapping[str, Any], chunks: Iterable[int]) -> str:
    """Return the SHA-256 of what a result says, whatever files it came from.

    Parameters
    ----------
    histogram
        Its wire form.
    chunks
        The chunks that are in it, in any order.
    """
    (axis,) = histogram["axes"]
    bounds = [float(axis[name]) for name in ("low", "high", "bins")]
    counts = [*histogram["values"], histogram["underflow"], histogram["overflow"]]
    said = [bounds, [float(count) for count in counts], sorted(chunks)]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()
