"""Migrations of the database, by Alembic, from the first table on."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from alyx.store.database import address

#: Key of the advisory lock under which migrations run: two processes never migrate at once.
LOCK = 0x616C7978


def upgrade(url: str, revision: str = "head") -> None:
    """Bring a database to a revision; nothing is done when it is there already.

    Parameters
    ----------
    url
        PostgreSQL address.
    revision
        Name of a revision, or ``head``.
    """
    engine = create_engine(address(url), poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        command.upgrade(_config(connection), revision)


def current(connection: Connection) -> str | None:
    """Return the revision that a database stands at."""
    return MigrationContext.configure(connection).get_current_revision()


def head() -> str | None:
    """Return the newest revision."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def run_sql(connection: Connection, name: str) -> None:
    """Run one of the SQL files beside the revisions."""
    script = (Path(__file__).parent / "versions" / name).read_text()
    connection.connection.cursor().execute(script)


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
