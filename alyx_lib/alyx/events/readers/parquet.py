"""Parquet files in NanoAOD's layout: columns ``Muon_pt``, lists an event."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import awkward as ak
import pyarrow.parquet as pq

from alyx.events.readers import nanoaod


def accepts(head: bytes) -> bool:
    """Say whether a file begins as Parquet files do."""
    return head.startswith(b"PAR1")


def read(path: Path, step: int) -> Iterator[ak.Array]:
    """Read the columns that NanoAOD's events have."""
    with pq.ParquetFile(path) as file:
        wanted = nanoaod.columns(file.schema_arrow.names, path)
        for batch in file.iter_batches(batch_size=step, columns=wanted):
            found = ak.from_arrow(batch)
            yield nanoaod.events({name: ak.drop_none(found[name]) for name in found.fields})
