"""The receipt of a job: that each event of its selection entered the result once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from alyx.jobs.task import PartialResult


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a job read and what came out.

    Parameters
    ----------
    job, dataset, snapshot, fingerprint
        Which job, and its selection.
    chunks_total, chunks_done
        Chunks of the selection in its snapshot, and those of them in the result.
    events_read, events_selected
        Events in those chunks, and those that passed.
    entries
        What was filled within the axis.
    complete
        Whether each chunk is in the result, once, with all its events.
    checksum
        SHA-256 over the result's content.
    """

    job: int
    dataset: str
    snapshot: int
    fingerprint: str
    chunks_total: int
    chunks_done: int
    events_read: int
    events_selected: int
    entries: float
    complete: bool
    checksum: str

    def as_json(self) -> dict[str, Any]:
        """Return the wire form."""
        return asdict(self)


def complete(expected: Iterable[tuple[int, int]], results: Sequence[PartialResult]) -> bool:
    """Return whether each expected chunk is there once, with all its events, and no other.

    Parameters
    ----------
    expected
        Id and number of events of each chunk of the selection's snapshot.
    results
        The chunks that are done.

    Examples
    --------
    >>> part = PartialResult(7, "a", "b", 500, 3, 3.0, 0.1)
    >>> complete([(7, 500)], [part]), complete([(7, 500), (8, 9)], [part])
    (True, False)
    """
    return Counter(expected) == Counter((result.chunk, result.events_read) for result in results)
