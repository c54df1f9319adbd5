"""From the ids of events to their payload, chunk by chunk."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from alyx.query import Expression, mask, payload_columns
from alyx.records import ChunkInfo
from alyx.store.chunks import ChunkStore
from alyx.store.tables import ROW_BITS

Ids = NDArray[np.int64]


def by_chunk(ids: Ids) -> Iterator[tuple[int, Ids]]:
    """Split sorted event ids by their chunk.

    Examples
    --------
    >>> [(chunk, rows.tolist()) for chunk, rows in by_chunk(np.array([1 << 20, 3 << 20 | 5]))]
    [(1, [0]), (3, [5])]
    """
    chunks = ids >> ROW_BITS
    starts = np.flatnonzero(np.diff(chunks, prepend=-1))
    for first, last in itertools.pairwise([*starts, len(ids)]):
        yield int(chunks[first]), ids[first:last] & ((1 << ROW_BITS) - 1)


def read(
    store: ChunkStore, chunk: ChunkInfo, rows: Ids, columns: Sequence[str] | None = None
) -> ak.Array:
    """Read some rows of a chunk, with their ids as the field ``id``.

    Parameters
    ----------
    store, chunk
        Where they stand.
    rows
        Rows in the chunk, sorted.
    columns
        Top-level fields; all by default.
    """
    events = store.read(chunk.address, chunk.sha256, columns)
    if len(rows) < chunk.rows:
        events = events[rows]
    return ak.with_field(events, (np.int64(chunk.id) << ROW_BITS) | rows, "id")


def only(events: ak.Array, fields: Sequence[str]) -> ak.Array:
    """Return events with these fields and their ids, without those that they lack."""
    return events[["id", *(name for name in fields if name in events.fields)]]


def matching(
    store: ChunkStore, chunks: Mapping[int, ChunkInfo], ids: Ids, expression: Expression
) -> Ids:
    """Return those ids whose payload meets the expression.

    Parameters
    ----------
    store, chunks
        The payload files, by number.
    ids
        Candidates, sorted.
    expression
        The condition.
    """
    columns = sorted(payload_columns(expression))
    kept = [np.empty(0, dtype=np.int64)]
    for number, rows in by_chunk(ids):
        events = read(store, chunks[number], rows, columns)
        kept.append(ak.to_numpy(events["id"])[mask(expression, events)])
    return np.concatenate(kept)
