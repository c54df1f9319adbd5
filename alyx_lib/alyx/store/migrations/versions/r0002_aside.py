"""Events that an ingest set aside, with the reasons."""

from alembic import op

from alyx.store.migrations import run_sql

revision = "r0002_aside"
down_revision = "r0001_first"


def upgrade() -> None:
    """Add the table, and the number to receipts."""
    run_sql(op.get_bind(), "r0002_aside.sql")
