"""Data sets, chunks, event headers, receipts, jobs."""

from alembic import op

from alyx.store.migrations import run_sql

revision = "r0001_first"
down_revision = None


def upgrade() -> None:
    """Make the first tables."""
    run_sql(op.get_bind(), "r0001_first.sql")
