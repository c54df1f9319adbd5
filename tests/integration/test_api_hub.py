"""The service as JupyterHub starts it: a real Hub, its tokens, its answers."""

from __future__ import annotations

import json
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

import alyx
from alyx.errors import AccessError
from alyx.store import Store

pytestmark = pytest.mark.integration

#: A Hub without a proxy in front: its own API and the service's port are asked directly.
CONFIGURATION = """
from jupyterhub.proxy import Proxy

class NoProxy(Proxy):
    routes = {}
    async def add_route(self, routespec, target, data):
        self.routes[routespec] = {"routespec": routespec, "target": target, "data": data}
    async def delete_route(self, routespec):
        self.routes.pop(routespec, None)
    async def get_all_routes(self):
        return self.routes

values = %s
scopes = ["read:datasets", "read:events", "read:jobs", "write:jobs"]
c.JupyterHub.proxy_class = NoProxy
c.NoProxy.should_start = False
c.JupyterHub.hub_port = values["hub_port"]
c.JupyterHub.port = values["unused_port"]
c.JupyterHub.ip = "127.0.0.1"
c.JupyterHub.db_url = "sqlite://"
c.JupyterHub.cookie_secret_file = values["folder"] + "/cookie_secret"
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.custom_scopes = {f"custom:alyx:{scope}": {"description": scope} for scope in scopes}
c.JupyterHub.services = [
    {"name": "tester", "api_token": values["token"]},
    {
        "name": "alyx",
        "url": f"http://127.0.0.1:{values['service_port']}",
        "command": [values["python"], "-m", "alyx_hub.api"],
        "environment": values["environment"],
    },
]
c.JupyterHub.load_roles = [
    {"name": "tester", "services": ["tester"], "scopes": ["admin:users", "tokens"]},
    {"name": "user", "scopes": ["self", *(f"custom:alyx:{scope}!user" for scope in scopes)]},
]
"""


@dataclass
class Hub:
    """A running Hub with the service below it."""

    api: httpx.Client
    url: str
    log: Path

    def token(self, user: str, *scopes: str) -> tuple[str, str]:
        """Make a user and a token of theirs: its id, and itself."""
        self.api.post(f"/users/{user}")
        body = {"scopes": list(scopes)} if scopes else {}
        made = self.api.post(f"/users/{user}/tokens", json=body).raise_for_status().json()
        return made["id"], made["token"]


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def eventually(check: Callable[[], bool], log: Path, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, log.read_text()[-4000:]
        time.sleep(0.2)


def answers(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture
def hub(filled: Store, tmp_path: Path) -> Iterator[Hub]:
    token, hub_port, service_port = secrets.token_hex(16), free_port(), free_port()
    settings = filled.settings
    values: dict[str, Any] = {
        "hub_port": hub_port,
        "unused_port": free_port(),
        "service_port": service_port,
        "token": token,
        "folder": str(tmp_path),
        "python": sys.executable,
        "environment": {
            "ALYX_DATABASE_URL": settings.database_url,
            "ALYX_HOME": str(settings.home),
            "ALYX_POOL_SIZE": "4",
        },
    }
    file, log = tmp_path / "jupyterhub_config.py", tmp_path / "hub.log"
    file.write_text(CONFIGURATION % json.dumps(values))
    command = [sys.executable, "-m", "jupyterhub", "-f", str(file)]
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=tmp_path, stdout=output, stderr=output)
    url = f"http://127.0.0.1:{service_port}/services/alyx"
    try:
        eventually(lambda: process.poll() is not None or answers(f"{url}/health"), log)
        base, headers = f"http://127.0.0.1:{hub_port}/hub/api", {"Authorization": f"token {token}"}
        with httpx.Client(base_url=base, headers=headers, timeout=30) as api:
            yield Hub(api, url, log)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def test_the_hub_decides_who_reads_what_and_until_when(hub: Hub) -> None:
    number, token = hub.token("marie")
    with alyx.connect(api_url=hub.url, api_token=token) as session:
        assert len(session.query("small", "MET.pt > 20")) == 16

        _, narrow = hub.token("marie", "custom:alyx:read:datasets!user")
        with alyx.connect(api_url=hub.url, api_token=narrow) as other:
            assert other.datasets()
            with pytest.raises(AccessError, match="read:events"):
                other.query("small")

        with (
            alyx.connect(api_url=hub.url, api_token="0" * 32) as stranger,
            pytest.raises(AccessError),
        ):
            stranger.datasets()

        hub.api.delete(f"/users/marie/tokens/{number}").raise_for_status()

        def refused() -> bool:
            try:
                session.datasets()
            except AccessError:
                return True
            return False

        eventually(refused, hub.log, 20)
    log = hub.log.read_text()
    assert token not in log
    assert narrow not in log
    assert "marie GET /services/alyx/datasets 200" in log
