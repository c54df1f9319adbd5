"""The tables that SQLAlchemy knows are those that the migrations make."""

from __future__ import annotations

from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from alyx.store import Store, migrations
from alyx.store.tables import metadata

pytestmark = pytest.mark.integration


def _own(item: Any, name: str | None, kind: str, *_: Any) -> bool:
    return not (name or "").startswith("event_header_default")


def test_metadata_and_migrations_agree(store: Store) -> None:
    with store.database.engine.connect() as connection:
        options = {"include_object": _own, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []


def test_a_second_upgrade_changes_nothing(store: Store) -> None:
    migrations.upgrade(store.database.url)
    with store.database.engine.connect() as connection:
        assert migrations.current(connection) == migrations.head()


def test_the_reader_cannot_write(store: Store) -> None:
    with store.database.reader.connect() as connection, pytest.raises(Exception, match="read-only"):
        connection.execute(text("DELETE FROM dataset"))
