"""The running environment that acceptance tests use."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture(scope="session")
def environment() -> Any:
    """The whole environment, as ``alyx up`` starts it."""
    pytest.skip("`alyx up` is not built yet, so that nothing starts a Hub for this test")
