"""Alembic's way in: the connection is handed over by :func:`alyx.store.migrations.upgrade`."""

from alembic import context

from alyx.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
