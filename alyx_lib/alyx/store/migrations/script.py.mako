"""${message}."""

from alembic import op

from alyx.store.migrations import run_sql

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    """Make the change."""
    run_sql(op.get_bind(), "${up_revision}.sql")
