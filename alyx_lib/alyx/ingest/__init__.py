"""Ingest: files and batches in, stored events out, each exactly once."""

from __future__ import annotations

from alyx.ingest.pipeline import ingest
from alyx.ingest.receipts import Receipt
from alyx.ingest.writer import sweep

__all__ = ["Receipt", "ingest", "sweep"]
