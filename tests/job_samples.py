"""A data set in several chunks, and a job on it; shared by the rings that test jobs."""

from __future__ import annotations

from typing import Any

import awkward as ak

from alyx.ingest import ingest
from alyx.store import Store

#: Events in each chunk of the data set.
CHUNK = 10


def chunked(store: Store, events: ak.Array, chunks: int = 4) -> Store:
    """Store events as the data set ``small``, so many a chunk."""
    for place in range(chunks):
        piece = events[place * CHUNK : (place + 1) * CHUNK]
        ingest(store, "small", [piece], title="Small", kind="synthetic", key=f"small-{place}")
    return store


def spec(**changes: Any) -> dict[str, Any]:
    """Return a job on the data set, with changes."""
    histogram = {"quantity": "Muon.pt", "bins": 10, "low": 0.0, "high": 100.0}
    return {"name": "pt", "dataset": "small", "histogram": histogram} | changes
