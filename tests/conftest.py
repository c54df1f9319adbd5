"""Fixtures that all rings share: PostgreSQL, a store, the sample folder."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, settings

from alyx.settings import Settings
from alyx.store import Store, migrations
from alyx.store.server import EmbeddedServer

# the clock of a loaded machine is no property of the code
settings.register_profile(
    "alyx", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("alyx")

SAMPLES = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedServer]:
    """A PostgreSQL server of the test session's own, with a migrated template database."""
    with tempfile.TemporaryDirectory(prefix="alyx-test-") as folder:
        server = EmbeddedServer(Path(folder) / "postgres")
        server.start()
        migrations.upgrade(server.make_database("template_alyx"))
        yield server
        server.stop()


@pytest.fixture
def database_url(postgres: EmbeddedServer) -> Iterator[str]:
    """Address of a fresh, migrated database."""
    name = f"test_{os.urandom(6).hex()}"
    admin = postgres.url_of("postgres")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template_alyx")
    yield postgres.url_of(name)
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def store_settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings of a fresh store: its own database and folder."""
    return Settings(database_url=database_url, home=tmp_path, pool_size=4)


@pytest.fixture
def store(store_settings: Settings) -> Iterator[Store]:
    """A fresh, empty store."""
    with Store.open(store_settings) as opened:
        yield opened


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of real collision data, which is not part of the project."""
    folder = Path(os.environ.get("ALYX_SAMPLES", SAMPLES))
    if not folder.is_dir():
        pytest.skip(f"the sample folder {folder} is absent; name one by ALYX_SAMPLES")
    return folder
