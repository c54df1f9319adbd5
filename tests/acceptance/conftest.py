"""The running environment that acceptance tests use."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from alyx.settings import Settings
from alyx_hub import environment as environments
from alyx_hub.environment import Environment
from alyx_hub.values import free_ports


@pytest.fixture(scope="session")
def environment() -> Iterator[Environment]:
    """The whole environment, as ``alyx up`` starts it, on a free port in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="alyx-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        try:
            yield environments.start(Settings(home=home), port=free_ports(1)[0])
        finally:
            environments.stop(home)
