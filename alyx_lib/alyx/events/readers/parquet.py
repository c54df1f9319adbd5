"""Parquet files in NanoAOD's layout: columns ``Muon_pt``, lists an event."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import awkward as ak
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from alyx.errors import InputError, Problem
from alyx.events.readers import nanoaod


def accepts(head: bytes) -> bool:
    """Say whether a file begins as Parquet files do."""
    return head.startswith(b"PAR1")


def read(path: Path, step: int) -> Iterator[ak.Array]:
    """Read the columns that NanoAOD's events have."""
    with pq.ParquetFile(path) as file:
        wanted = nanoaod.columns(file.schema_arrow.names, path)
        for batch in file.iter_batches(batch_size=step, columns=wanted):
            columns = dict(zip(batch.schema.names, batch.columns, strict=True))
            yield nanoaod.events(
                {name: _column(column, f"{path}: {name}") for name, column in columns.items()}
            )


def _column(column: pa.Array, place: str) -> ak.Array:
    """Return a column without the option that Arrow gives to each; nulls would shift objects."""
    values = column.flatten() if _is_list(column.type) else column
    if column.null_count or values.null_count:
        number = column.null_count + values.null_count
        problem = Problem(
            place, f"{number} values are null.", "Fill them or leave their events out."
        )
        raise InputError(problems=[problem])
    flat = ak.from_numpy(values.to_numpy(zero_copy_only=False))
    if not _is_list(column.type):
        return flat
    return ak.unflatten(flat, np.diff(column.offsets.to_numpy()))


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind))
