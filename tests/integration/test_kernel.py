"""A real ALYX kernel, found by its kernelspec."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    manager = KernelManager(kernel_name="alyx")
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)
    manager.cleanup_resources()
    manager.context.term()


def _run(client: Any, code: str) -> dict[str, Any]:
    reply = client.execute_interactive(
        "None", user_expressions={"it": code}, timeout=60, store_history=False
    )
    found: dict[str, Any] = reply["content"]["user_expressions"]["it"]
    return found


def test_the_kernelspec_has_its_name() -> None:
    assert KernelSpecManager().get_kernel_spec("alyx").display_name == "ALYX (Python 3)"


def test_alyx_is_there_from_the_start(client: Any) -> None:
    assert "connect" in _run(client, "dir(alyx)")["data"]["text/plain"]


def test_heavy_libraries_wait_until_they_are_used(client: Any) -> None:
    heavy = "{'awkward', 'pyarrow', 'pythreejs', 'dask'} & set(__import__('sys').modules)"
    assert _run(client, heavy)["data"]["text/plain"] == "set()"


def test_alyx_answers_after_an_error(client: Any) -> None:
    assert _run(client, "1 / 0")["status"] == "error"
    assert _run(client, "alyx.__version__")["data"]["text/plain"].startswith("'0.")
