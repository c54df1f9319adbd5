"""The tables at rest, as SQLAlchemy Core knows them.

The migrations hold the same tables as frozen SQL; a test compares the two. An event's
id is its chunk's id and its row in the chunk in one number (:data:`ROW_BITS`), so that
a header finds its payload without further columns.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import BYTEA, JSONB, REAL

#: Bits of an event's id that count the row within its chunk: a chunk holds at most 2**20 events.
ROW_BITS = 20

#: Collections whose number and two leading transverse momenta stand in the header.
SUMMARIES = {
    "Muon": "muon",
    "Electron": "electron",
    "Photon": "photon",
    "Jet": "jet",
    "Track": "track",
}

metadata = MetaData()


def _moment(name: str, *, nullable: bool = False, now: bool = False) -> Column[Any]:
    default = func.now() if now else None
    return Column(name, DateTime(timezone=True), nullable=nullable, server_default=default)


dataset = Table(
    "dataset",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("title", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("schema", JSONB, nullable=False),
    Column("snapshot", Integer, nullable=False, server_default="0"),
    Column("events", BigInteger, nullable=False, server_default="0"),
    Column("chunks", Integer, nullable=False, server_default="0"),
    Column("bytes", BigInteger, nullable=False, server_default="0"),
    _moment("created_at", now=True),
    CheckConstraint("kind IN ('real', 'simulated', 'synthetic')", name="dataset_kind"),
    CheckConstraint("name ~ '^[a-z0-9][a-z0-9._-]{0,99}$'", name="dataset_name"),
)

chunk = Table(
    "chunk",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("dataset_id", Integer, ForeignKey("dataset.id"), nullable=False),
    Column("address", Text, nullable=False, unique=True),
    Column("sha256", BYTEA, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("added_in", Integer, nullable=False),
    Column("withdrawn_in", Integer),
    _moment("created_at", now=True),
    _moment("verified_at", nullable=True),
    Column("damage", Text),
    CheckConstraint(f"rows BETWEEN 1 AND {1 << ROW_BITS}", name="chunk_rows"),
    Index("chunk_dataset", "dataset_id", "added_in"),
)
Index("chunk_damage", chunk.c.id, postgresql_where=chunk.c.damage.is_not(None))


def _summary(name: str) -> list[Column[Any]]:
    number = Column(f"n_{name}", Integer, nullable=False)
    return [number, Column(f"{name}_pt1", REAL), Column(f"{name}_pt2", REAL)]


event_header = Table(
    "event_header",
    metadata,
    Column("id", BigInteger, nullable=False),
    Column("dataset_id", Integer, nullable=False),
    Column("run", BigInteger, nullable=False),
    Column("luminosity_block", BigInteger, nullable=False),
    Column("event", BigInteger, nullable=False),
    _moment("time", nullable=True),
    Column("energy", REAL),
    Column("vertex_x", REAL),
    Column("vertex_y", REAL),
    Column("vertex_z", REAL),
    Column("met_pt", REAL),
    *(column for name in SUMMARIES.values() for column in _summary(name)),
    Column("muon_pair_mass", REAL),
    Column("muon_pair_charge", SmallInteger),
    Column("region_mask", BigInteger, nullable=False),
    Column("added_in", Integer, nullable=False),
    Column("withdrawn_in", Integer),
    Index("event_header_id", "dataset_id", "id"),
    Index("event_header_time", "time", postgresql_using="brin"),
    Index("event_header_run", "dataset_id", "run", "luminosity_block", "event"),
    Index("event_header_energy", "energy"),
    postgresql_partition_by="RANGE (time)",
)

ingest_intent = Table(
    "ingest_intent",
    metadata,
    Column("chunk_id", BigInteger, Identity(always=True), primary_key=True),
    Column("address", Text, nullable=False, unique=True),
    _moment("expires_at"),
)

ingest_receipt = Table(
    "ingest_receipt",
    metadata,
    Column("dataset_id", Integer, ForeignKey("dataset.id"), nullable=False),
    Column("key", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("events", BigInteger, nullable=False),
    Column("repeated", BigInteger, nullable=False),
    Column("chunks", Integer, nullable=False),
    Column("snapshot", Integer, nullable=False),
    _moment("committed_at", now=True),
    Column("aside", BigInteger, nullable=False, server_default="0"),
    PrimaryKeyConstraint("dataset_id", "key"),
)

ingest_aside = Table(
    "ingest_aside",
    metadata,
    Column("dataset_id", Integer, nullable=False),
    Column("key", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("sha256", BYTEA, nullable=False),
    Column("events", BigInteger, nullable=False),
    Column("reasons", JSONB, nullable=False),
    _moment("set_at", now=True),
    PrimaryKeyConstraint("dataset_id", "key"),
    ForeignKeyConstraint(
        ["dataset_id", "key"], ["ingest_receipt.dataset_id", "ingest_receipt.key"]
    ),
)

run_block = Table(
    "run_block",
    metadata,
    Column("dataset_id", Integer, ForeignKey("dataset.id"), nullable=False),
    Column("run", BigInteger, nullable=False),
    Column("luminosity_block", BigInteger, nullable=False),
    Column("events", BigInteger, nullable=False),
    PrimaryKeyConstraint("dataset_id", "run", "luminosity_block"),
)

_STATUS = "'QUEUED', 'STARTING', 'RUNNING', 'COMPLETED', 'FAILED', 'STOPPED'"

job = Table(
    "job",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("name", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("spec", JSONB, nullable=False),
    Column("dataset_id", Integer, ForeignKey("dataset.id"), nullable=False),
    Column("snapshot", Integer, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("status", Text, nullable=False, server_default="QUEUED"),
    Column("target", Text, nullable=False, server_default="COMPLETED"),
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("priority", SmallInteger, nullable=False, server_default="1"),
    Column("workers", Integer, nullable=False, server_default="1"),
    Column("chunks_total", Integer, nullable=False),
    Column("events_total", BigInteger, nullable=False),
    Column("chunks_done", Integer, nullable=False, server_default="0"),
    Column("events_done", BigInteger, nullable=False, server_default="0"),
    Column("forecast", JSONB, nullable=False),
    Column("cluster", Text),
    Column("lease_owner", Text),
    _moment("lease_until", nullable=True),
    Column("error", Text),
    Column("waiting", Text),
    Column("idempotency_key", Text),
    Column("result", JSONB),
    Column("receipt", JSONB),
    _moment("submitted_at", now=True),
    _moment("started_at", nullable=True),
    _moment("finished_at", nullable=True),
    UniqueConstraint("owner", "idempotency_key", name="job_idempotency"),
    CheckConstraint(f"status IN ({_STATUS})", name="job_status"),
    CheckConstraint("target IN ('COMPLETED', 'STOPPED')", name="job_target"),
    Index("job_order", "status", "priority", "id"),
    Index("job_owner", "owner", "id"),
)

job_event = Table(
    "job_event",
    metadata,
    Column("seq", BigInteger, Identity(always=True), primary_key=True),
    Column("job_id", BigInteger, ForeignKey("job.id", ondelete="CASCADE"), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("data", JSONB, nullable=False),
    _moment("at", now=True),
    CheckConstraint("kind IN ('state', 'progress', 'partial', 'log')", name="job_event_kind"),
    Index("job_event_job", "job_id", "seq"),
)

job_chunk = Table(
    "job_chunk",
    metadata,
    Column("job_id", BigInteger, ForeignKey("job.id", ondelete="CASCADE"), nullable=False),
    Column("chunk_id", BigInteger, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("address", Text, nullable=False),
    Column("checksum", Text, nullable=False),
    Column("events_read", BigInteger, nullable=False),
    Column("events_selected", BigInteger, nullable=False),
    Column("entries", Double, nullable=False),
    Column("seconds", REAL, nullable=False),
    _moment("at", now=True),
    PrimaryKeyConstraint("job_id", "chunk_id"),
)
