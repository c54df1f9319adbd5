"""When a payload file was verified, and what was wrong with it."""

from alembic import op

from alyx.store.migrations import run_sql

revision = "r0003_integrity"
down_revision = "r0002_aside"


def upgrade() -> None:
    """Add the columns."""
    run_sql(op.get_bind(), "r0003_integrity.sql")
